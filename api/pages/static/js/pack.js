// The day's pack: own cells, households, open cases. Kept under a key that is thrown away with it; as long as the lease runs.

import { phone } from "./idb.js";
import { asBytes, asValue, locked, unlocked } from "./sealing.js";

const KEY = "pack";
const ABOUT = "about";
const ACCOUNT = "account";
/** base layers are drawn anew when the phone has a network and they are older than this */
const GROUND_MS = 24 * 3.6e6;

/**
 * The pack on this phone: `{about, account, sections}`, or null where there is none. `about.over` when its lease has run out, by a
 * clock that cannot be turned back: the server's at the last contact, and never earlier than the phone was last seen.
 */
export async function openPack() {
  const about = asked(await phone.get("sections", ABOUT).catch(() => null));
  if (!about) return null;
  const now = Math.max(Date.now() + about.ahead, about.seen);
  if (now >= Date.parse(about.lease_until)) return { about: { ...about, over: true }, account: null, sections: {} };
  await phone.put("sections", { ...about, seen: now }, ABOUT).catch(() => null);
  const names = [ACCOUNT, ...Object.keys(about.hashes)];
  const values = await Promise.all(names.map(async (name) => unlocked(KEY, await phone.get("sections", name))));
  if (values.includes(null)) return null; // the browser threw a part away: as if nothing were here
  const { [ACCOUNT]: account, ...sections } = Object.fromEntries(names.map((name, i) => [name, asValue(values[i])]));
  return { about, account, sections };
}

const asked = (about) => (about?.hashes ? about : null);

/** Which sections are here, as `GET /pack` wants to hear it. */
export const have = (pack) => Object.entries(pack?.about.hashes ?? {}).map(([name, hash]) => `${name}:${hash}`).join(",");

/** The server's answer joined with what was here. */
export function joined(pack, answer, account) {
  const named = Object.entries(answer.sections);
  const sections = Object.fromEntries(named.map(([name, one]) => [name, "data" in one ? one.data : pack?.sections[name]]));
  const at = Date.parse(answer.made_at);
  return {
    account, sections,
    about: {
      owner: account.username, made_at: answer.made_at, lease_until: answer.lease_until, sealing_key: answer.sealing_key,
      hashes: Object.fromEntries(named.map(([name, { hash }]) => [name, hash])), ahead: at - Date.now(), seen: at,
    },
  };
}

/** Keep a pack; `changed`: names of the sections to write. False when the phone has no room: then none of it is here. */
export function keepPack(pack, changed) {
  return navigator.locks ? navigator.locks.request("gridmap.pack", () => written(pack, changed)) : written(pack, changed);
}

async function written(pack, changed) {
  try {
    await phone.put("sections", await locked(KEY, asBytes(pack.account)), ACCOUNT);
    for (const name of changed) await phone.put("sections", await locked(KEY, asBytes(pack.sections[name])), name);
    await phone.put("sections", pack.about, ABOUT);
    return true;
  } catch {
    await erasePack();
    return false;
  }
}

/** Throw the key away first: without it the rest is noise, even where a browser deletes late. */
export async function erasePack() {
  await phone.drop("keys", KEY).catch(() => null);
  await phone.clear("sections").catch(() => null);
}

/** A layer of the ground around one's cells, from the phone while it is fresh or there is no network; it names things in
 * the language it was asked in. */
export async function groundOf(name, bbox, fetchLayer) {
  const { lang } = document.documentElement;
  const kept = await phone.get("sections", `ground ${name}`).catch(() => null);
  const bytes = kept?.bbox === bbox ? await unlocked(KEY, kept) : null;
  if (bytes && ((kept.lang === lang && Date.now() - kept.at < GROUND_MS) || !navigator.onLine)) return asValue(bytes);
  try {
    const layer = await fetchLayer(name, { bbox });
    await locked(KEY, asBytes(layer)).then((one) => phone.put("sections", { ...one, bbox, lang, at: Date.now() }, `ground ${name}`)).catch(() => null);
    return layer;
  } catch (error) {
    if (bytes) return asValue(bytes);
    throw error;
  }
}
