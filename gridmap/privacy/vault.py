"""Sealing personal fields: AES-256-GCM with a key per subject, itself wrapped by the master key.

Destroying a subject's wrapped key makes its boxes unreadable wherever they lie. A box is bound to its subject and its
field, so it cannot be moved to another row unnoticed. (NIST SP 800-38D; nonces are 96 random bits.)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gridmap.errors import EnvironmentFault

KEY_BYTES = 32
_NONCE_BYTES = 12
_WRAP = b"gridmap subject key v1"


def new_master_key() -> str:
    """A fresh master key as text for GRIDMAP_SECRET_KEY: 32 random bytes, base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def parse_master_key(text: str) -> bytes:
    """The bytes of a master key; EnvironmentFault when it is not 32 bytes of base64."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise EnvironmentFault(
            "the secret key is not 32 bytes of base64; `gridmap doctor --new-key` prints a fresh one "
            "(but keep the old one: what is sealed with it opens with nothing else)"
        )
    return key


def _encrypt(cipher: AESGCM, plain: bytes, bound_to: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, bound_to)


def _decrypt(key: bytes, box: bytes, bound_to: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], bound_to)
    except InvalidTag:
        raise EnvironmentFault(
            "a sealed field does not open: GRIDMAP_SECRET_KEY (or the key file) is not the one it was sealed with, "
            "or the row was altered"
        ) from None


@dataclass(frozen=True)
class Vault:
    """Seals and opens fields. Holds the master key; never stored, printed or pickled."""

    master: bytes = field(repr=False)
    #: while keys are rotated: what older subjects are still wrapped with
    former: bytes | None = field(default=None, repr=False)

    def new_subject(self) -> tuple[bytes, bytes]:
        """(key, wrapped key) for a new subject: keep the wrapped one, use the key now, forget it."""
        key = secrets.token_bytes(KEY_BYTES)
        return key, _encrypt(self._wrapper, key, _WRAP)

    @cached_property
    def _wrapper(self) -> AESGCM:
        return AESGCM(self.master)

    def unwrap(self, wrapped: bytes) -> bytes:
        if self.former is not None:
            try:
                return _decrypt(self.master, wrapped, _WRAP)
            except EnvironmentFault:
                return _decrypt(self.former, wrapped, _WRAP)
        return _decrypt(self.master, wrapped, _WRAP)

    def rewrap(self, wrapped: bytes) -> bytes | None:
        """A subject's key wrapped with the master key; None where it is already. EnvironmentFault for neither."""
        try:
            _decrypt(self.master, wrapped, _WRAP)
        except EnvironmentFault:
            return _encrypt(self._wrapper, self.unwrap(wrapped), _WRAP)
        return None

    def seal(self, key: bytes, subject_id: int, name: str, text: str) -> bytes:
        """A box that opens only with this key, for this subject and this field."""
        return self.seal_all(key, subject_id, {name: text})[name]

    def seal_all(self, key: bytes, subject_id: int, texts: Mapping[str, str]) -> dict[str, bytes]:
        """A box for each field of one subject."""
        cipher = AESGCM(key)
        return {name: _encrypt(cipher, text.encode(), f"{subject_id}/{name}".encode()) for name, text in texts.items()}

    def open(self, key: bytes, subject_id: int, name: str, box: bytes) -> str:
        return _decrypt(key, box, f"{subject_id}/{name}".encode()).decode()

    def seal_bytes(self, key: bytes, subject_id: int, name: str, plain: bytes) -> bytes:
        """As `seal`, for what is no text, such as a photo."""
        return _encrypt(AESGCM(key), plain, f"{subject_id}/{name}".encode())

    def open_bytes(self, key: bytes, subject_id: int, name: str, box: bytes) -> bytes:
        return _decrypt(key, box, f"{subject_id}/{name}".encode())

    def digest(self, text: str) -> str:
        """A keyed SHA-256 (HMAC) of text, in hex: tells equal texts, and without the master key nothing else."""
        return hmac.new(self.master, b"gridmap digest v1" + text.encode(), hashlib.sha256).hexdigest()

    def __reduce__(self) -> str:
        raise TypeError("a vault is not pickled")
