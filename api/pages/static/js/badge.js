// The bar: how many messages one has not read, beside the way to them; on a phone the page one is on is in sight.

import { number, t } from "./dom.js";
import { get, Problem } from "./http.js";

const LINKS = document.querySelectorAll("[data-unread]");

/** Show the number on every way there; the number, or null where it could not be asked. */
export async function badge() {
  try {
    const { unread } = await get("/messages/unread");
    for (const node of LINKS) {
      node.hidden = unread === 0;
      node.textContent = number(unread);
      node.setAttribute("aria-label", t("mailbox.unread", { n: unread }));
    }
    return unread;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return null; // the page itself says when the server is away
  }
}

document.querySelector(".bar-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
badge();
