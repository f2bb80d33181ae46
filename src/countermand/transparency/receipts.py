"""Receipts: what a person keeps of what they told us, and what it takes to hold us to our word.

A receipt is a zip: `entry.json` (the bytes the log holds), `receipt.tlog-proof` (where it holds them, and
who signed that), `openings.json` (what the person said and was told, each with its salt). More entries of the
case stand in `entries/` and `proofs/`. `policy.txt`, `README.txt` and `receipt.pdf` are for people; nothing
that is checked is ever taken from them.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from types import MappingProxyType
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from countermand.transparency import jcs
from countermand.transparency.archives import Archive, ArchiveError
from countermand.transparency.commitments import SALT_BYTES, Opening, committed_bytes
from countermand.transparency.entries import Entry
from countermand.transparency.notes import Note, NoteError
from countermand.transparency.proofs import LogProof
from countermand.transparency.tiles import ENTRY_BYTES_MAX

ENTRY, PROOF, OPENINGS = "entry.json", "receipt.tlog-proof", "openings.json"
POLICY, README, PAPER = "policy.txt", "README.txt", "receipt.pdf"
VERSION = 1
ENTRIES_MAX = 64
PROOF_BYTES_MAX = 500_000
OPENINGS_BYTES_MAX = 1 << 20
# What is longer is not in the receipt: whoever has the file can still show that it is the one.
SHOWN_BYTES_MAX = 64 << 10
RECEIPT_BYTES_MAX = 8 << 20
BYTES_MAX = {
    ENTRY: ENTRY_BYTES_MAX,
    PROOF: PROOF_BYTES_MAX,
    OPENINGS: OPENINGS_BYTES_MAX,
    POLICY: 1 << 18,
    README: 1 << 16,
    PAPER: 4 << 20,
}
# Named by the place in the log; of two shards' entries at the same place the later ones are numbered from 2.
_PLACE = r"((0|[1-9][0-9]{0,18})(?:-([2-9]|[1-9][0-9]))?)"
_MORE_ENTRY = re.compile(rf"entries/{_PLACE}\.json")
_MORE_PROOF = re.compile(rf"proofs/{_PLACE}\.tlog-proof")
_HEX = re.compile(r"[0-9a-f]{64}")


class Opened(NamedTuple):
    """A salt, and the value it belongs to: as JSON, as bytes, or (`hidden`) held by whoever has it."""

    salt: bytes
    value: Any = None
    data: bytes | None = None
    hidden: bool = False

    @classmethod
    def of_file(cls, salt: bytes, data: bytes) -> Opened:
        """Bytes as they are; a long file is left for its owner to show."""
        return cls(salt, hidden=True) if len(data) > SHOWN_BYTES_MAX else cls(salt, data=data)

    def opens(self, commitment: str, files: Sequence[bytes] = ()) -> bool | None:
        """Whether this is what was committed to; None where it is hidden and none of the files is it."""
        if self.hidden:
            return True if any(committed_bytes(one, self.salt) == commitment for one in files) else None
        if self.data is not None:
            return committed_bytes(self.data, self.salt) == commitment
        return Opening(self.value, self.salt).opens(commitment)

    @property
    def told(self) -> dict[str, Any]:
        """As it stands in `openings.json`."""
        said: dict[str, Any] = {"salt": self.salt.hex()}
        if self.data is not None:
            said["bytes"] = b64encode(self.data).decode()
        elif not self.hidden:
            said["value"] = self.value
        return said

    @classmethod
    def of_told(cls, told: Any) -> Opened:
        """Raises ArchiveError `openings_malformed`."""
        if not isinstance(told, dict) or not set(told) <= {"salt", "value", "bytes"} or len(told) > 2:
            raise _malformed("an opening is a salt, and a value or bytes")
        salt = told.get("salt")
        if not isinstance(salt, str) or not _HEX.fullmatch(salt):
            raise _malformed(f"a salt is {SALT_BYTES} bytes in hex")
        if "value" in told:
            return cls(bytes.fromhex(salt), told["value"])
        if "bytes" in told:
            return cls(bytes.fromhex(salt), data=_decoded(told["bytes"]))
        return cls(bytes.fromhex(salt), hidden=True)


class Proved(NamedTuple):
    """One entry, its proof, and what is shown of what it commits to, by name."""

    entry: bytes
    proof: LogProof
    openings: Mapping[str, Opened] = MappingProxyType({})

    @property
    def mark(self) -> str:
        """What a QR code says of it: origin, index and leaf hash."""
        leaf = Entry.parse(self.entry).leaf
        return f"{self.proof.checkpoint.origin}|{self.proof.index}|{leaf.hex()}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is proved, the person's own words first; the rest is for reading only."""

    items: tuple[Proved, ...]
    policy: bytes | None = None
    readme: bytes | None = None
    paper: bytes | None = field(default=None, repr=False)

    def upgraded(self, note: Note) -> Receipt:
        """The same with a note that more have signed: every proof that leads to its text gets it."""
        return replace(
            self,
            items=tuple(
                one._replace(proof=replace(one.proof, note=note)) if one.proof.note.text == note.text else one
                for one in self.items
            ),
        )

    def packed(self) -> bytes:
        """The file.

        Raises ValueError for more than `ENTRIES_MAX` entries, for none, and for one place of one log twice.
        """
        if not 0 < len(self.items) <= ENTRIES_MAX:
            raise ValueError(f"a receipt has 1 to {ENTRIES_MAX} entries, not {len(self.items)}")
        files: dict[str, bytes] = {}
        openings = {}
        places = {(one.proof.checkpoint.origin, one.proof.index) for one in self.items}
        if len(places) != len(self.items):
            raise ValueError("a receipt has each entry of a log once")
        for (name, proof), one in zip(names_of(self.items), self.items, strict=True):
            files[name], files[proof] = one.entry, str(one.proof).encode()
            if one.openings:
                openings[name] = {key: opened.told for key, opened in one.openings.items()}
        files[OPENINGS] = jcs.canonical({"v": VERSION, "openings": openings})
        extra = {POLICY: self.policy, README: self.readme, PAPER: self.paper}
        files |= {name: data for name, data in extra.items() if data is not None}
        return _zipped(files)

    @classmethod
    def unpacked(cls, data: bytes) -> Receipt:
        """The receipt in a file; nothing of it is verified.

        Raises ArchiveError with the code of what is wrong, NoteError for a proof that is none.
        """
        if len(data) > RECEIPT_BYTES_MAX:
            raise ArchiveError("archive_too_large", f"a receipt has at most {RECEIPT_BYTES_MAX} bytes")
        files = Archive.of(data, _bytes_max, 2 * ENTRIES_MAX + len(BYTES_MAX)).files
        for name in (ENTRY, PROOF, OPENINGS):
            if name not in files:
                raise ArchiveError("archive_lacks", f"{name} is missing", name)
        openings = _openings(files[OPENINGS])
        first = _item(files, openings, ENTRY, PROOF)
        more_items = {}
        for name in files:
            if more := _MORE_ENTRY.fullmatch(name):
                index, turn = int(more[2]), int(more[3] or 1)
                item = _item(files, openings, name, f"proofs/{more[1]}.tlog-proof", index)
                more_items[index, turn] = item
            elif (lone := _MORE_PROOF.fullmatch(name)) and f"entries/{lone[1]}.json" not in files:
                raise ArchiveError("archive_lacks", f"the entry of {name} is missing", name)
        if openings:
            raise _malformed(f"{', '.join(sorted(openings))} is no entry of this receipt")
        items = (first, *(more_items[place] for place in sorted(more_items)))
        return cls(items, files.get(POLICY), files.get(README), files.get(PAPER))


def names_of(items: Sequence[Proved]) -> list[tuple[str, str]]:
    """The members of each item's entry and proof, in order; no two are the same."""
    found, turns = [(ENTRY, PROOF)], Counter[int]()
    for one in items[1:]:
        index = one.proof.index
        turns[index] += 1
        place = f"{index}-{turns[index]}" if turns[index] > 1 else f"{index}"
        found.append((f"entries/{place}.json", f"proofs/{place}.tlog-proof"))
    return found


def _bytes_max(name: str) -> int | None:
    if _MORE_ENTRY.fullmatch(name):
        return ENTRY_BYTES_MAX
    return PROOF_BYTES_MAX if _MORE_PROOF.fullmatch(name) else BYTES_MAX.get(name)


def _item(
    files: Mapping[str, bytes], openings: dict[str, Any], name: str, proof: str, index: int | None = None
) -> Proved:
    if proof not in files:
        raise ArchiveError("archive_lacks", f"the proof of {name} is missing", name)
    parsed = LogProof.parse(files[proof])
    if str(parsed).encode() != files[proof]:
        raise NoteError("proof_malformed", "the proof has parts that no signature covers")
    if index not in (None, parsed.index):
        raise ArchiveError("archive_name_wrong", f"{name} stands at index {parsed.index}", name)
    shown = openings.pop(name, {})
    if not isinstance(shown, dict):
        raise _malformed(f"the openings of {name} are not named")
    return Proved(files[name], parsed, {key: Opened.of_told(told) for key, told in shown.items()})


def _openings(data: bytes) -> dict[str, Any]:
    try:
        told = jcs.parsed(data)
    except (ValueError, RecursionError) as error:
        raise _malformed(str(error)) from error
    if not isinstance(told, dict) or set(told) != {"v", "openings"} or told["v"] != VERSION:
        raise _malformed(f"these are no openings of version {VERSION}")
    openings = told["openings"]
    if not isinstance(openings, dict):
        raise _malformed("openings are kept by the name of their entry")
    return openings


def _decoded(text: Any) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (TypeError, ValueError) as error:
        raise _malformed("bytes stand in base 64") from error
    if b64encode(data).decode() != text:
        raise _malformed("base 64 in another spelling than its own")
    return data


def _malformed(detail: str) -> ArchiveError:
    return ArchiveError("openings_malformed", detail, OPENINGS)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """The same files make the same bytes: no dates, no attributes."""
    whole = BytesIO()
    with ZipFile(whole, "w", ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(ZipInfo(name), data, ZIP_DEFLATED)
    return whole.getvalue()
