// What this browser may throw away, said before it does: on the day's list until somebody has read it, and always in the menu.

import { byId, el, t } from "./dom.js";

const TOLD = "gridmap.told.losses";
const { userAgent } = navigator;
const wechat = /MicroMessenger/.test(userAgent);
// an iPad calls itself a Mac, but a Mac has no touch screen
const apple = /iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && navigator.maxTouchPoints > 1);
const onHomeScreen = navigator.standalone || matchMedia("(display-mode: standalone)").matches;

/** What is lost here where, as ends of words' keys; the page itself needs a service worker and a cache. */
const losses = [
  !(navigator.serviceWorker && globalThis.caches) && "page",
  wechat ? "wechat" : apple && !onHomeScreen && "iphone",
].filter(Boolean);

const told = () => {
  try { return localStorage.getItem(TOLD); } catch { return null; }
};
const tell = () => {
  try { localStorage.setItem(TOLD, losses.join()); } catch { /* then it is said again */ }
};

/** On the day's list, until it has been read. */
export function lossNotice() {
  if (!losses.length || told() === losses.join()) return null;
  const read = () => { tell(); node.remove(); };
  const node = el(
    "div", { class: "notice losses", role: "note" }, ...losses.map((one) => el("p", {}, t(`loss.${one}`))),
    el("button", { class: "button", type: "button", on: { click: read } }, t("loss.read")),
  );
  return node;
}

/** In the menu: `granted`: whether the browser promised to keep what lies here. */
export function lasting(granted) {
  const all = losses.length || granted ? losses : ["full"];
  byId("losses").replaceChildren(...all.map((one) => el("p", { class: "quiet small" }, t(`loss.${one}`))));
}
