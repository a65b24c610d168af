"""Checkpoints: section 22 of sync/PROTOCOL.md."""

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import wire

FIELD = b',"signature":"'


def checkpoint_trouble(box, epoch, seq, before, body):
    """What is wrong with a checkpoint that stands after the hash `before`, or nothing."""
    said = wire.parse(body, "the checkpoint")
    if said.get("kind") != "checkpoint":
        # One that was carried over stands in another record.
        return None
    start = body.rfind(FIELD)
    signature = said.get("signature")
    if start < 0 or not isinstance(signature, str):
        return "a checkpoint without a signature"
    if body[start:] != FIELD + signature.encode() + b'"}':
        return "a checkpoint that does not end with its signature"
    if said.get("to") != seq - 1 or said.get("head") != before.hex():
        return "a checkpoint of another chain"
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(said["key"]))
        text = f"menwei-checkpoint-1|{box}|{epoch}|".encode() + body[:start]
        key.verify(base64.b64decode(signature, validate=True), text)
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return "a checkpoint that its key has not signed"
    return None
