// What was entered and not yet sent, in the phone's own database, in the order of writing. An entry is in here before it is
// first sent and leaves when the server has answered for it, so a killed browser, a second tab, a lost reply or a session
// that ended loses nothing; and its key, made once, lets it have one effect however often it is sent.

import { data } from "./dom.js";
import { Problem, post } from "./http.js";

const STORE = "entries";
const LOCK = `gridmap.queue.${data.me.username}`;
let opened = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open("gridmap-queue", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "n", autoIncrement: true }).createIndex("key", "key", { unique: true });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  opened.catch(() => { opened = null; });
  return opened;
}

/** Do one thing in a transaction; done only when it is on the disk. */
async function within(mode, work) {
  const base = await database();
  return new Promise((resolve, reject) => {
    const transaction = base.transaction(STORE, mode, { durability: "strict" });
    const request = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** One tab at a time. A browser without locks goes on: keys still keep every effect single. */
const alone = (work) => (navigator.locks ? navigator.locks.request(LOCK, work) : work());

/** All entries of this user that wait, oldest first. By the order of writing: a phone's clock may be wrong. */
export async function unsent() {
  const all = await within("readonly", (store) => store.getAll());
  return all.filter((one) => one.owner === data.me.username);
}

/** Put an entry in. Whether it could be kept: not on a full device, nor in some private windows. */
export async function add(key, body) {
  const entry = { owner: data.me.username, key, body, at: new Date().toISOString(), problem: null };
  try {
    await within("readwrite", (store) => store.add(entry));
    return true;
  } catch {
    return false;
  }
}

/** Take an entry out, when it has been sent, or to mend it, or because its writer drops it. */
export const drop = (one) => within("readwrite", (store) => store.delete(one.n));

/** Let an entry that was refused be sent again. */
export const retry = (one) => within("readwrite", (store) => store.put({ ...one, problem: null }));

export const send = ({ key, body }) => post("/incidents", body, { "Idempotency-Key": key });

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
    for (const one of await unsent()) {
      if (one.problem) continue;
      try {
        sent.set(one.key, await send(one));
        await drop(one);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (transient(error)) break;
        refused.set(one.key, error);
        await within("readwrite", (store) => store.put({ ...one, problem: { status: error.status, body: error.body } }));
      }
    }
    return { sent, refused };
  });
}
