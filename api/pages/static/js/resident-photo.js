// Photos that residents send: kept on the phone until they have arrived; sent in parts, so that a valley without network costs one part and not the photo.

import { API, Problem } from "./http.js";

const PART = 128 * 1024;
const TRIES = 4;
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

async function asked(url, options = {}) {
  let answer;
  try { answer = await fetch(url, options); } catch { throw new Problem(0, null); }
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Problem(answer.status, body);
  return body;
}

const passing = (error) => error instanceof Problem && (error.status === 0 || error.status >= 500 || error.code === "upload_offset");

/** Send one from where it stands; the same key makes it one photo. Gives up after some tries without a step forward. */
export async function sendPhoto(token, { key, bytes }) {
  const where = `${API}/public/reports/${token}/uploads/${key}`;
  const total = bytes.byteLength;
  let told = null;
  for (let left = TRIES; ;) {
    try {
      told ??= await asked(where);
      if (told.photo) return;
      const headers = { "Content-Type": "application/octet-stream", "Upload-Offset": `${told.received}`, "Upload-Length": `${total}` };
      told = await asked(where, { method: "PATCH", body: bytes.slice(told.received, told.received + PART), headers });
      left = TRIES;
    } catch (error) {
      if (!passing(error) || !left) throw error;
      left -= 1;
      told = null;
      await new Promise((done) => { setTimeout(done, 1000 * (TRIES - left)); });
    }
  }
}
