// What one was told: newest first, page by page, each with the way to its case; and the cases filed for residents.

import { badge } from "./badge.js";
import { byId, data, el, lang, moment, named, number, t } from "./dom.js";
import { empty, get, notice, post, Problem, shown } from "./http.js";

const PAGE = 50;
const list = byId("messages");
const query = new URLSearchParams(location.search);
const state = { unread: query.get("unread") === "true", next: null };

byId("only-unread").checked = state.unread;
byId("only-unread").addEventListener("change", (event) => {
  state.unread = event.target.checked;
  history.replaceState(null, "", state.unread ? "?unread=true" : location.pathname);
  load();
});
load();
if (data.me.role === "worker") behalf();

async function load() {
  const rows = await shown(list, () => page(null), load);
  if (!rows) return;
  list.replaceChildren(rows.length ? el("ol", { class: "rows" }, ...rows.map(letter)) : empty(t("mailbox.none"), t("mailbox.none_text")), more());
  byId("main").dataset.ready = "true";
}

async function page(cursor) {
  const found = await get("/messages", { unread: state.unread || null, limit: PAGE, cursor });
  state.next = found.next;
  byId("unread-count").textContent = t("mailbox.unread", { n: number(found.unread) });
  return found.items;
}

function more() {
  const button = el("button", { class: "button button-wide", type: "button", hidden: !state.next }, t("mailbox.more"));
  button.addEventListener("click", async () => {
    const rows = await page(state.next).catch(failed);
    if (!rows) return;
    list.querySelector("ol").append(...rows.map(letter));
    button.hidden = !state.next;
    list.querySelector(`ol > li:nth-last-child(${rows.length}) a, ol > li:nth-last-child(${rows.length}) button`)?.focus();
  });
  return button;
}

const address = (id) => `/${data.me.role === "worker" ? "field" : "cases"}?case=${id}`;

/** What a message is about: a case, a joint meeting, an enterprise; of a neighbour's case its category alone. */
function headOf(one) {
  if (one.kind.startsWith("weekly_")) return el("a", { class: "link", href: "/figures" }, t("figures.weekly"));
  if (one.meeting_id) return el("a", { class: "link", href: `/meetings/${one.meeting_id}` }, t("mailbox.about_meeting", { number: one.number }));
  if (one.enterprise_id) return el("a", { class: "link", href: `/enterprises/${one.enterprise_id}` }, t("mailbox.about_enterprise"));
  return one.incident_id ? el("a", { class: "link", href: address(one.incident_id) }, `${named(one.category)} · ${one.number}`) : el("b", {}, named(one.category));
}

function letter(one) {
  const head = headOf(one);
  const row = el("li", { class: one.read_at ? "letter" : "letter letter-new", dataset: { message: one.id } });
  const read = el("button", { class: "button", type: "button", on: { click: () => mark(one, row, read) } }, t("mailbox.read"));
  row.append(
    el("div", { class: "letter-text" }, head, el("span", { class: "quiet" }, [moment(one.created_at), named(one.cell)].filter(Boolean).join(" · ")), el("span", {}, one.text[lang])),
    ...(one.read_at ? [] : [read]),
  );
  return row;
}

async function mark(one, row, button) {
  button.disabled = true;
  try {
    await post(`/messages/${one.id}/read`, {});
  } catch (error) {
    button.disabled = false;
    return failed(error);
  }
  row.classList.remove("letter-new");
  button.remove();
  const left = await badge();
  if (left !== null) byId("unread-count").textContent = t("mailbox.unread", { n: number(left) });
  return null;
}

async function behalf() {
  const rows = await get("/behalf").catch(failed);
  if (!rows?.length) return;
  const part = byId("behalf");
  part.hidden = false;
  part.append(el("ol", { class: "rows" }, ...rows.map((one) => el(
    "li", { class: "letter" },
    el("div", { class: "letter-text" }, el("a", { class: "link", href: address(one.id) }, `${named(one.category)} · ${one.number}`),
      el("span", {}, [one.resident_name, one.resident_phone].filter(Boolean).join(" · ")),
      one.token && el("a", { class: "link", href: `/track/${one.token}` }, t("mailbox.behalf_link")),
      el("span", { class: "quiet" }, [t(`status.${one.status}`), named(one.body), moment(one.received_at)].filter(Boolean).join(" · "))),
  ))));
}

function failed(error) {
  if (!(error instanceof Problem)) throw error;
  list.prepend(notice(error, load));
  return null;
}
