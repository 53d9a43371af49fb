// What a resident writes, until it is sent, and for a day at most: a device may be lent, or stand at a counter. It lies as a
// worker's draft does, encrypted under a key that no script can read out; where a browser cannot do that, in this tab alone.

import { keeper } from "./keeper.js";

const NAMES = { draft: "resident draft", tried: "resident tried" };
/** where an earlier version left it readable */
const clearReadable = () => { localStorage.removeItem("gridmap.resident.draft"); sessionStorage.removeItem("gridmap.resident.tried"); };
export const DAY_MS = 24 * 3.6e6;

const able = Boolean(globalThis.crypto?.subtle);
const keepers = Object.fromEntries(Object.entries(NAMES).map(([what, name]) => [what, keeper(() => name)]));

/** What was kept, `{...value, saved_at}`, or null; what is older than a day goes. `what`: "draft" or "tried". */
export async function kept(what) {
  forbidden(clearReadable);
  const found = able ? await keepers[what].load() : forbidden(() => JSON.parse(sessionStorage.getItem(NAMES[what])));
  if (!found || Date.now() - Date.parse(found.saved_at) < DAY_MS) return found;
  await drop(what);
  return null;
}

export async function keep(what, value) {
  if (able) await keepers[what].save(value);
  else forbidden(() => sessionStorage.setItem(NAMES[what], JSON.stringify({ ...value, saved_at: new Date().toISOString() })));
}

export async function drop(what) {
  if (able) await keepers[what].drop();
  else forbidden(() => sessionStorage.removeItem(NAMES[what]));
}

/** Storage may be forbidden: the page itself still holds what it has. */
function forbidden(work) {
  try { return work(); } catch { return null; }
}
