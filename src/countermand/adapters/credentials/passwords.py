"""Passwords: Argon2id for keeping, zxcvbn for guessing, a local list of breached ones by hash prefix."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

SCORE_MIN = 3  # zxcvbn: 3 takes an offline attacker 10^8 guesses and more
_JUDGED_CHARACTERS_MAX = 72  # beyond this zxcvbn gets slow, and the head says enough
_PREFIX_CHARACTERS = 5


class ArgonPasswords:
    """Argon2id with the parameters of RFC 9106 (low memory); one hash at a time, off the loop.

    `breached` is a folder of files named by the first five hex digits of SHA-1, each with the other digits of
    leaked passwords' hashes, a line each (`SUFFIX` or `SUFFIX:COUNT`), as the range lists are published.
    """

    def __init__(self, breached: Path | None = None, hasher: PasswordHasher | None = None) -> None:
        self._hasher = PasswordHasher() if hasher is None else hasher
        self._breached = breached
        self._one = asyncio.Semaphore(1)

    async def hashed(self, password: str) -> str:
        """The password as it is kept."""
        async with self._one:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, kept: str, password: str) -> bool:
        """Whether it is the one that is kept."""
        async with self._one:
            return await asyncio.to_thread(self._verified, kept, password)

    async def guessable(self, password: str, known: Sequence[str]) -> bool:
        """Whether it would soon be guessed: common passwords, names, dates, patterns, keyboards."""
        judge = partial(zxcvbn, password[:_JUDGED_CHARACTERS_MAX], user_inputs=list(known))
        return int((await asyncio.to_thread(judge))["score"]) < SCORE_MIN

    async def breached(self, password: str) -> bool:
        """Whether it stands in the local list; without a list, never."""
        return self._breached is not None and await asyncio.to_thread(self._listed, password)

    def _verified(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    def _listed(self, password: str) -> bool:
        assert self._breached is not None
        found = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        prefix, suffix = found[:_PREFIX_CHARACTERS], found[_PREFIX_CHARACTERS:]
        for name in (prefix, f"{prefix}.txt"):
            try:
                lines = (self._breached / name).read_text(encoding="ascii").splitlines()
            except FileNotFoundError:
                continue
            return any(hmac.compare_digest(line.partition(":")[0].strip().upper(), suffix) for line in lines)
        return False
