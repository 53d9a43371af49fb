// A photo in parts: a valley without network costs one part and not the photo. The server says how far it is, and that is where
// the next part begins, whoever sends it and whenever.

import { API, Problem } from "./http.js";

const PART = 128 * 1024;

async function asked(url, options = {}) {
  let answer;
  try { answer = await fetch(url, { credentials: "same-origin", ...options }); } catch { throw new Problem(0, null); }
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Problem(answer.status, body);
  return body;
}

const passing = (error) => error instanceof Problem && (error.status === 0 || error.status >= 500 || error.code === "upload_offset");

/** Send bytes to an upload's address from where it stands; its key makes them one photo. Gives up after some tries without a step forward. */
export async function sendInParts(path, bytes, { headers = {}, tries = 4 } = {}) {
  const where = `${API}${path}`;
  const total = bytes.byteLength;
  let told = null;
  for (let left = tries; ;) {
    try {
      told ??= await asked(where);
      if (told.photo) return;
      const said = { ...headers, "Content-Type": "application/octet-stream", "Upload-Offset": `${told.received}`, "Upload-Length": `${total}` };
      told = await asked(where, { method: "PATCH", body: bytes.slice(told.received, told.received + PART), headers: said });
      left = tries;
    } catch (error) {
      if (!passing(error) || !left) throw error;
      left -= 1;
      told = null;
      await new Promise((done) => { setTimeout(done, 1000 * (tries - left)); });
    }
  }
}
