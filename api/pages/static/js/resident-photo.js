// Photos that residents send: kept on the phone until they have arrived; sent in parts, so that a valley without network costs one part and not the photo.

import { sendInParts } from "./parts.js";

const STORE = "photos";

// --- kept on the phone: {key, at, bytes, token}; the token once the report they belong to has been sent

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

export const keepPhoto = (photo) => withStore("readwrite", (store) => store.put(photo), null);
export const dropPhoto = (key) => withStore("readwrite", (store) => store.delete(key), null);
export const keptPhotos = async () => (await withStore("readonly", (store) => store.getAll(), [])).sort((a, b) => a.at - b.at);

// --- sent

/** Send one from where it stands; the same key makes it one photo. */
export const sendPhoto = (token, { key, bytes }) => sendInParts(`/public/reports/${token}/uploads/${key}`, bytes);
