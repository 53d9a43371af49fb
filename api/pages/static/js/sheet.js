// The sheet under the map: how far it is up, by its handle.

import { byId } from "./dom.js";

/** from the top down */
const STOPS = ["full", "half", "peek"];
const now = () => STOPS.indexOf(byId("sheet").dataset.stop);

/** Have the sheet's handle, tapped or dragged from one stop to the next, call `stop` with the name of the next one. */
export function handled(handle, stop) {
  let from = null;
  handle.addEventListener("click", () => stop({ peek: "half", half: "full", full: "peek" }[STOPS[now()]]));
  handle.addEventListener("pointerdown", (event) => { from = event.clientY; });
  handle.addEventListener("pointerup", (event) => {
    const moved = from === null ? 0 : event.clientY - from;
    from = null;
    if (Math.abs(moved) < 24) return;
    const next = now() + Math.sign(moved);
    handle.addEventListener("click", (click) => click.stopImmediatePropagation(), { once: true, capture: true });
    stop(STOPS[Math.min(2, Math.max(0, next))]);
  });
}
