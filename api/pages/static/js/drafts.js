// The report being written, kept on the device with every keystroke; once it is sent it belongs to the queue.

import { data } from "./dom.js";

const DRAFT = `gridmap.draft.${data.me.username}`;

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
