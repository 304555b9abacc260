"""The Ed25519 keys by which a bot knows that what is POSTed to its endpoint comes from this Discord."""

from __future__ import annotations

import secrets
from typing import Any

NO_KEY = "0" * 64


def new_signing_key() -> str:
    """A private key, in hex."""
    return secrets.token_hex(32)


def verify_key(signing_key: str) -> str:
    """The public half of a private key, in hex; zeros where PyNaCl is missing, so that nothing can be signed.

    Args:
        signing_key: The private half, in hex.
    """
    try:
        return str(_load(signing_key).verify_key.encode().hex())
    except ModuleNotFoundError:
        return NO_KEY


def sign(signing_key: str, message: bytes) -> str:
    """The signature of a message, in hex.

    Args:
        signing_key: The private half, in hex.
        message: What is signed.

    Raises:
        ModuleNotFoundError: PyNaCl is missing; the message says how to install it.
    """
    return str(_load(signing_key).sign(message).signature.hex())


def _load(signing_key: str) -> Any:
    try:
        from nacl.signing import SigningKey
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Interactions are signed with PyNaCl, which is not installed: "
            'pip install "viewkit[hikari]", or pip install PyNaCl.',
            name="nacl",
        ) from error
    return SigningKey(bytes.fromhex(signing_key))
