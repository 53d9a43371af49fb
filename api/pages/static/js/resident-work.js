// The work itself, in a thread of its own: the page stays awake meanwhile, and goes on where there is no such thread.

const BATCH = 512;
const encoder = new TextEncoder();

function zeros(bytes) {
  let count = 0;
  for (const byte of bytes) {
    if (byte) return count + Math.clz32(byte) - 24;
    count += 8;
  }
  return count;
}

/** A number, as text, whose SHA-256 with the challenge begins with so many zero bits. */
export async function searched({ challenge, bits }) {
  for (let start = 0; ; start += BATCH) {
    const numbers = Array.from({ length: BATCH }, (_, i) => start + i);
    const digests = await Promise.all(numbers.map((one) => crypto.subtle.digest("SHA-256", encoder.encode(`${challenge}:${one}`))));
    const found = digests.findIndex((digest) => zeros(new Uint8Array(digest)) >= bits);
    if (found >= 0) return String(start + found);
  }
}

if (typeof document === "undefined") addEventListener("message", async ({ data }) => { postMessage(await searched(data)); });
