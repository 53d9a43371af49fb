// Lists of cases that one saved under a name: filters as they stand in the page's address, of one's own account alone.

import { el, t } from "./dom.js";
import { get, post, Problem } from "./http.js";

/** The select of saved lists with its buttons. `now()`: the filters as a query; `go(query)`: take them over. */
export async function savedLists(now, go, failed) {
  let known = [];
  const select = el("select", { class: "select", name: "saved", "aria-label": t("desk.lists") });
  const save = el("button", { class: "button", type: "button" }, t("desk.save"));
  const forget = el("button", { class: "button", type: "button", hidden: true }, t("desk.forget"));
  const name = el("input", { name: "list-name", maxlength: 40, required: true, "aria-label": t("desk.name"), placeholder: t("desk.name") });
  const form = el("form", { class: "case-filters", hidden: true }, name, el("button", { class: "button button-primary", type: "submit" }, t("desk.save")));

  const chosen = () => known.find((one) => String(one.id) === select.value);
  async function load(id = "") {
    known = await get("/views");
    select.replaceChildren(el("option", { value: "" }, t("desk.lists")), ...known.map((one) => el("option", { value: one.id }, one.name)));
    select.value = String(id);
    select.hidden = known.length === 0;
    forget.hidden = !chosen();
  }
  const tried = (work) => async (event) => {
    event.preventDefault();
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      failed(error);
    }
  };
  select.addEventListener("change", () => {
    forget.hidden = !chosen();
    if (chosen()) go(chosen().query);
  });
  save.addEventListener("click", () => { form.hidden = !form.hidden; if (!form.hidden) name.focus(); });
  forget.addEventListener("click", tried(async () => { await post(`/views/${chosen().id}/forget`, {}); await load(); }));
  form.addEventListener("submit", tried(async () => {
    const kept = await post("/views", { name: name.value, query: now() });
    form.hidden = true;
    name.value = "";
    await load(kept.id);
    select.focus();
  }));
  await load();
  return [select, save, forget, form];
}
