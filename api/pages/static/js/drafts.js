// The report being written and those not yet sent, kept on the device, so that a dead spot loses nothing. Each is sent
// under the key it was born with: however often it is sent, it has one effect.

import { data } from "./dom.js";
import { Problem, post } from "./http.js";

const DRAFT = `gridmap.draft.${data.me.username}`;
const UNSENT = `gridmap.unsent.${data.me.username}`;

const readAs = (name, fallback) => {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? fallback;
  } catch {
    return fallback;
  }
};

const keep = (name, value) => {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false; // private windows and full devices: the page goes on without
  }
};

export const loadDraft = () => readAs(DRAFT, null);
export const saveDraft = (draft) => keep(DRAFT, { ...draft, saved_at: new Date().toISOString() });
export const dropDraft = () => keep(DRAFT, null);
export const newKey = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export const unsent = () => readAs(UNSENT, []);

export function queue(key, body) {
  return keep(UNSENT, [...unsent().filter((one) => one.key !== key), { key, body, at: new Date().toISOString() }]);
}

export const unqueue = (key) => keep(UNSENT, unsent().filter((one) => one.key !== key));

export const send = ({ key, body }) => post("/incidents", body, { "Idempotency-Key": key });

/** Whether trying again later may help: no network, or a server that is down or busy. */
export const transient = (error) => error instanceof Problem && (error.status === 0 || error.status >= 500 || error.status === 429);

/** Send what waits, oldest first; stops at the first that still cannot go. Answers those that went and were refused. */
export async function sendAll() {
  const sent = [];
  const refused = [];
  for (const one of unsent()) {
    try {
      sent.push(await send(one));
      unqueue(one.key);
    } catch (error) {
      if (transient(error)) break;
      if (!(error instanceof Problem)) throw error;
      refused.push({ ...one, error });
    }
  }
  return { sent, refused };
}
