"""Ids for machines (UUIDv7) and codes for people."""

import os
import secrets
import time
import uuid
from datetime import datetime

# No 0/O, 1/I/L, U: a code is read out on the telephone.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 9


def uuid7() -> uuid.UUID:
    """A time-ordered random id (RFC 9562, version 7): 48 bits of milliseconds, 74 random bits."""
    return _uuid7(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10)))


def first_uuid7(moment: datetime) -> uuid.UUID:
    """The least id that can be made at this moment: those made later are greater, those made earlier are less."""
    return _uuid7(int(moment.timestamp() * 1000), 0)


def _uuid7(milliseconds: int, random: int) -> uuid.UUID:
    value = milliseconds << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def order_code() -> str:
    """A new order code, `ABC-DEF-GHJ`: 44 random bits, so that it cannot be guessed."""
    letters = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    return "-".join(letters[i : i + 3] for i in range(0, CODE_LENGTH, 3))


def normalise_code(text: str) -> str:
    """The code a person meant who typed `text`, with whatever case, spaces and dashes."""
    letters = "".join(letter for letter in text.upper() if letter.isalnum())
    return "-".join(letters[i : i + 3] for i in range(0, len(letters), 3))


def access_nonce() -> str:
    """What makes an order's customer link its own; a new one revokes the link."""
    return secrets.token_hex(16)
