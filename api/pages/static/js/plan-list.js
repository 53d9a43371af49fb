// The plans there are, and beginning another one.

import { byId, data, day, el, t } from "./dom.js";
import { get, post, shown } from "./http.js";

/** Fill the list of plans; `open(id)` opens one. */
export async function listPlans(open) {
  const node = byId("plans-list");
  const found = await shown(node, () => get("/plans", { limit: 100 }), () => listPlans(open));
  if (!found) return;
  const rows = found.items.map((one) => el("li", {}, el("button", { class: "link", type: "button", dataset: { plan: one.id }, on: { click: () => open(one.id) } }, one.title),
    el("span", { class: "quiet small" }, ` ${[t(`redraw.status.${one.status}`), one.author, day(one.changed_at)].filter(Boolean).join(" · ")}`)));
  node.replaceChildren(rows.length ? el("ul", {}, ...rows) : el("p", { class: "quiet" }, t("redraw.no_plans")));
  if (data.me.role === "planner") node.append(beginning(open));
}

function beginning(open) {
  const title = el("input", { name: "title", required: true, maxlength: 200, placeholder: t("redraw.title"), "aria-label": t("redraw.title") });
  const form = el("form", { class: "plan-new" }, title, el("button", { class: "button", type: "submit" }, t("redraw.begin")));
  const trouble = el("div");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const made = await shown(trouble, () => post("/plans", { title: title.value }));
    if (made) await open(made.id);
  });
  return el("div", {}, form, trouble);
}
