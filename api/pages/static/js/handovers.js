// Hand-over sheets: what goes from whom to whom on the first day of a drawing. The two workers sign here, each once.

import { byId, data, el, moment, named, number, t } from "./dom.js";
import { Problem, empty, get, notice, post, shown } from "./http.js";

const box = byId("sheets");

start();

async function start() {
  const rows = await shown(box, async () => (data.handover ? [await get(`/handovers/${data.handover}`)] : (await get("/handovers")).items), start);
  if (!rows) return;
  rows.sort((a, b) => Number(mine(b)) - Number(mine(a)));
  box.replaceChildren(...(rows.length ? rows.map(sheet) : [empty(t("handover.none"))]));
  box.dataset.ready = "true";
}

/** Whether this worker's signature is missing on it. */
function mine(one) {
  return data.worker !== null && ((one.source?.id === data.worker && !one.given_at) || (one.to?.id === data.worker && !one.taken_at));
}

function sheet(one) {
  const { cells, households, cases } = one.items;
  const parts = one.households
    ? [codes("handover.households", one.households), codes("handover.cases", one.cases)]
    : [el("p", {}, t("handover.counts", { households: number(households), cases: number(cases) }))];
  return el(
    "article", { dataset: { sheet: one.id } },
    el("h2", {}, one.title), el("p", { class: "quiet" }, t("handover.from_day", { day: one.day })),
    el("p", {}, el("b", {}, named(one.source) || t("handover.nobody")), " → ", el("b", {}, named(one.to) || t("handover.nobody"))),
    el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("handover.old")), el("th", { scope: "col" }, t("handover.new")))),
      el("tbody", {}, ...cells.map(([from, to]) => el("tr", {}, el("td", {}, from), el("td", {}, to))))),
    ...parts,
    el("p", {}, signature("handover.given", one.source, one.given_at), el("br"), signature("handover.taken", one.to, one.taken_at)),
    el("div", { class: "acts" },
      mine(one) ? el("button", { class: "button button-primary", type: "button", dataset: { sign: one.id }, on: { click: (event) => sign(one, event.target) } }, t("handover.sign")) : null,
      one.households ? null : el("a", { class: "button", href: `/handovers/${one.id}` }, t("handover.open")),
      el("a", { class: "button", href: `/api/v1/handovers/${one.id}/sheet.pdf?lang=${data.lang}` }, t("handover.print"))),
  );
}

const signature = (key, who, at) => `${t(key)}: ${!who ? t("handover.nobody") : at ? moment(at) : t("handover.open_yet")}`;

const codes = (key, all) => el("section", {}, el("h3", {}, t(key, { n: number(all.length) })), el("ul", { class: "codes" }, ...all.map((one) => el("li", {}, one))));

async function sign(one, button) {
  button.disabled = true;
  try {
    await post(`/handovers/${one.id}/sign`, {});
    await start();
    byId("said").replaceChildren(el("p", { class: "notice" }, t("handover.signed")));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    byId("said").replaceChildren(notice(error));
    button.disabled = false;
  }
}
