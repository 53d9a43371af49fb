// The service worker of /field: keeps the page, its scripts and styles under their version, and nothing of anybody's data.
// The server writes VERSION and FILES above this. A new version waits until the page says that nothing is being written.
/* global VERSION, FILES */

const PREFIX = "gridmap-field-";
const CACHE = PREFIX + VERSION;
/** which language the page was last opened in; outlives versions */
const CHOSEN = "gridmap-chosen-language";

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("message", ({ data }) => { if (data === "take over") self.skipWaiting(); });
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname === "/field") event.respondWith(page(event.request, url));
  else if (FILES.includes(url.pathname)) event.respondWith(kept(event.request, url.pathname));
});

/** All files or none: half a page is not a page. */
async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES.map((path) => new Request(path, { cache: path.startsWith(`/field/${VERSION}/`) ? "default" : "no-cache" })));
}

async function takeOver() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The page in the language that is asked for, else in the last one. */
async function page(request, url) {
  const asked = url.searchParams.get("lang");
  const chosen = await caches.open(CHOSEN);
  if (asked) await chosen.put("/field/language", new Response(asked)).catch(() => null);
  const lang = asked ?? await (await chosen.match("/field/language"))?.text();
  return kept(request, `/field?lang=${lang ?? "zh"}`);
}

async function kept(request, path) {
  const cache = await caches.open(CACHE);
  return await cache.match(path, { ignoreVary: true }) ?? fetch(request);
}
