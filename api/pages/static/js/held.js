// What is held on the phone for one worker, under the phone's lasting key: the draft and its photo, and at log-out what
// cannot be sealed to the server. It is there again when the same worker logs in on the same phone.

import { phone } from "./idb.js";
import { asBytes, asValue, lockedUnder, ownKey, unlocked } from "./sealing.js";

const KEY = "lasting";

// In memory as well: a draft is written down with every key, and a page that is killed has no time to look for it. Not after
// the browser threw the database away with the key in it.
let lasting = null;
phone.lost = () => { lasting = null; };

export async function lock(value) {
  lasting ??= await ownKey(KEY);
  return lockedUnder(lasting, value instanceof ArrayBuffer ? value : asBytes(value));
}

export const unlock = async (kept) => unlocked(KEY, kept);

/** Keep what `lock` made of a value. Done only when it is on the disk. */
export const holdLocked = (name, kept) => phone.put("held", kept, name);
export const hold = async (name, value) => holdLocked(name, await lock(value));

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
