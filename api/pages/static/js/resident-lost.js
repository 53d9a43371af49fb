// A lost link is sent again, to the number that was left with the report. What the page says tells nobody whether there is one.

import { el, t } from "./dom.js";
import { post } from "./http.js";
import { proofField } from "./resident-proof.js";

export function lostPart(failed) {
  const phone = el("input", { maxlength: 40, autocomplete: "tel", inputmode: "tel", required: true });
  const said = el("p", { role: "status" });
  const button = el("button", { class: "button" }, t("resident.lost_send"));
  const proof = proofField(failed);
  proof.node.querySelector("input").required = false; // asked for where it is needed: this part is closed at first
  const send = async (event) => {
    event.preventDefault();
    button.disabled = true;
    said.textContent = t("resident.working");
    try {
      await post("/public/links", { phone: phone.value, ...(await proof.solve()) });
      said.textContent = t("resident.lost_sent");
    } catch (error) { said.textContent = ""; failed(error); } finally { button.disabled = false; }
  };
  return el("details", { class: "lost" }, el("summary", {}, t("resident.lost")),
    el("form", { class: "stack", on: { submit: send } }, el("p", {}, t("resident.lost_text")),
      el("label", { class: "field" }, el("span", {}, t("resident.phone")), phone), proof.node, button, said));
}
