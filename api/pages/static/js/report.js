// The report: category, place with its circle, a question near borders, words, send. The draft outlives the page.

import { byId, data, distance, el, lang, moment, named, number, svg, t, time } from "./dom.js";
import { Problem, get, newKey, notice } from "./http.js";
import { icon } from "./glyphs.js";
import { categoryPart } from "./report-category.js";
import { behalfOf, behalfPart, nearbyPart, photoPart } from "./report-extras.js";
import { dropDraft, dropPhoto, loadDraft, loadPhoto, saveDraft, savePhoto, usedCategory } from "./drafts.js";
import { add, drop, send, sendAll, transient, unsent } from "./queue.js";
import { inside, located } from "./whereabouts.js";
import { beginWriting, endWriting } from "./writing.js";

/* global L */

const SURE = 0.9;
/** the reporter cannot tell on which side: both workers are told */
const BOTH = "both";
const FINGER_PX = 12;

export class Report {
  /**
   * `county`: the map; `onDone(answer | null)`: back to the list; `onCase(row)`: a case like it is looked at instead;
   * `known()`: what the pack holds: cells (features), own (codes), me, cases, categories.
   */
  constructor(county, { known, onDone, onQueued, onCase }) {
    Object.assign(this, { county, known, onDone, onQueued, onCase, categories: null, draft: null, photo: null, place: null, serial: 0, pinned: false });
    byId("pin").append(pin());
    byId("report-close").addEventListener("click", () => this.close());
    byId("send").addEventListener("click", () => this.send());
    county.map.on("moveend", () => this.draft && this.#moved());
    county.map.on("dragstart", () => { this.pinned = true; });
  }

  /** Open the form, with the draft that was left if there is one. */
  async open() {
    this.county.home = null;
    this.before = { centre: this.county.map.getCenter(), zoom: this.county.map.getZoom() };
    this.draft = null;
    this.#mode(true);
    const kept = await loadDraft();
    if (!this.before) return; // closed meanwhile
    this.place = null;
    this.draft = kept ?? { key: newKey(), category: null, text: "", occurred_at: new Date().toISOString() };
    this.pinned = Boolean(kept?.lon);
    if (kept?.lon) {
      this.county.map.setView(this.county.at(kept.lon, kept.lat), 17, { animate: false });
      this.#circle();
      if (kept.category) this.#locate();
    } else this.#gps();
    this.categories ??= this.known().categories ?? null;
    this.#show();
    this.photo = kept ? await loadPhoto() : null;
    if (this.photo) this.#show();
    try {
      this.categories ??= await get("/categories");
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      byId("report").replaceChildren(el("div", { class: "report-part" }, notice(error, () => this.open())));
      return;
    }
    this.#show();
  }

  close() {
    const { before } = this;
    Object.assign(this, { draft: null, before: null });
    this.#mode(false);
    this.county.drop("accuracy");
    this.county.map.setView(before.centre, before.zoom, { animate: false });
    this.onDone(null);
  }

  #mode(on) {
    if (on) beginWriting();
    else endWriting();
    document.body.classList.toggle("reporting", on);
    for (const id of ["field-bar", "sheet", "dock"]) byId(id).hidden = on;
    for (const id of ["report-bar", "report", "report-dock", "pin", "map-hint"]) byId(id).hidden = !on;
    this.county.map.invalidateSize({ animate: false });
  }

  #gps() {
    navigator.geolocation?.getCurrentPosition(
      ({ coords }) => {
        if (!this.draft || this.pinned) return;
        this.draft.accuracy_m = Math.round(coords.accuracy);
        this.gps = { lon: coords.longitude, lat: coords.latitude, accuracy_m: this.draft.accuracy_m };
        this.county.map.setView(this.county.at(coords.longitude, coords.latitude), 17, { animate: false });
        this.#moved(true);
      },
      () => this.#moved(true),
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 10000 },
    );
  }

  /** The pin stands elsewhere: how sure it is there, and whose cell that is. */
  #moved(always = false) {
    const [lon, lat] = this.county.degrees(this.county.map.getCenter());
    // a map that was only resized or zoomed has its middle where it was, but for a pixel
    const held = this.draft.lon !== undefined && this.county.map.distance([lat, lon], [this.draft.lat, this.draft.lon]) <= 1.5 * this.#metresPerPixel();
    if (held && !always) return;
    const near = this.gps && this.county.map.distance([lat, lon], [this.gps.lat, this.gps.lon]) <= Math.max(2, this.gps.accuracy_m * 0.25);
    const accuracy = near ? this.gps.accuracy_m : Math.max(5, Math.round(FINGER_PX * this.#metresPerPixel()));
    Object.assign(this.draft, { lon: round(lon), lat: round(lat), accuracy_m: accuracy, side: null });
    this.#circle();
    this.#save();
    if (this.draft.category) this.#locate();
  }

  #metresPerPixel() {
    const { map } = this.county;
    const middle = map.getSize().divideBy(2);
    return map.distance(map.containerPointToLatLng(middle), map.containerPointToLatLng(middle.add([100, 0]))) / 100;
  }

  #circle() {
    const { lon, lat, accuracy_m: radius } = this.draft;
    const at = this.county.at(lon, lat);
    const circle = L.circle(at, { radius, pane: "chosen", renderer: this.county.renderers.chosen, color: "#0B4F9E", weight: 2, fillColor: "#0B4F9E", fillOpacity: 0.16, interactive: false });
    const below = L.latLng(at.lat - (radius / 111320) * 1.25 - 12 * (this.#metresPerPixel() / 111320), at.lng);
    const words = this.county.label(this.county.degrees(below), "name name-accuracy", `±${distance(radius)}`);
    this.county.put("accuracy", L.layerGroup([circle, words]));
  }

  async #save() {
    const kept = await saveDraft(this.draft);
    if (kept === null) return;
    byId("report-saved").replaceChildren(...(kept ? [icon("check", 18), t("report.saved", { time: time(new Date()) })] : []));
  }

  async #locate() {
    const serial = (this.serial += 1);
    const { lon, lat, accuracy_m } = this.draft;
    try {
      const place = await get("/locate", { lon, lat, accuracy_m });
      if (serial !== this.serial || !this.draft) return;
      this.place = place;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (serial !== this.serial || !this.draft) return;
      this.place = error.code === "offline" ? this.#fromPack(error) : { error };
    }
    this.#show();
  }

  /** Without a network the pack's outlines say which cell it is; beyond them the server will. */
  #fromPack(error) {
    const known = this.known();
    if (!known.cells?.length) return { error };
    const place = located(this.draft.lon, this.draft.lat, this.draft.accuracy_m, known);
    return place.outside_pack ? { error } : place;
  }

  // --- the panel ---

  #show() {
    if (!this.draft) return;
    const node = byId("report");
    const held = node.contains(document.activeElement) && document.activeElement.name ? document.activeElement : null;
    const typing = held && [held.selectionStart, held.selectionEnd];
    const parts = this.draft.category ? [...this.#placePart(), ...this.#extras(this.#textPart())] : [categoryPart(this.categories, (code) => this.#choose(code))];
    node.replaceChildren(this.#steps(), ...parts.filter(Boolean));
    if (typing) {
      const again = node.querySelector(`[name="${held.name}"]`);
      again?.focus();
      again?.setSelectionRange(...typing);
    }
    this.#sendButton();
  }

  #steps() {
    const { category } = this.draft;
    // a draft may be shown before the categories have come: nobody reads codes
    const chosen = this.categories?.find((one) => one.code === category);
    const words = chosen ? named(chosen) : this.categories ? category : "…";
    const again = () => { this.draft.category = null; this.#save(); this.#show(); };
    const first = category
      ? el("li", { class: "done" }, el("button", { type: "button", on: { click: again } }, icon("check", 18), el("span", {}, words)))
      : el("li", { class: "now", "aria-current": "step" }, el("i", {}, "1"), t("report.category"));
    return el(
      "ol", { class: "steps" }, first,
      el("li", category ? { class: "now", "aria-current": "step" } : {}, el("i", {}, "2"), t("report.place")),
      el("li", {}, el("i", {}, "3"), t("report.send")),
    );
  }

  #choose(code) {
    this.draft.category = code;
    this.place = null;
    this.#moved(this.draft.lon === undefined);
    this.#save();
    this.#locate();
    this.#show();
    byId("report").scrollTop = 0;
  }

  #placePart() {
    const { place } = this;
    if (!place) return [el("div", { class: "report-part quiet", role: "status" }, t("report.locating"))];
    if (place.error) {
      // the server finds the place later; a doubtful one needs an answer first
      if (place.error.code === "offline") return [el("div", { class: "report-part" }, notice(place.error))];
      return [el("div", { class: "report-part" }, notice(place.error), this.#confirmButton(place.error))];
    }
    if (!place.cell) return [this.#outside(place)];
    if (place.confidence !== null && place.confidence < SURE && place.runner_up && !this.draft.side) return [this.#sideQuestion(place)];
    return [el(
      "div", { class: "report-part" }, el("h2", {}, t("report.in_cell", { cell: named(place.cell) })),
      el("p", { class: "quiet" }, [place.worker ? t("report.worker", { worker: named(place.worker) }) : t("case.nobody"),
        t("report.border", { metres: number(Math.round(place.border_m)) })].join(" · ")),
    )];
  }

  #outside({ nearest }) {
    return el(
      "div", { class: "report-part" },
      el("div", { class: "notice notice-error", role: "alert" }, el("b", {}, t("report.outside")),
        nearest && el("p", {}, t("report.nearest", { cell: named(nearest), distance: distance(nearest.distance_m ?? 0) }))),
    );
  }

  #confirmButton(error) {
    if (error.body.question !== "elsewhere" || this.draft.confirmed) return null;
    const confirm = () => { this.draft.confirmed = true; this.#save(); this.#show(); };
    return el("button", { class: "button", type: "button", on: { click: confirm } }, t("report.confirm"));
  }

  /** The side question names land, not codes, and says how likely each side is. */
  #sideQuestion(place) {
    const percent = Math.round(100 * place.confidence);
    const side = (cell, worker, share, choose) => el(
      "button", { class: "side", type: "button", role: "radio", "aria-checked": "false", on: { click: choose } },
      el("b", {}, named(cell)), worker && el("span", {}, worker), el("span", {}, t("report.likely", { percent: number(share) })), el("i", {}, icon("check", 18)),
    );
    const say = (side) => () => { this.draft.side = side; this.#save(); this.#show(); };
    return el(
      "div", { class: "report-part" }, el("h2", {}, t("report.which_side")),
      el("p", { class: "quiet" }, t("report.unsure", { accuracy: distance(this.draft.accuracy_m), metres: distance(Math.round(place.border_m)) })),
      el("div", { class: "sides", role: "radiogroup", "aria-label": t("report.which_side") },
        side(place.cell, named(place.worker), percent, say(place.cell.code)),
        side(place.runner_up, named(place.runner_up.worker), 100 - percent, () => this.#cross(place.runner_up))),
      el("button", { class: "link not-sure", type: "button", on: { click: say(BOTH) } }, t("report.not_sure")),
    );
  }

  /** The reporter says it was on the other side: the pin goes there, just over the border. */
  #cross(cell) {
    const feature = (this.known().cells ?? []).find((one) => one.properties.code === cell.code);
    if (!feature) {
      // its outline is not on this phone, so the pin cannot go over: both workers are told
      this.draft.side = BOTH;
      this.#save();
      this.#show();
      return;
    }
    const [lon, lat] = inside(feature.geometry, [this.draft.lon, this.draft.lat]);
    this.pinned = true;
    this.county.map.setView(this.county.at(lon, lat), this.county.map.getZoom(), { animate: false });
    Object.assign(this.draft, { lon: round(lon), lat: round(lat), side: cell.code });
    this.#save();
    this.#locate();
  }

  #textPart() {
    const area = el("textarea", {
      name: "text", maxlength: 4000, rows: 3, placeholder: t("report.text_hint"), lang: lang === "zh" ? "zh-CN" : "en",
      on: { input: () => { this.draft.text = area.value; this.#save(); } },
    });
    area.value = this.draft.text;
    return el("div", { class: "report-part" }, el("label", { class: "field" }, el("span", {}, t("report.text")), area), el("div", { id: "report-problem" }));
  }

  #extras(textPart) {
    const near = nearbyPart(this.draft, this.known().cases ?? [], (row) => { this.close(); this.onCase(row); });
    const withPhoto = async (bytes) => {
      this.photo = bytes;
      if (bytes) await savePhoto(bytes);
      else await dropPhoto();
      this.#show();
    };
    return [near, photoPart(this.photo, withPhoto), textPart, behalfPart(this.draft.behalf, (behalf) => { this.draft.behalf = behalf; this.#save(); })];
  }

  // --- sending ---

  #sendButton() {
    const { category, side, confirmed } = this.draft;
    const asking = this.place?.confidence !== null && this.place?.confidence < SURE && this.place?.runner_up && !side;
    const doubtful = this.place?.error && this.place.error.code !== "offline" && !confirmed;
    const button = byId("send");
    button.disabled = !category || !this.place || asking || doubtful;
    const cell = this.place?.cell;
    byId("send-label").textContent = !category ? t("report.first_category")
      : !this.place ? t("report.locating")
        : asking ? t("report.first_side") : cell ? t("report.send_to", { cell: named(cell) }) : t("report.send");
  }

  async send() {
    const { key, category, lon, lat, accuracy_m, text, occurred_at, confirmed, side } = this.draft;
    const said = { ...(confirmed && { confirmed: true }), ...(side && side !== BOTH && { sure: true }) };
    const behalf = behalfOf(this.draft);
    const body = { category, lon, lat, accuracy_m, text, occurred_at, ...said, ...(behalf && { behalf }) };
    byId("send").disabled = true;
    usedCategory(category);
    if (!await add(key, body, { photo: this.photo })) {
      await this.#sendUnkept({ key, body, photo: this.photo });
      return;
    }
    await dropDraft();
    const { sent, refused } = await sendAll();
    this.onQueued();
    if (this.draft?.key !== key) return; // closed meanwhile: the queue has it
    this.photo = null;
    if (sent.has(key)) this.#answered(sent.get(key));
    else if (refused.has(key)) await this.#refused(refused.get(key));
    else this.close();
  }

  /** The phone could not keep it: it goes now, or stays in the form, and the form says so. */
  async #sendUnkept(entry) {
    try {
      const answer = await send(entry);
      await dropDraft();
      this.#answered(answer);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#problem(error, transient(error) ? el("p", { class: "notice notice-error", role: "alert" }, t("waiting.full")) : "");
    }
  }

  /** The writer is still here to mend it: out of the queue, back into the form. */
  async #refused(error) {
    const { key } = this.draft;
    await this.#save();
    const waits = (await unsent()).find((one) => one.key === key);
    if (waits?.photo && await savePhoto(waits.photo)) this.photo = waits.photo;
    if (waits && (await loadDraft())?.key === waits.key) await drop(waits);
    this.onQueued();
    this.#problem(error, this.#confirmButton(error) ?? "");
  }

  #problem(error, more) {
    byId("report-problem")?.replaceChildren(notice(error), more);
    byId("send").disabled = false;
  }

  /** What came of it: the cell, who has it, and when it is due. */
  #answered(answer) {
    const back = () => { this.draft = null; this.#mode(false); this.county.drop("accuracy"); this.onDone(answer); };
    const rows = [
      [t("answer.number"), answer.number], [t("answer.cell"), named(answer.cell) || t("case.outside")],
      [t("answer.worker"), named(answer.worker) || t("case.nobody")], [t("answer.body"), named(answer.body) || "–"],
      [t("answer.due"), moment(answer.due_at)],
    ];
    const title = el("h2", { tabindex: "-1" }, el("span", { class: "saved" }, icon("check", 28)), t("answer.title"));
    byId("report").replaceChildren(el(
      "div", { class: "answer", dataset: { answered: answer.id } }, title,
      el("dl", {}, ...rows.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)])),
      el("p", { class: "quiet" }, t(`reason_short.${answer.reason ?? "outside"}`)),
      el("button", { class: "button button-primary", type: "button", on: { click: back } }, t("answer.back")),
    ));
    byId("report-dock").hidden = true;
    byId("map-hint").hidden = true;
    title.focus();
  }
}

const round = (value) => Math.round(value * 1e7) / 1e7;

function pin() {
  return svg(
    "svg", { width: 40, height: 48, viewBox: "0 0 40 48" },
    svg("ellipse", { cx: 20, cy: 46, rx: 7, ry: 2.2, fill: "#15202B", "fill-opacity": 0.35 }),
    svg("path", { d: "M20 45C12 34 6 27 6 18a14 14 0 1 1 28 0c0 9-6 16-14 27z", fill: data.look.colours.accent, stroke: "#FFFFFF", "stroke-width": 2.5 }),
    svg("circle", { cx: 20, cy: 18, r: 5, fill: "#FFFFFF" }),
  );
}
