// Messages that were given up: which, to whom, why; and another try, one by one or many for a reason.

import { byId, el, moment, named, number, t, words } from "./dom.js";
import { Problem, get, notice, post, shown } from "./http.js";

const REASONS = ["gateway_back", "address_mended", "settings_mended", "asked", "other"];
const PAGE = 100;

export async function letters(said = "") {
  const node = byId("letters");
  const found = await shown(node, () => get("/messages/failed", { limit: PAGE }), () => letters());
  if (!found) return;
  const done = el("p", { role: "status", class: "saved" }, said);
  if (!found.items.length) { node.replaceChildren(done, el("p", { class: "quiet" }, t("letters.none"))); return; }
  const body = el("tbody", {}, ...found.items.map(row));
  const trouble = el("div");
  const every = el("input", { type: "checkbox", "aria-label": t("letters.all"), on: { change: () => { for (const box of boxes(body)) box.checked = every.checked; counted(); } } });
  const heads = [every, t("letters.about"), t("letters.to"), t("letters.why"), t("letters.at"), ""];
  const reason = el("select", { class: "select", name: "reason", required: true }, el("option", { value: "" }, "–"), ...REASONS.map((one) => el("option", { value: one }, t(`letters.reason.${one}`))));
  const send = el("button", { class: "button button-primary", type: "submit" });
  const form = el("form", { class: "flow-acts letters-form" }, el("label", { class: "field" }, el("span", {}, t("letters.reason")), reason), send);
  const ticked = () => boxes(body).filter((box) => box.checked).map((box) => Number(box.value));
  const counted = () => { const n = ticked().length; send.disabled = !n; send.textContent = t("letters.resend_n", { n: number(n) }); };

  async function again(ids, why) {
    try {
      const { resent } = await post("/messages/resend", { ids, reason: why });
      await letters(t("letters.resent", { n: number(resent) }));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      trouble.replaceChildren(notice(error));
    }
  }
  body.addEventListener("change", counted);
  body.addEventListener("click", (event) => { const { id } = event.target.dataset; if (id) again([Number(id)], null); });
  form.addEventListener("submit", (event) => { event.preventDefault(); again(ticked(), reason.value); });
  counted();
  node.replaceChildren(
    done, el("p", {}, t("letters.total", { n: number(found.total) })), trouble, form,
    el("div", { class: "table-wrap" }, el("table", {}, el("thead", {}, el("tr", {}, ...heads.map((one) => el("th", { scope: "col" }, one)))), body)),
  );
}

const boxes = (body) => [...body.querySelectorAll("input[type=checkbox]")];

function row(one) {
  const about = [words(`event.${one.kind}`, words(`letters.kind.${one.kind}`, "")), one.number ?? ""].filter(Boolean).join(" · ");
  const cells = [
    el("input", { type: "checkbox", value: one.id, "aria-label": t("letters.choose", { about }) }), about,
    `${t(`letters.to.${one.to}`)}${one.name ? ` · ${named(one)}` : ""} · ${t(`letters.channel.${one.channel}`)}`,
    `${why(one.error ?? "")} · ${t("letters.tries", { n: number(one.attempts) })}`, moment(one.settled_at),
    el("button", { class: "button", type: "button", dataset: { id: one.id } }, t("letters.resend")),
  ];
  return el("tr", {}, ...cells.map((cell) => el("td", {}, cell)));
}

/** A code in words: what the gateway answered, or why it was not asked. */
function why(code) {
  const [kind, answer] = code.split(/_(?=\d+$)/);
  return answer ? t("letters.answered", { kind: kind.toUpperCase(), n: answer }) : words(`letters.error.${code}`, code || "–");
}
