// Ciphers of the phone: a key of its own that never leaves it, and a seal that only the server can open.

import { phone } from "./idb.js";

const AES = "AES-GCM";
const INFO = new TextEncoder().encode("gridmap sealed entry v1");

/** The phone's key of a name, made when it is first wanted. Not extractable: scripts use it, none can read it. */
export async function ownKey(name) {
  const known = await phone.get("keys", name);
  if (known) return known;
  const made = await crypto.subtle.generateKey({ name: AES, length: 256 }, false, ["encrypt", "decrypt"]);
  // two tabs may both have made one: the first that was kept is the key
  await phone.within("keys", "readwrite", (store) => store.add(made, name)).catch(() => null);
  return phone.get("keys", name);
}

/** Bytes under the phone's key of a name. */
export const locked = async (name, bytes) => lockedUnder(await ownKey(name), bytes);

export async function lockedUnder(key, bytes) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, bytes: await crypto.subtle.encrypt({ name: AES, iv }, key, bytes) };
}

/** The bytes again; null when they cannot be opened, because the key was thrown away. */
export async function unlocked(name, kept) {
  const key = kept && await phone.get("keys", name);
  if (!key) return null;
  return crypto.subtle.decrypt({ name: AES, iv: kept.iv }, key, kept.bytes).catch(() => null);
}

export const asBytes = (value) => new TextEncoder().encode(JSON.stringify(value));
export const asValue = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

/** What is sealed of a report that waits. The voucher shows the server who wrote it, whoever brings it. */
export const report = ({ key, worker, body, at }, { voucher }) => ({ kind: "incident", key, worker, voucher, body, written_at: at });

/** A value for the server's eyes alone: ephemeral P-256 key (65 bytes), iv (12), AES-256-GCM, as base64. */
export async function sealed(value, { spki }) {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const server = await crypto.subtle.importKey("spki", fromBase64(spki), curve, false, []);
  const own = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: server }, own.privateKey, 256);
  const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: INFO };
  const key = await crypto.subtle.deriveKey(derivation, base, { name: AES, length: 256 }, false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const parts = [await crypto.subtle.exportKey("raw", own.publicKey), iv, await crypto.subtle.encrypt({ name: AES, iv }, key, asBytes(value))];
  return toBase64(new Uint8Array(await new Blob(parts).arrayBuffer()));
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
