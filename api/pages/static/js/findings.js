// What the statistics found: the list beside the map, hatched cells, circles and marks on it, a table of the evidence.
// Analyses are jobs of the server: asked for, shown how far they are, asked again until they are done.

import { data, el, look, named, number, svg, t, lang, words } from "./dom.js";
import { Problem, get, layer, notice, remove } from "./http.js";
import { file, rowsOf } from "./files.js";
import { enterprise } from "./glyphs.js";
import { METRES, between } from "./places.js";
import { trendChart } from "./trend.js";
import { small, twins } from "./twins.js";

/* global L */

const KINDS = { hotspots: "/hotspots", sources: "/stats/sources", scan: "/stats/scan" };
const ASK_AGAIN_MS = 700;
const STRONG = new Set(["clear", "raised"]);
const ORDER = ["clear", "raised", "inseparable", "not_raised", "too_few"];
const HATCH = { 99: 6, 95: 11, 90: 18 };

/** Clear of the note above the map and of the tools beside it. */
const POPUP = { maxWidth: 250, autoPanPaddingTopLeft: [12, 56], autoPanPaddingBottomRight: [64, 12] };

const columns = (...names) => Object.fromEntries(names.map((name) => [name, (thing) => thing[name]]));
const SOURCE = {
  ...columns("code", "name", "name_en", "kind", "verdict", "excess", "p", "q"), households: (one) => one.near.households, observed: (one) => one.near.observed,
  expected: (one) => one.near.expected, ratio: (one) => one.near.ratio, low: (one) => one.near.low, high: (one) => one.near.high, stone_p: (one) => one.stone?.p,
  lawson_waller_p: (one) => one.lawson_waller?.p_sim, poisson_per_km: (one) => one.poisson?.per_km,
  diggle_p: (one) => one.diggle?.p, diggle: (one) => one.diggle?.reason ?? "converged", open: (one) => one.open, red: (one) => one.red,
};
const RING = {
  code: ({ one }) => one.code, name: ({ one }) => one.name,
  ...Object.fromEntries(["inner_m", "outer_m", "households", "observed", "expected", "ratio", "low", "high"].map((name) => [name, ({ ring }) => ring[name]])),
};

export class Findings {
  constructor(county, list, twin) {
    Object.assign(this, { county, list, serial: 0, answers: {}, changed: () => {} });
    const pane = county.map.createPane("signs");
    pane.style.zIndex = 325;
    this.renderer = L.svg({ pane: "signs", padding: 0.5 });
    Object.assign(this, twins({ evidence: (row) => -rank(row), where: (row) => this.#where(row) }));
    twin.prepend(this.circles.node, this.table.node, this.spots.node);
  }

  /** Ask for all three; what was asked before is forgotten. `params`: from, to, category, drawing, as_of, within. */
  async ask({ within, ...params }, enterprises) {
    const serial = (this.serial += 1);
    Object.assign(this, { answers: {}, params: { ...params, within }, enterprises });
    this.#draw();
    delete this.county.box.dataset.findings;
    await Promise.all(Object.keys(KINDS).map((kind) => this.#follow(kind, kind === "sources" ? { ...params, within } : params, serial)));
    if (serial === this.serial) this.county.box.dataset.findings = "ready";
  }

  async #follow(kind, params, serial) {
    while (serial === this.serial) {
      let answer;
      try {
        answer = await get(KINDS[kind], params);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        answer = { status: "failed", problem: error };
      }
      const cells = answer.result?.day ? (await layer("cells", { as_of: answer.result.day }).catch(() => null))?.features : null;
      if (serial !== this.serial) return;
      this.cells = cells ?? this.cells;  // those of the day that the cells found are of
      this.answers[kind] = answer;
      this.#draw();
      if (answer.status !== "waiting" && answer.status !== "running") return;
      await new Promise((resolve) => { setTimeout(resolve, ASK_AGAIN_MS); });
    }
  }

  async #cancel() {
    this.serial += 1;
    const running = Object.values(this.answers).filter((one) => one.status === "waiting" || one.status === "running");
    for (const one of running) one.status = "cancelled";
    this.#draw();
    await Promise.all(running.map((one) => remove(`/stats/analyses/${one.id}`).catch(() => null)));
  }

  // --- the list ---

  #draw() {
    const { hotspots, sources, scan } = this.answers;
    this.list.replaceChildren(
      ...[this.#state()].filter(Boolean),
      el("ul", { class: "findings" }, ...this.#sources(sources?.result), ...this.#clusters(scan?.result), ...this.#cells(hotspots?.result), ...this.#trend(sources?.result)),
    );
    this.groups = groups(sources?.result?.sources ?? []);
    this.table.fill(sources?.result?.sources ?? []);
    this.circles.fill(drawn(scan?.result));
    this.circles.node.hidden = !drawn(scan?.result).length;
    const spots = (hotspots?.result?.cells ?? []).filter(marked);
    this.spots.fill(spots);
    this.spots.node.hidden = !spots.length;
    this.#onMap(hotspots?.result, sources?.result, scan?.result);
    this.changed();
  }

  /** What the marks on the map mean: entries of its legend, for what is drawn alone. */
  legend() {
    const { hotspots, sources, scan } = this.answers;
    const classes = new Set((hotspots?.result?.cells ?? []).map((one) => one.class));
    const hatched = ["hot99", "hot95", "hot90", "cold90", "cold95", "cold99"].filter((name) => classes.has(name));
    const circles = drawn(scan?.result).map((one) => one.p <= 0.05);
    const raised = (sources?.result?.sources ?? []).filter((one) => STRONG.has(one.verdict));
    const unsure = (sources?.result?.sources ?? []).filter((one) => one.verdict === "inseparable");
    return [
      ...hatched.map((name) => ({ draw: "mark", node: hatch(name), label: t(name.startsWith("hot") ? "legend.hot" : "legend.cold", { level: name.slice(-2) }) })),
      ...(circles.includes(true) ? [{ draw: "mark", node: ring(null), label: t("legend.circle") }] : []),
      ...(circles.includes(false) ? [{ draw: "mark", node: ring("2 4"), label: t("legend.circle_unsure") }] : []),
      ...(raised.length ? [{ draw: "mark", node: enterprise(raised[0].kind, 14, { filled: true }), label: sizes(raised[0].kind) }] : []),
      ...(unsure.length ? [{ draw: "mark", node: enterprise(unsure[0].kind, 14, { dashed: true }), label: t("legend.inseparable") }] : []),
      ...(this.groups?.length ? [{ draw: "mark", node: ring("5 3", look.colours.ink), label: t("legend.group") }] : []),
    ];
  }

  #state() {
    const all = Object.values(this.answers);
    const failed = all.filter((one) => one.status === "failed").map((one) => (
      one.problem ? notice(one.problem) : el("p", {}, words(`study.${one.error?.code}`, t("study.failed")))
    ));
    const open = Object.keys(KINDS).map((kind) => this.answers[kind]).filter((one) => !one || one.status === "waiting" || one.status === "running");
    if (all.some((one) => one.status === "cancelled")) return el("div", { class: "study" }, el("p", {}, t("study.cancelled")));
    if (!open.length) return failed.length ? el("div", { class: "study", role: "alert" }, failed[0]) : null;
    const share = 1 - open.reduce((left, one) => left + 1 - (one?.progress ?? 0), 0) / Object.keys(KINDS).length;
    return el(
      "div", { class: "study", role: "status" }, el("span", {}, t("study.running")),
      el("progress", { max: 1, value: share, "aria-label": t("study.running") }),
      el("button", { class: "button", type: "button", on: { click: () => this.#cancel() } }, t("study.cancel")), ...failed,
    );
  }

  #sources(result) {
    if (!result) return [];
    const sorted = [...result.sources].sort((a, b) => rank(a) - rank(b));
    const told = sorted.filter((one) => STRONG.has(one.verdict) || one.verdict === "inseparable");
    const seeming = sorted.filter((one) => one.verdict === "not_raised" && one.excess > 0).sort((a, b) => b.excess - a.excess).slice(0, 1);
    const rest = result.sources.length - told.length - seeming.length;
    const few = result.sources.filter((one) => one.verdict === "too_few").length;
    const last = rest > 0 ? [el(
      "li", {}, el("div", { class: "finding-head" }, t(told.length ? "finding.others" : "finding.all", { n: number(rest + (told.length ? 0 : seeming.length)) }), tag("not_raised")),
      few ? el("p", {}, t("finding.few", { n: number(few) })) : null,
    )] : [];
    return [...told.map((one) => this.#source(one)), ...seeming.map((one) => this.#source(one)), ...last];
  }

  #source(one) {
    const { from, to, category, drawing, as_of, within } = this.params;
    // the edition for the table is one for all: of its months, whatever else is looked at here
    const asked = { figures: { from, to, category, drawing, as_of, within }, table: { from, to } };
    const link = (edition, key) => {
      const query = new URLSearchParams(Object.entries({ ...asked[edition], edition }).filter(([, value]) => value));
      return el("a", { href: `/insight/evidence/${one.id}?${query}`, target: "_blank", rel: "noopener" }, t(key));
    };
    return el(
      "li", { dataset: { enterprise: one.code } },
      el("div", { class: "finding-head" }, enterprise(one.kind, 16, { filled: STRONG.has(one.verdict), dashed: one.verdict === "inseparable" }),
        el("button", { class: "link", type: "button", on: { click: () => this.#show(one) } }, named(one)), tag(one.verdict)),
      el("p", {}, one.said[lang]),
      el("div", { class: "finding-links" }, link("figures", "finding.card"), link("table", "finding.card_table"),
        el("span", { class: "p" }, t("finding.q", { q: small(one.q), n: number(this.answers.sources.result.sources.length) }))),
    );
  }

  /** How the area's months went. */
  #trend(result) {
    if (!result?.trend) return [];
    return [el(
      "li", { id: "trend" }, el("div", { class: "finding-head" }, t("finding.trend")), el("p", {}, result.trend.said[lang]), trendChart(result.trend),
      result.trend.adjusted_reason === "too_short" ? el("p", { class: "quiet" }, t("finding.no_season")) : null,
    )];
  }

  /** The figures behind what was found, each with all of its data. */
  files() {
    const { hotspots, sources, scan } = this.answers;
    const files = [];
    if (sources?.result) {
      const { sources: found, trend } = sources.result;
      const months = found.flatMap((one) => one.trend.months.map((month, i) => ({ one, month, seen: one.trend.observed[i], hoped: one.trend.expected[i] })));
      const rings = found.flatMap((one) => one.rings.map((ring) => ({ one, ring })));
      files.push(
        file("months", () => rowsOf(trend.months, { month: (month) => month, observed: (month) => trend.observed[trend.months.indexOf(month)], without_season: (month) => trend.adjusted?.[trend.months.indexOf(month)] })),
        file("enterprises", () => rowsOf(found, SOURCE)),
        file("enterprises-rings", () => rowsOf(rings, RING)),
        file("enterprises-months", () => rowsOf(months, { code: ({ one }) => one.code, name: ({ one }) => one.name, month: ({ month }) => month, observed: ({ seen }) => seen, expected: ({ hoped }) => hoped })),
      );
    }
    if (hotspots?.result) files.push(file("cells", () => rowsOf(hotspots.result.cells, columns("code", "name", "name_en", "households", "count", "expected", "gi_star", "local_moran", "p", "q", "class", "quadrant", "emerging"))));
    if (scan?.result) files.push(file("circles", () => rowsOf(scan.result.clusters, { ...columns("name", "radius_m", "households", "cases", "expected", "relative_risk", "llr", "p"), lon: (one) => one.centre.lon, lat: (one) => one.centre.lat, cells: (one) => one.members })));
    return files;
  }

  #clusters(result) {
    return drawn(result).map((one) => el(
      "li", { dataset: { circle: one.name } }, el("div", { class: "finding-head" }, el("button", { class: "link", type: "button", on: { click: () => this.#centre(one.centre) } }, t("finding.circle", { n: one.name })),
        el("span", { class: "tag", dataset: { strong: String(one.p <= 0.05) } }, t(one.p <= 0.05 ? "finding.likely" : "finding.unsure"))),
      el("p", {}, one.said[lang]), data.leads && el("div", { class: "finding-links" }, callLink({ near: `${one.centre.lon},${one.centre.lat}` })),
    ));
  }

  #cells(result) {
    if (!result) return [];
    const hot = result.cells.filter((one) => one.class.startsWith("hot"));
    const fresh = result.cells.filter((one) => one.emerging === "new hot" || one.emerging === "consecutive hot");
    const names = (cells) => cells.slice(0, 4).map((one) => named(one)).join(t("list.names")) + (cells.length > 4 ? " …" : "");
    const line = (title, cells, said = "") => (cells.length ? [el("li", {}, el("div", { class: "finding-head" }, title), said ? el("p", {}, said) : null, el("p", { class: "quiet" }, names(cells)))] : []);
    const apart = result.left_out.length ? [el("li", {}, el("p", { class: "quiet" }, t("finding.left_out", { n: number(result.left_out.length) })))] : [];
    const alone = result.islands.length ? [el("li", {}, el("p", { class: "quiet" }, t("finding.islands", { n: number(result.islands.length), names: result.islands.slice(0, 4).join(t("list.names")) })))] : [];
    const none = el("li", {}, el("div", { class: "finding-head" }, t("finding.no_cell")), el("p", {}, t("finding.no_cell_text")));
    return [
      ...(hot.length ? line(t("finding.cells", { n: number(hot.length) }), hot, result.said?.[lang]) : [none]),
      ...line(t("finding.fresh", { n: number(fresh.length) }), fresh),
      ...apart, ...alone,
    ];
  }

  // --- the map ---

  #onMap(hotspots, sources, scan) {
    const shapes = new Map((this.cells ?? []).map((one) => [one.properties.code, one]));
    const spots = (hotspots?.cells ?? []).filter((one) => marked(one) && shapes.has(one.code));
    const features = spots.map((one) => ({ ...shapes.get(one.code), properties: one }));
    this.county.put("spots", this.county.geojson({ type: "FeatureCollection", features }, "signs", {
      renderer: this.renderer, interactive: true,
      style: ({ properties: { class: name } }) => ({ color: look.colours.ink, weight: 1.4, fillColor: `url(#${name.startsWith("hot") ? "hot" : "cold"}${name.slice(-2)})`, fillOpacity: 1 }),
      onEachFeature: ({ properties }, layer) => layer.bindPopup(() => popup(properties), POPUP),
    }));
    this.#patterns();
    const circles = drawn(scan).map((one) => ({ name: one.name, lon: one.centre.lon, lat: one.centre.lat, radius: reach(one), dash: one.p <= 0.05 ? null : "2 6" }));
    this.#rings("circles", circles, look.colours.accent);
    this.#rings("groups", (this.enterprises ? this.groups : []).map((one) => ({ ...this.#around(one), name: one.name, dash: "6 4" })), look.colours.ink);
    if (!sources || !this.enterprises) return;
    const known = new Map(sources.sources.map((one) => [one.code, one]));
    this.county.enterprises(this.enterprises, ({ code }) => mark(known.get(code)));
  }

  /** Circles on the ground, each with its name on its line: in the north, or where no sign of an enterprise covers it. */
  #rings(name, circles, colour) {
    this.county.put(name, L.layerGroup(circles.map(({ lon, lat, radius, dash }) => L.circle(this.county.at(lon, lat), {
      radius, renderer: this.renderer, pane: "signs", fill: false, color: colour, weight: 2.4, dashArray: dash, interactive: false,
    }))));
    const signs = (this.enterprises?.features ?? []).flatMap((one) => (one.geometry ? [corners(one.geometry.coordinates)[0]] : []));
    const named_ = circles.map((one) => ({ geometry: { type: "Point", coordinates: free(one, signs) }, properties: { name: one.name } }));
    this.county.names(name, named_, "circle");
  }

  /** The circle around enterprises that are not told apart, with room for their signs. */
  #around({ members }) {
    const at = members.map((one) => this.#places(one)).filter((one) => one.length).map((one) => one[0]);
    const [lon, lat] = [0, 1].map((axis) => at.reduce((sum, xy) => sum + xy[axis], 0) / at.length);
    return { lon, lat, radius: 350 + Math.max(...at.map((one) => between(one, [lon, lat]))) };
  }

  /** Corners of an enterprise's place: none where it has no place. */
  #places(one) {
    const found = this.enterprises?.features.find((feature) => feature.properties.code === one.code)?.geometry;
    return found ? corners(found.coordinates) : [];
  }

  /** In which circles an enterprise lies, and in which group it is not told apart: their names on the map. */
  #where(one) {
    const at = this.#places(one);
    const circles = drawn(this.answers.scan?.result).filter((circle) => at.some((xy) => between(xy, [circle.centre.lon, circle.centre.lat]) <= reach(circle)));
    const mine = (this.groups ?? []).filter((group) => group.members.some((member) => member.code === one.code));
    return [...circles, ...mine].map(({ name }) => name).join(" · ");
  }

  /** The hatches, drawn once the map has its element for them. */
  #patterns() {
    const root = this.renderer._container;
    if (!root || root.querySelector("defs")) return;
    const patterns = Object.entries(HATCH).flatMap(([level, gap]) => [["hot", 45, look.colours.ink], ["cold", -45, look.colours.accent]].map(([name, turn, colour]) => svg(
      "pattern", { id: `${name}${level}`, width: gap, height: gap, patternUnits: "userSpaceOnUse", patternTransform: `rotate(${turn})` },
      svg("rect", { width: gap, height: gap, fill: name === "hot" ? "#B4451F" : "#3B6EA8", "fill-opacity": 0.22 }),
      svg("rect", { x: 0, width: 3, height: gap, fill: "#FFFFFF", "fill-opacity": 0.7 }), svg("rect", { x: 0.7, width: 1.6, height: gap, fill: colour }),
    )));
    root.prepend(svg("defs", {}, ...patterns));
  }

  #show(one) {
    const found = this.enterprises?.features.find((feature) => feature.properties.code === one.code);
    for (const row of this.list.querySelectorAll("[data-enterprise]")) row.setAttribute("aria-current", String(row.dataset.enterprise === one.code));
    if (found?.geometry) this.county.map.fitBounds(this.county.geojson(found, "points").getBounds().pad(6), { maxZoom: 14, animate: false });
  }

  #centre({ lon, lat }) {
    this.county.map.setView(this.county.at(lon, lat), 13, { animate: false });
  }
}

/** To the form that calls a joint meeting about what was found here. */
const callLink = (where) => el("a", { href: `/meetings?${new URLSearchParams({ call: "", ...where })}` }, t("finding.call_meeting"));

function popup(cell) {
  const level = cell.class.slice(-2);
  return el(
    "div", {}, el("b", {}, named(cell)), el("p", {}, t(cell.class.startsWith("hot") ? "spot.hot" : "spot.cold", { level, q: small(cell.q) })),
    el("p", {}, t("spot.figures", { count: number(cell.count), expected: number(cell.expected), households: number(cell.households) })),
    cell.emerging && cell.emerging !== "none" ? el("p", {}, t(`emerging.${cell.emerging.replace(" ", "_")}`)) : null,
    data.leads && cell.class.startsWith("hot") && callLink({ cell: cell.code }),
  );
}

function hatch(name) {
  const hot = name.startsWith("hot");
  const gap = HATCH[name.slice(-2)] / 1.5;
  const lines = Array.from({ length: 8 }, (_, i) => svg("path", { d: hot ? `M${i * gap - 14} 14L${i * gap} 0` : `M${i * gap - 14} 0L${i * gap} 14`, stroke: hot ? look.colours.ink : look.colours.accent, "stroke-width": 1.3 }));
  return svg(
    "svg", { width: 20, height: 14, viewBox: "0 0 20 14", "aria-hidden": "true" },
    svg("rect", { width: 20, height: 14, fill: hot ? "#B4451F" : "#3B6EA8", "fill-opacity": 0.22 }), ...lines,
    svg("rect", { x: 0.5, y: 0.5, width: 19, height: 13, fill: "none", stroke: look.colours.ink }),
  );
}

const ring = (dash, colour = look.colours.accent) => svg(
  "svg", { width: 20, height: 14, viewBox: "0 0 20 14", "aria-hidden": "true" },
  svg("circle", { cx: 10, cy: 7, r: 6, fill: "none", stroke: colour, "stroke-width": 2, ...(dash ? { "stroke-dasharray": dash } : {}) }),
);

/** Whether a cell stands out either way. */
const marked = (cell) => /^(hot|cold)/.test(cell.class);

/** The scan's circles that are shown: those beyond chance, and the likeliest in any case. */
const drawn = (result) => (result?.clusters ?? []).filter((one, i) => one.p <= 0.05 || i === 0);
const reach = (circle) => Math.max(circle.radius_m, 150);

/** Enterprises that are not told apart, in groups named 1, 2 ... (circles of the scan have letters). */
function groups(sources) {
  const found = [];
  for (const one of sources.filter((source) => source.rivals?.length)) {
    const ids = new Set([one.id, ...one.rivals.map((rival) => rival.id)]);
    const touching = found.filter((group) => [...group].some((id) => ids.has(id)));
    for (const group of touching) for (const id of found.splice(found.indexOf(group), 1)[0]) ids.add(id);
    found.push(ids);
  }
  return found.map((ids, i) => ({ name: String(i + 1), members: sources.filter((one) => ids.has(one.id)) }));
}

/** The first place on a circle's line, from north by quarters, that is farther from all signs than half its radius. */
function free({ lon, lat, radius }, signs) {
  const places = [[0, 1], [1, 0], [0, -1], [-1, 0]].map(([east, north]) => [
    lon + (east * radius) / METRES / Math.cos((lat * Math.PI) / 180), lat + (north * radius) / METRES,
  ]);
  return places.find((place) => signs.every((sign) => between(sign, place) > radius / 2)) ?? places[0];
}

const corners = (coordinates) => (typeof coordinates[0] === "number" ? [coordinates] : coordinates.flatMap(corners));

const rank = (one) => 10 * ORDER.indexOf(one.verdict) + (one.q ?? 1) - Math.min(Math.max(one.excess, 0), 9000) / 10000;
const tag = (verdict) => el("span", { class: "tag", dataset: { strong: String(STRONG.has(verdict)) } }, t(`verdict.${verdict}`));

/** How wide the sign of an enterprise with so many cases in excess is, in pixels. */
const sized = (excess) => 2 * (3.4 + 1.55 * Math.sqrt(Math.max(excess, 0)));

/** What a sign's size says, in numbers. */
function sizes(kind) {
  return el("span", { class: "excess" }, el("span", {}, t("legend.raised")), ...[10, 30, 60].map((n) => el("span", {}, enterprise(kind, sized(n), { filled: true }), number(n))));
}

/** How an enterprise is drawn: filled and as large as its excess where raised, dashed where it cannot be told apart. */
function mark(one) {
  if (!one) return { size: 12 };
  if (STRONG.has(one.verdict)) return { size: sized(one.excess), filled: true };
  return { size: 12, dashed: one.verdict === "inseparable" };
}
