// What was entered and not yet sent, in the phone's own database, in the order of writing. An entry is in here before it is
// first sent and leaves when the server has answered for it, so a killed browser, a second tab, a lost reply or a session
// that ended loses nothing; and its key, made once, lets it have one effect however often it is sent.
//
// What it says lies here under the phone's lasting key (`held`), from the first moment on: the database's files tell nobody
// more than whose entry it is and since when it waits. `unsent` opens one's own.

import { data } from "./dom.js";
import { Problem, get, post } from "./http.js";
import { Base } from "./idb.js";
import { lock, unlock } from "./held.js";
import { sendInParts } from "./parts.js";
import { asValue, report, sealed } from "./sealing.js";

const STORE = "entries";
const base = new Base("gridmap-queue", { [STORE]: { keyPath: "n", autoIncrement: true, unique: "key" } });
const AT_ONCE = 50;

/** One tab at a time, whoever's entries. Where a browser has no locks, one at a time in this tab: keys keep every effect single. */
const alone = (work) => (navigator.locks ? navigator.locks.request("gridmap.queue", work) : (turn = turn.then(work, work)));
let turn = Promise.resolve();
const put = async (one) => base.put(STORE, await closed(one));

/** Whatever waits on this phone, oldest first, as it lies there. By the order of writing: a phone's clock may be wrong. */
export const everything = () => base.all(STORE);

/** All entries of this user that wait, opened. One that cannot be opened any more still counts, with `held` as it is. */
export async function unsent() {
  const mine = (await everything()).filter((one) => one.owner === data.me?.username);
  return Promise.all(mine.map(opened));
}

/** An entry with all that it says under the phone's key. */
async function closed({ body = null, photo = null, action = null, done = null, ...rest }) {
  if (rest.held) return rest;
  const held = { rest: await lock({ body, action, done }), photo: photo && await lock(photo) };
  return { ...rest, held };
}

async function opened(one) {
  if (!one.held) return one;
  const { held, ...entry } = one;
  const photo = held.photo ? await unlock(held.photo) : null;
  const rest = held.rest ? await unlock(held.rest) : null;
  if ((held.photo && !photo) || (held.rest && !rest)) return one;
  return { ...entry, photo, ...(rest && asValue(rest)) };
}

/**
 * Put an entry in: a report, or with `action: {incident, action, seen}` a step of a case; `photo`: the bytes of one.
 * Whether it could be kept: not on a full device, nor in some private windows.
 */
export async function add(key, body, { photo = null, action = null } = {}) {
  const { username, worker } = data.me;
  const entry = { owner: username, worker: worker?.id ?? null, key, body, photo, action, at: new Date().toISOString(), problem: null };
  try {
    const kept = await closed(entry);
    await base.within(STORE, "readwrite", (store) => store.add(kept));
    return true;
  } catch {
    return false;
  }
}

/** Take an entry out, when it has been sent, or to mend it, or because its writer drops it. */
export const drop = (one) => base.drop(STORE, one.n);

/** Let an entry that was refused be sent again; `seen`: the state of the case that its writer has now seen. */
export const retry = (one, seen = null) => put({ ...one, problem: null, action: one.action && { ...one.action, seen: seen ?? one.action.seen } });

/** Send one, and answer what the server says. An entry whose report is there already sends its photo alone. */
export async function send(one) {
  const headers = { "Idempotency-Key": one.key };
  if (one.action) {
    // a first try may have had its effect, though its answer was lost: what it changed is no other's doing
    if (!one.tried || !(await get("/me/answered", {}, { headers })).answered) await unchanged(one.action);
    if (one.n && !one.tried) await put({ ...one, tried: true });
    return post(`/incidents/${one.action.incident}/actions/${one.action.action}`, one.body, headers);
  }
  const answer = one.done ?? await post("/incidents", one.body, headers);
  if (one.photo) {
    if (one.n && !one.done) await put({ ...one, done: answer });
    await sendInParts(`/incidents/${answer.id}/uploads/${one.key}-photo`, one.photo, { headers: { "X-CSRF-Token": data.csrf }, tries: 1 });
  }
  return answer;
}

/** Whether a case still stands as the writer saw it: else 409 `changed` with both, for the writer to decide. */
async function unchanged({ incident, seen }) {
  if (!seen) return;
  const now = await get(`/incidents/${incident}`);
  const differs = Object.keys(seen).some((name) => JSON.stringify(seen[name]) !== JSON.stringify(picked(now)[name]));
  if (differs) throw new Problem(409, { code: "changed", seen, now: picked(now) });
}

/** What of a case another's step changes. */
export const picked = ({ status, category, cell, responsible, due_at, priority, closed_at }) => ({
  status, category: category.code, cell: cell?.code ?? null, worker: responsible?.worker?.name ?? null, body: responsible?.body?.name ?? null,
  due_at, priority, closed_at,
});

/**
 * Whether the entry itself is not to blame: no network, a server down or busy, a session that ended, a page that is out
 * of date. It then waits as it is, and so do those behind it.
 */
export const transient = ({ status, code }) => status === 0 || status >= 500 || [401, 408, 429].includes(status) || code === "csrf";

/**
 * Send what waits, in order, and stop at the first that cannot go now. What the server refuses stays, with its reason,
 * and does not hold up the others. Answers `{sent: Map(key -> answer), refused: Map(key -> Problem)}`.
 */
export function sendAll() {
  return alone(async () => {
    const sent = new Map();
    const refused = new Map();
    try {
      await sendSealed().catch((error) => { if (!(error instanceof Problem) || transient(error)) throw error; });
      for (const one of await unsent()) {
        if (one.problem || one.sealed || one.held) continue;
        try {
          sent.set(one.key, await send(one));
          await drop(one);
        } catch (error) {
          if (!(error instanceof Problem) || transient(error)) throw error;
          refused.set(one.key, error);
          const latest = await base.get(STORE, one.n);
          // another tab of a browser without locks may have sent it meanwhile
          if (latest) await put({ ...latest, problem: { status: error.status, body: error.body } });
        }
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // no network now: later
    }
    return { sent, refused };
  });
}

/** Sealed entries go with anybody's session: the server files each for the one who wrote it. */
async function sendSealed() {
  const waiting = (await everything()).filter((one) => one.sealed && !one.problem);
  for (let i = 0; i < waiting.length; i += AT_ONCE) {
    const some = waiting.slice(i, i + AT_ONCE);
    const { results } = await post("/sealed", { entries: some.map(({ key, sealed: bytes, key_id }) => ({ key, sealed: bytes, key_id })) });
    const answered = new Map(results.map((one) => [one.key, one]));
    for (const one of some) await settled(one, answered.get(one.key));
  }
}

async function settled(one, result) {
  if (result?.status === "taken") {
    // its photo, if any, can only be attached by its writer
    const { held: { photo } = {}, key_id: _, ...rest } = one;
    const left = async () => ({ rest: await lock({ body: null, action: null, done: { id: result.incident_id } }), photo });
    if (photo) await put({ ...rest, sealed: null, held: await left() });
    else await drop(one);
  } else if (result) {
    const body = typeof result.problem === "string" ? { detail: result.problem } : result.problem;
    await put({ ...one, problem: { status: 422, body } });
  }
}

/**
 * Before the phone changes hands: reports are sealed to the server's key, so that this phone cannot read them any more. Photos and
 * steps of cases stay under the lasting key, for their writer. Nothing is deleted before its replacement is on the disk.
 */
export function putAway(sealingKey) {
  return alone(async () => {
    for (const kept of await everything()) {
      if (kept.sealed) continue;
      const { body, photo, action, done, ...rest } = await opened(kept);
      if (rest.held) continue; // its key is gone
      if (body && !action && !done && sealingKey) {
        const bytes = await sealed(report({ ...kept, body }, sealingKey), sealingKey);
        const held = { photo: photo && await lock(photo) };
        await base.put(STORE, { ...rest, sealed: bytes, key_id: sealingKey.id, held });
      } else if (!kept.held) await put(kept);
    }
  });
}
