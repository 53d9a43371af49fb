// The page keeps itself: its service worker, and a new version's way in. A version waits until nothing is being written.

import { data } from "./dom.js";
import { ifIdle, isWriting, onEnd } from "./writing.js";

const CHECK_MS = 30 * 60 * 1000;

/** Have the page kept for a start without a network. Resolves once it is, or to null where a browser does not do it. */
export async function keepPage() {
  const { serviceWorker } = navigator;
  const registration = await serviceWorker?.register("/field-sw.js", { scope: "/field" }).catch(() => null);
  if (!registration) return null;
  await rememberLanguage();
  const offer = () => (registration.waiting ? ifIdle(() => registration.waiting?.postMessage("take over")) : null);
  // a first worker that takes the page over has the same files: only a later one makes the page old
  let controlled = Boolean(serviceWorker.controller);
  let old = false;
  serviceWorker.addEventListener("controllerchange", () => {
    old = controlled;
    controlled = true;
    if (old && !isWriting()) location.reload();
  });
  onEnd(() => (old ? location.reload() : offer()));
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", offer));
  const check = () => registration.update().catch(() => null);
  setInterval(check, CHECK_MS);
  addEventListener("online", check);
  offer();
  return serviceWorker.ready;
}

/** A start without a network is in the language of this page. */
async function rememberLanguage() {
  const chosen = await caches.open("gridmap-chosen-language");
  await chosen.put("/field/language", new Response(data.lang)).catch(() => null);
}
