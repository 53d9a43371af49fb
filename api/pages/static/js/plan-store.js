// One plan as the server holds it: its version, cells, findings and impact. Changes go out one after another, each for
// the version that was read; where somebody else was faster, what they did is told instead.

import { Problem, get, post } from "./http.js";

/** Cells whose borders are fetched for editing; more handles than these help nobody. */
const MOST_CHOSEN = 40;

export class PlanStore {
  constructor(id) {
    Object.assign(this, { id, plan: null, cells: new Map(), gone: new Map(), metres: 0, findings: null, impact: null, comments: [], savedAt: null });
    this.queue = Promise.resolve();
  }

  get version() { return this.plan.version; }
  get draft() { return this.plan.status === "draft"; }
  get changed() { return [...this.cells.values()].some((one) => one.properties.changed); }

  /** `metres` that cannot be seen on the map as it stands: shapes come without them. */
  async load(metres) {
    const [plan, drawing] = await Promise.all([get(`/plans/${this.id}`), get(`/plans/${this.id}/drawing`, { metres })]);
    Object.assign(this, { plan, metres });
    this.cells = new Map(drawing.features.map((one) => [one.properties.code, one]));
    this.gone = new Map(drawing.gone.map((one) => [one.properties.code, one]));
    await this.weigh();
    this.comments = (await get(`/plans/${this.id}/comments`)).items;
  }

  async weigh(against = null) {
    [this.findings, this.impact] = await Promise.all([get(`/plans/${this.id}/findings`), get(`/plans/${this.id}/impact`, { against })]);
  }

  /** Borders and nodes of the chosen cells, places bit for bit as edits must name them. */
  async shared(codes) {
    if (!codes.length) return { borders: [], nodes: [] };
    const drawing = await get(`/plans/${this.id}/drawing`, { codes: codes.slice(0, MOST_CHOSEN).join(",") });
    this.#refine(drawing.features);
    return { borders: drawing.borders, nodes: drawing.nodes };
  }

  /** Finer shapes of the cells in a box; those that were edited meanwhile keep theirs. */
  async finer(given) {
    const { version } = this;
    const { features } = await get(`/plans/${this.id}/drawing`, given);
    return version === this.version ? this.#refine(features) : [];
  }

  #refine(features) {
    return features.map((one) => this.cells.get(one.properties.code) && Object.assign(this.cells.get(one.properties.code), { geometry: one.geometry })).filter(Boolean);
  }

  /** Make edits, all or none: {features, gone, fresh}, `fresh` being the codes that were not there before. Raises Problem, with status 412 where the plan has moved on. */
  edit(edits) { return this.#change("edits", { edits }); }
  undo() { return this.#change("undo"); }
  redo() { return this.#change("redo"); }

  #change(what, body = {}) {
    const work = async () => {
      const done = await this.#post(what, body);
      Object.assign(this.plan, { version: done.version, edits: done.edits, undone: done.undone });
      const fresh = done.cells.features.map((one) => one.properties.code).filter((code) => !this.cells.has(code));
      for (const code of done.gone) this.#leave(code);
      for (const one of done.cells.features) {
        this.cells.set(one.properties.code, one);
        this.gone.delete(one.properties.code);
      }
      this.impact = done.impact;
      this.savedAt = new Date();
      const told = await Promise.all([get(`/plans/${this.id}/findings`), get(`/plans/${this.id}`)]);
      [this.findings, this.plan] = told;
      return { features: done.cells.features, gone: done.gone, fresh };
    };
    // a second change waits for the first one's version, also where the first one failed
    const result = this.queue.then(work, work);
    this.queue = result.catch(() => {});
    return result;
  }

  /** A cell that is no more stays as the shape that it had before the plan, if it was there. */
  #leave(code) {
    const one = this.cells.get(code);
    this.cells.delete(code);
    if (one && (one.was || !one.properties.changed)) this.gone.set(code, { ...one, geometry: one.was ?? one.geometry });
  }

  #post(what, body) {
    return post(`/plans/${this.id}/${what}`, body, { "If-Match": `"${this.version}"` });
  }

  /** submit, approve, return, withdraw, publish. */
  async step(name, body = {}) {
    await this.#post(name, body);
    this.plan = await get(`/plans/${this.id}`);
    this.savedAt = new Date();
  }

  reverse() { return post(`/plans/${this.id}/reverse`, {}); }

  async comment(text, cell) {
    this.comments = (await post(`/plans/${this.id}/comments`, { text, cell })).items;
  }

  codes(community, count) { return get(`/plans/${this.id}/codes`, { community, count }); }
}

/** What the other planner did, where this is the problem of being too late; else null. */
export function overtaken(problem) {
  return problem instanceof Problem && problem.status === 412 ? problem.body : null;
}
