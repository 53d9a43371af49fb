// What is held on the phone for one worker, under the phone's lasting key: the photo of a draft, and at log-out what cannot
// be sealed to the server. It is there again when the same worker logs in on the same phone.

import { phone } from "./idb.js";
import { asBytes, asValue, locked, unlocked } from "./sealing.js";

const KEY = "lasting";

export const lock = async (value) => locked(KEY, value instanceof ArrayBuffer ? value : asBytes(value));
export const unlock = async (kept) => unlocked(KEY, kept);

export async function hold(name, value) {
  await phone.put("held", await lock(value), name);
}

/** The bytes that are held under a name, or null. */
export async function heldBytes(name) {
  return unlock(await phone.get("held", name));
}

/** The value that is held under a name, or null. */
export async function heldValue(name) {
  const bytes = await heldBytes(name);
  return bytes && asValue(bytes);
}

export const letGo = (name) => phone.drop("held", name);
