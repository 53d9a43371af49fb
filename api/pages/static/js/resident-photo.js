// Photos that residents send: kept on the phone until they have arrived; sent in parts, so that a valley without network costs one part and not the photo.

import { lock, unlock } from "./held.js";
import { sendInParts } from "./parts.js";
import { DAY_MS } from "./resident-draft.js";
import { asValue } from "./sealing.js";

const STORE = "photos";

// --- kept on the phone, encrypted: {key, at, bytes, token}; the token once the report they belong to has been sent

function opened() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open("gridmap-resident", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "key" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

/** Full, private or forbidden storage: the page itself still holds what it has. */
async function withStore(mode, work, otherwise) {
  try {
    const base = await opened();
    const asked = work(base.transaction(STORE, mode).objectStore(STORE));
    const result = await new Promise((done, failed) => {
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => failed(asked.error);
    });
    base.close();
    return result;
  } catch {
    return otherwise;
  }
}

/** Where it cannot be encrypted it is not kept. */
export async function keepPhoto({ key, at, bytes, token }) {
  const held = await Promise.all([lock({ token }), lock(bytes)]).catch(() => null);
  return held && withStore("readwrite", (store) => store.put({ key, at, held }), null);
}

export const dropPhoto = (key) => withStore("readwrite", (store) => store.delete(key), null);

/** What can still be opened, in the order of choosing. A photo whose report was not sent within a day goes. */
export async function keptPhotos() {
  const all = await Promise.all((await withStore("readonly", (store) => store.getAll(), [])).map(opening));
  const old = all.filter((one) => !one.bytes || (!one.token && Date.now() - one.at > DAY_MS));
  for (const { key } of old) await dropPhoto(key);
  return all.filter((one) => !old.includes(one)).sort((a, b) => a.at - b.at);
}

async function opening({ key, at, held }) {
  const [told, bytes] = held ? await Promise.all(held.map((one) => unlock(one).catch(() => null))) : [];
  return { key, at, bytes, token: told && asValue(told).token };
}

// --- sent

/** Send one from where it stands; the same key makes it one photo. */
export const sendPhoto = (token, { key, bytes }) => sendInParts(`/public/reports/${token}/uploads/${key}`, bytes);
