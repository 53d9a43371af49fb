// When to try again without being told: a weak signal, or a server that was down, comes back without the browser noticing.

/** What lies between two tries, in ms: each phone draws its own, so that after an outage not all come at once. */
const [LEAST_MS, MOST_MS] = [30_000, 90_000];

/** Have `contact` done while `waits` answers true and the page is looked at; and when somebody looks at the page again. */
export function tryAgain(contact, waits) {
  const seen = () => document.visibilityState === "visible";
  const later = () => setTimeout(async () => {
    if (seen() && await waits().catch(() => false)) await contact().catch(() => null);
    later();
  }, LEAST_MS + Math.random() * (MOST_MS - LEAST_MS));
  document.addEventListener("visibilitychange", () => { if (seen()) contact(); });
  later();
}
