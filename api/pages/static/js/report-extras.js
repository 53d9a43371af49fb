// What a report may also have: a photo, a resident for whom it is filed, and cases like it that are open nearby.

import { distance, el, fileButton, named, standing, t } from "./dom.js";
import { light } from "./glyphs.js";
import { nearby } from "./places.js";
import { shrunk } from "./shrink.js";

const NEAR_M = 200;
const MOST_NEAR = 3;

/** Take a photo, see it, take it away again. `onPhoto(bytes | null)`. */
export function photoPart(bytes, onPhoto) {
  const input = el("input", { type: "file", accept: "image/*", capture: "environment", id: "report-photo" });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (file) onPhoto(await (await shrunk(file)).arrayBuffer());
  });
  const button = fileButton(input, t(bytes ? "phone.another_photo" : "phone.photo"));
  if (!bytes) return el("div", { class: "report-part photo-part" }, button);
  const image = el("img", { alt: t("phone.photo_taken"), src: URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })) });
  image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
  const away = el("button", { class: "button", type: "button", on: { click: () => onPhoto(null) } }, t("phone.no_photo"));
  return el("div", { class: "report-part photo-part" }, image, button, away);
}

/** For whom a worker files: kept in the draft as it is typed. */
export function behalfPart(behalf, onBehalf) {
  const field = (name, type) => {
    const input = el("input", { type, maxlength: name === "name" ? 100 : 40, autocomplete: "off", name: `behalf-${name}` });
    input.value = behalf?.[name] ?? "";
    input.addEventListener("input", () => {
      const given = Object.fromEntries([...details.querySelectorAll("input")].map((one) => [one.name.slice(7), one.value.trim()]));
      onBehalf(given.name || given.phone ? given : null);
    });
    return el("label", { class: "field" }, el("span", {}, t(`phone.behalf_${name}`)), input);
  };
  // drawn anew when the place comes: what somebody has opened stays open
  const open = Boolean(behalf) || document.querySelector("details.behalf")?.open;
  const details = el("details", { class: "report-part behalf", open: Boolean(open) }, el("summary", {}, t("phone.behalf")), el("p", { class: "quiet" }, t("phone.behalf_text")));
  details.append(field("name", "text"), field("phone", "tel"));
  return details;
}

/** As the API takes it; null where no name was given. */
export const behalfOf = (draft) => (draft.behalf?.name ? { name: draft.behalf.name, ...(draft.behalf.phone && { phone: draft.behalf.phone }) } : null);

/** Open cases of the same kind nearby: perhaps it is reported already. Null where there is none. */
export function nearbyPart(draft, cases, open) {
  const found = nearby(cases, draft.category, [draft.lon, draft.lat], NEAR_M).slice(0, MOST_NEAR);
  if (!found.length) return null;
  const rows = found.map((one) => el("li", {}, el(
    "button", { class: "near", type: "button", dataset: { near: one.id }, on: { click: () => open(one) } },
    light(one.light ?? "green", 24), el("span", {}, el("b", {}, one.number), el("span", { class: "quiet" }, [distance(Math.round(one.metres)), named(one.cell), standing(one)].filter(Boolean).join(" · "))),
  )));
  return el("div", { class: "report-part nearby" }, el("h2", {}, t("phone.nearby")), el("p", { class: "quiet" }, t("phone.nearby_text")), el("ul", {}, ...rows));
}
