// One contact with the server: who is logged in, and what of the day's pack has changed. And the end of it all: log-out.

import { data, serverSays } from "./dom.js";
import { get, post } from "./http.js";
import { erasePack, have, joined, keepPack } from "./pack.js";
import { takeOver } from "./drafts.js";
import { putAway } from "./queue.js";

/** somebody logged out on this phone without a network: the server hears it at the next contact */
const OUT = "gridmap.logged-out";

/** The page belongs to this account now; `csrf`: only from the server, a kept page has none. */
export function belongsTo({ csrf_token: csrf, ...account }) {
  data.me = account;
  if (csrf) data.csrf = csrf;
}

/**
 * Ask for what has changed. Answers `{pack, kept}`: the whole pack, and whether the phone had room to keep it.
 * Raises Problem: 0 without a network; 401 and 403 mean that the pack has to go.
 */
export async function sync(pack) {
  const [account, answer] = await Promise.all([get("/me"), get("/pack", { have: have(pack) })]);
  if (loggedOut()) await sayLoggedOut(account);
  const mine = !pack || pack.about.owner === account.username;
  const whole = mine && complete(pack, answer);
  if (!mine) await putThingsAway(pack.about);
  belongsTo(account);
  serverSays(answer.made_at);
  data.today = account.today ?? answer.made_at.slice(0, 10);
  const { csrf_token: _, ...known } = account;
  const told = whole ? answer : await get("/pack");
  const made = joined(whole ? pack : null, told, known);
  const changed = Object.keys(told.sections).filter((name) => "data" in told.sections[name]);
  const kept = await keepPack(made, changed);
  await takeOver();
  return { pack: made, kept };
}

/** Whether every section is here or came just now. */
const complete = (pack, answer) => Object.entries(answer.sections).every(([name, one]) => "data" in one || pack?.sections[name] !== undefined);

/** What waits is sealed or held, as drafts are always; then the pack's key and the pack are thrown away. */
export async function putThingsAway(about) {
  await putAway(about?.sealing_key ?? null);
  await takeOver();
  await erasePack();
}

export const loggedOut = () => localStorage.getItem(OUT) !== null;

/** Log out: on this phone at once, on the server now or at the next contact. */
export async function logOut(about) {
  await putThingsAway(about);
  localStorage.setItem(OUT, "1");
  if (data.csrf) await post("/logout", {}).then(() => localStorage.removeItem(OUT), () => null);
}

async function sayLoggedOut({ csrf_token: csrf }) {
  data.csrf = csrf;
  await post("/logout", {});
  localStorage.removeItem(OUT);
  await get("/me"); // is answered 401, which leads to the log-in
}
