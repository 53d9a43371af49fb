// The report being written: under the phone's lasting key with every keystroke; once it is sent it belongs to the queue.

import { data } from "./dom.js";
import { heldBytes, heldValue, hold, letGo } from "./held.js";
import { keeper } from "./keeper.js";

const PREFIX = "gridmap.draft.";
const name = () => PREFIX + data.me?.username;
const photo = () => `photo ${name()}`;

const draft = keeper(name);

export async function loadDraft() {
  await takeOver();
  return draft.load();
}

/** Write the draft down as it is now. Whether it could be kept; null where a later one is kept instead. */
export const saveDraft = (written) => draft.save(written);

export function dropDraft() {
  dropPhoto();
  return draft.drop();
}

/** The draft's photo. Whether it could be kept. */
export const savePhoto = (bytes) => hold(photo(), bytes).then(() => true, () => false);
export const loadPhoto = () => heldBytes(photo()).catch(() => null);
export const dropPhoto = () => letGo(photo()).catch(() => null);

/** Drafts of all writers that an earlier version of this page left readable: under the key with them, unless a newer one
 * lies there. One that cannot be kept stays where it is. */
export async function takeOver() {
  for (const key of plainOnes()) {
    await draft.inTurn(() => hidden(key, readAs(key, null))).then(() => localStorage.removeItem(key), () => null);
  }
}

function plainOnes() {
  try {
    return Object.keys(localStorage).filter((one) => one.startsWith(PREFIX));
  } catch {
    return []; // a browser that keeps nothing
  }
}

async function hidden(key, plain) {
  const known = await heldValue(key);
  if (plain && !(known?.saved_at > plain.saved_at)) await hold(key, plain);
}

// --- categories that were used last: codes, nothing of anybody's

const readAs = (key, fallback) => {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? fallback;
  } catch {
    return fallback;
  }
};

const keep = (key, value) => {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch { /* private windows and full devices: the page goes on without */ }
};

const RECENT = () => `gridmap.recent.${data.me?.username}`;
const MOST = 4;
export const recentCategories = () => readAs(RECENT(), []);
export const usedCategory = (code) => keep(RECENT(), [code, ...recentCategories().filter((one) => one !== code)].slice(0, MOST));
