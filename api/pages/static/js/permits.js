// A file of permits, for any number of enterprises: looked through first, then brought in; bad rows are told by row and field.

import { el, number, t } from "./dom.js";
import { upload } from "./http.js";
import { field, folded, form } from "./joint.js";

/** What became of the last file that was kept: it is still told once the permits beside it are shown anew. */
let kept = null;

/** The form behind one line. `again` shows the permits anew once something was kept. */
export function permitFile(again) {
  const told = el("div", { "aria-live": "polite", "data-permits": kept ? "kept" : "" }, ...(kept ? outcome(kept, true) : []));
  let looked = null;
  const send = async (said) => {
    const file = said.get("file");
    const same = `${file.name} ${file.size} ${file.lastModified}`;
    // the same file a second time: it was looked through, and is meant
    const meant = looked === same;
    const query = new URLSearchParams({ name: file.name, dry_run: String(!meant) });
    const found = await upload(`/permits/import?${query}`, file, "application/octet-stream");
    if (meant) {
      kept = found;
      await again();
      return;
    }
    looked = same;
    told.replaceChildren(...outcome(found, false));
    told.dataset.permits = "looked";
  };
  const node = form("permits.send", send, field("permits.file", "file", { type: "file", accept: ".csv,.xlsx", required: true }), told);
  const part = folded("permits.title", el("p", { class: "quiet" }, t("permits.text")), node);
  part.open = Boolean(kept);
  return part;
}

function outcome(found, meant) {
  const counts = { new: number(found.inserted), changed: number(found.updated), same: number(found.unchanged), bad: number(found.turned_away) };
  const rows = found.rejects.map((one) => el("li", {}, el("b", {}, t("permits.row", { n: number(one.row) })), ` ${one.field} · ${one.reason}`));
  return [
    el("p", {}, t(meant ? "permits.done" : "permits.would", counts)),
    rows.length ? el("ul", { class: "rows-plain" }, ...rows) : null,
    meant ? null : el("p", {}, el("b", {}, t("permits.again"))),
  ].filter(Boolean);
}
