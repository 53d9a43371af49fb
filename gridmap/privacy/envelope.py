"""Envelopes that phones seal to the server: only its private key opens them, so a phone may keep them for anybody.

Ephemeral ECDH on P-256, HKDF-SHA256 (empty salt, `INFO`), AES-256-GCM. An envelope is the sender's public point
uncompressed (65 bytes), the nonce (12) and the ciphertext with its tag. A phone does the same with WebCrypto
(`js/sealing.js`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from gridmap.errors import InvalidInput

INFO: Final = b"gridmap sealed entry v1"
_CURVE: Final = ec.SECP256R1()
_POINT, _NONCE, _TAG = 65, 12, 16


def new_key() -> tuple[str, str]:
    """(private key, public key) as base64 of DER: PKCS 8, and SubjectPublicKeyInfo as WebCrypto's `spki` reads it."""
    key = ec.generate_private_key(_CURVE)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(private).decode(), base64.b64encode(public).decode()


def open_envelope(private: str, envelope: bytes) -> bytes:
    """What was sealed to this key (as `new_key` gives it). InvalidInput `envelope_broken` where it does not open."""
    key = load_der_private_key(base64.b64decode(private), None)
    if len(envelope) < _POINT + _NONCE + _TAG or not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _broken()
    point, nonce, text = envelope[:_POINT], envelope[_POINT : _POINT + _NONCE], envelope[_POINT + _NONCE :]
    try:
        sender = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
        return AESGCM(_derived(key.exchange(ec.ECDH(), sender))).decrypt(nonce, text, None)
    except (ValueError, InvalidTag):
        raise _broken() from None


def voucher(private: str, worker_id: int) -> str:
    """What a worker's phone puts into its envelopes (hex): who has not got it cannot seal in that worker's name."""
    return hmac.new(private.encode(), f"gridmap voucher v1/{worker_id}".encode(), hashlib.sha256).hexdigest()


def _derived(shared: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=b"", info=INFO).derive(shared)


def _broken() -> InvalidInput:
    return InvalidInput("the entry cannot be opened: it was damaged or cut off on its way", code="envelope_broken")
