"""Whom a verifier believes (C2SP tlog-policy): logs, witnesses, and how many of the latter it takes.

The policy is handed to the verifier from outside. A key found beside what it is to verify is worth nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import (
    COSIGNED_ED25519,
    COSIGNED_ML_DSA_44,
    ED25519,
    Note,
    NoteError,
    VerifierKey,
    time_of,
    verify_note,
)

NONE = "none"
LOG_KINDS = (ED25519, COSIGNED_ML_DSA_44)
WITNESS_KINDS = (COSIGNED_ED25519, COSIGNED_ML_DSA_44)
_BLANK = re.compile(r"[ \t]+")
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Group(NamedTuple):
    """`threshold` of these members, each a witness or another group."""

    threshold: int
    members: tuple[str, ...]


class Vouched(NamedTuple):
    """A checkpoint that somebody known signed: which log keys, which witnesses and when (POSIX seconds)."""

    checkpoint: Checkpoint
    logs: tuple[VerifierKey, ...]
    witnesses: Mapping[str, int]
    quorum_met: bool


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """Logs by their keys, witnesses and groups by their names in the file, and which name is the quorum."""

    logs: tuple[VerifierKey, ...] = ()
    witnesses: Mapping[str, VerifierKey] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NONE
    addresses: Mapping[str, str] = field(default_factory=dict)

    def judge(self, note: Note) -> Vouched:
        """Who vouches for a checkpoint.

        Raises NoteError: `checkpoint_malformed`; `log_unknown` where no log of the policy has its origin;
        `signature_wrong` where a known key is named and did not sign; `nobody_known` where no log key did.
        Whether the witnesses suffice stands in the answer.
        """
        checkpoint = Checkpoint.of_note(note)
        logs = [key for key in self.logs if key.name == checkpoint.origin]
        if not logs:
            raise NoteError("log_unknown", f"the policy knows no log {checkpoint.origin}")
        signed = verify_note(note, [*logs, *self.witnesses.values()])
        found = tuple(key for key in signed if key in logs)
        if not found:
            raise NoteError("nobody_known", "witnesses signed this, but no key of the log did")
        times = {}
        for name, key in self.witnesses.items():
            line = note.signed_by(key.name, key.id)
            if key in signed and line is not None:
                times[name] = time_of(line.data) or 0
        return Vouched(checkpoint, found, times, self._witnessed(self.quorum, frozenset(times)))

    def _witnessed(self, name: str, who: frozenset[str]) -> bool:
        if name == NONE:
            return True
        group = self.groups.get(name)
        if group is None:
            return name in who
        return sum(self._witnessed(member, who) for member in group.members) >= group.threshold

    def __str__(self) -> str:
        lines = [_line("log", key, self.addresses.get(str(key))) for key in self.logs]
        lines += [
            _line("witness", name, key, self.addresses.get(name)) for name, key in self.witnesses.items()
        ]
        lines += [_line("group", name, one.threshold, *one.members) for name, one in self.groups.items()]
        return "\n".join([*lines, f"quorum {self.quorum}", ""])

    @classmethod
    def parse(cls, text: str) -> TrustPolicy:
        """The policy in a file. Raises NoteError `policy_malformed` that names the line."""
        reading = _Reading()
        for number, line in enumerate(text.split("\n"), 1):
            try:
                reading.read(line)
            except (NoteError, ValueError) as error:
                raise NoteError("policy_malformed", f"line {number}: {error}") from error
        if reading.quorum is None:
            raise NoteError(
                "policy_malformed", "the policy lacks its quorum; `quorum none` asks for no witness"
            )
        return cls(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum, reading.addresses)


def _line(*words: object) -> str:
    return " ".join(str(word) for word in words if word is not None)


class _Reading:
    """A policy, line by line: a name is defined before it is used, and a member of one group at most."""

    def __init__(self) -> None:
        self.logs: list[VerifierKey] = []
        self.witnesses: dict[str, VerifierKey] = {}
        self.groups: dict[str, Group] = {}
        self.addresses: dict[str, str] = {}
        self.quorum: str | None = None
        self._used: set[str] = set()

    def read(self, line: str) -> None:
        if _CONTROL.search(line):
            raise ValueError("a control character")
        match _BLANK.split(line.strip(" \t")):
            case [""]:
                return
            case [word, *_] if word.startswith("#"):
                return
            case ["log", key, *address] if len(address) <= 1:
                self._add_log(VerifierKey.parse(key), address)
            case ["witness", name, key, *address] if len(address) <= 1:
                self._add_witness(name, VerifierKey.parse(key), address)
            case ["group", name, count, first, *more]:
                self._add_group(name, count, (first, *more))
            case ["quorum", name] if self.quorum is None and (name == NONE or self._known(name)):
                self.quorum = name
            case _:
                raise ValueError("neither a log, a witness, a group nor the one quorum")

    def _known(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def _define(self, name: str) -> None:
        if name == NONE or self._known(name):
            raise ValueError(f"the name {name} is taken")

    def _add_log(self, key: VerifierKey, address: list[str]) -> None:
        if key.kind not in LOG_KINDS or any(key.public == one.public for one in self.logs):
            raise ValueError("not a key for logs, or listed before")
        self.logs.append(key)
        self.addresses.update((str(key), one) for one in address)

    def _add_witness(self, name: str, key: VerifierKey, address: list[str]) -> None:
        self._define(name)
        if key.kind not in WITNESS_KINDS or any(key.public == one.public for one in self.witnesses.values()):
            raise ValueError("not a key for witnesses, or listed before")
        self.witnesses[name] = key
        self.addresses.update((name, one) for one in address)

    def _add_group(self, name: str, count: str, members: tuple[str, ...]) -> None:
        self._define(name)
        for member in members:
            if not self._known(member) or member in self._used:
                raise ValueError(f"{member} is not defined above, or is in a group already")
            self._used.add(member)
        words = {"all": len(members), "any": 1}
        if count not in words and not _NUMBER.fullmatch(count):
            raise ValueError("a group takes `all`, `any` or a number of its members")
        wanted = words[count] if count in words else int(count)
        if wanted > len(members):
            raise ValueError(f"{wanted} of {len(members)} members cannot be")
        self.groups[name] = Group(wanted, members)
