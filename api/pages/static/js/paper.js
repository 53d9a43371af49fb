// The page's menu, and the last resort: what could not be sent, as a file.

import { byId, data, el, moment, t } from "./dom.js";
import { unsent } from "./queue.js";
import { report, sealed } from "./sealing.js";

/** Fill the menu: whose phone this is, how old the pack is and how long it stays. */
export function drawMenu(about) {
  byId("who").textContent = data.me ? `${data.me.name} · ${t(`role.${data.me.role}`)}` : "";
  byId("kept-until").textContent = about ? t("phone.kept_until", { made: moment(about.made_at), until: moment(about.lease_until) }) : "";
}

/** Read the page in the other language; the other pages follow once the server has heard of it. */
export async function switchLanguage(event) {
  event.preventDefault();
  const { lang } = byId("language").dataset;
  await fetch(`/language/${lang}?next=/field`, { redirect: "manual" }).catch(() => null);
  location.assign(`/field?lang=${lang}`);
}

/** The ways to take what waits off the phone: sealed for the server, or as text that anybody can read. */
export function exportPart(about) {
  const save = (kind, work) => el("button", { class: "button", type: "button", dataset: { export: kind }, on: { click: work } }, t(`phone.export_${kind}`));
  return el(
    "details", { class: "report-part" }, el("summary", {}, t("phone.export")), el("p", { class: "quiet" }, t("phone.export_text")),
    el("div", { class: "waiting-actions" }, about?.sealing_key && save("sealed", () => exportSealed(about.sealing_key)), save("readable", exportReadable)),
  );
}

async function exportSealed(key) {
  // steps of cases and photos only their writer can send
  const reports = (await unsent()).filter((one) => one.sealed || (one.body && !one.action));
  const entries = await Promise.all(reports.map(async (one) => ({
    key: one.key, key_id: one.key_id ?? key.id,
    sealed: one.sealed ?? await sealed(report(one, key), key),
  })));
  download("sealed", { entries });
}

async function exportReadable() {
  const entries = (await unsent()).filter((one) => one.body);
  download("readable", { entries: entries.map(({ key, body, at, action }) => ({ key, written_at: at, body, ...(action && { action }) })) });
}

function download(kind, value) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(value, null, 1)], { type: "application/json" }));
  const link = el("a", { href: url, download: `gridmap-unsent-${kind}-${new Date().toISOString().slice(0, 10)}.json` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
