"""Seeds of draws that must not depend on each other."""

from __future__ import annotations

import hashlib


def seed_of(*numbers: int) -> int:
    """A seed from numbers that say what is drawn, from 0 to 2**31 - 1."""
    digest = hashlib.sha256(" ".join(map(str, numbers)).encode()).digest()
    return int.from_bytes(digest[:4], "little") >> 1
