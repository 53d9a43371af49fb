// How many messages one has not read, beside the way to them.

import { number, t } from "./dom.js";
import { get, Problem } from "./http.js";

const LINKS = document.querySelectorAll("[data-unread]");

export async function badge() {
  try {
    const { unread } = await get("/messages/unread");
    for (const node of LINKS) {
      node.hidden = unread === 0;
      node.textContent = number(unread);
      node.setAttribute("aria-label", t("mailbox.unread", { n: unread }));
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error; // the page itself says when the server is away
  }
}

badge();
