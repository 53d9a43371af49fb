// The report being written, kept on the device with every keystroke; once it is sent it belongs to the queue.

import { data } from "./dom.js";
import { heldBytes, heldValue, hold, letGo } from "./held.js";

const name = (owner = data.me?.username) => `gridmap.draft.${owner}`;
const photo = () => `photo ${name()}`;

const readAs = (key, fallback) => {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? fallback;
  } catch {
    return fallback;
  }
};

const keep = (key, value) => {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false; // private windows and full devices: the page goes on without
  }
};

export const loadDraft = () => readAs(name(), null);
export const saveDraft = (draft) => keep(name(), { ...draft, saved_at: new Date().toISOString() });
export function dropDraft() {
  dropPhoto();
  return keep(name(), null);
}

/** The draft's photo. Whether it could be kept. */
export const savePhoto = (bytes) => hold(photo(), bytes).then(() => true, () => false);
export const loadPhoto = () => heldBytes(photo()).catch(() => null);
export const dropPhoto = () => letGo(photo()).catch(() => null);

/** Put all drafts on this phone away, each for its writer. One that cannot be kept elsewhere stays where it is. */
export async function putDraftsAway() {
  for (const key of Object.keys(localStorage).filter((one) => one.startsWith(name("")))) {
    await hold(key, readAs(key, null)).then(() => keep(key, null), () => null);
  }
}

/** One's own draft again, where there is no newer one. */
export async function fetchDraft() {
  const kept = await heldValue(name()).catch(() => null);
  if (kept && !loadDraft() && !keep(name(), kept)) return;
  await letGo(name()).catch(() => null);
}

// --- categories that were used last: codes, nothing of anybody's

const RECENT = () => `gridmap.recent.${data.me?.username}`;
const MOST = 4;
export const recentCategories = () => readAs(RECENT(), []);
export const usedCategory = (code) => keep(RECENT(), [code, ...recentCategories().filter((one) => one !== code)].slice(0, MOST));
