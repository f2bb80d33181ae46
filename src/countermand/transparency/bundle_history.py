"""Earlier checkpoints in a bundle: the log only added to them since, and who outside saw them when."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256

from countermand.transparency.bundle_seals import token_check
from countermand.transparency.bundles import Contents, LogEnd
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import Note, NoteError, parse_note
from countermand.transparency.tree import HASH_BYTES, consistent
from countermand.transparency.trust import Vouched
from countermand.transparency.verify import Check, Mark, Question, refused

_NAME = re.compile(r"checkpoints/([0-9]+)-([0-9]+)\.(txt|consistency|tst|anchor\.json)")


def history_checks(
    contents: Contents, files: Mapping[str, bytes], question: Question, judge: Callable[[Note], Vouched]
) -> Iterator[Check]:
    """All checkpoints of a bundle, and the tokens and anchors of each."""
    names = [name for name in files if name.startswith("checkpoints/")]
    notes = [name for name in names if name.endswith(".txt")]
    lone = [name for name in names if f"{name.partition('.')[0]}.txt" not in notes]
    if lone:
        yield Check("history", Mark.FAILED, min(lone), {"detail": "a checkpoint is missing"})
        return
    failed = False
    for name in notes:
        check = _point_check(contents, name, files, judge)
        if check is not None:
            failed = True
            yield check
            continue
        stem = name.removesuffix(".txt")
        proved = {"count": _known(contents, files[name])}
        if f"{stem}.tst" in files:
            found = token_check(files[f"{stem}.tst"], files[name], question, "log_stamp", name)
            yield found._replace(values={**found.values, **proved})
        if f"{stem}.anchor.json" in files:
            yield _anchor_check(files[f"{stem}.anchor.json"], files[name], name)
    if notes and not failed:
        yield Check("history", Mark.PASSED, "", {"count": len(notes)})


def consistency_said(proof: list[bytes]) -> bytes:
    """A consistency proof as it stands in a bundle: one hash a line, in base 64."""
    return "".join(f"{b64encode(one).decode()}\n" for one in proof).encode()


def _point_check(
    contents: Contents, name: str, files: Mapping[str, bytes], judge: Callable[[Note], Vouched]
) -> Check | None:
    """What is wrong with a checkpoint, if anything is."""
    matched = _NAME.fullmatch(name)
    assert matched is not None, "the container lets no other name in"
    logs = contents.statement.logs
    try:
        note = parse_note(files[name])
        if str(note).encode() != files[name]:
            raise NoteError("note_malformed", "the note has another form than its own")
        judge(note)
        point = Checkpoint.of_note(note)
        proof = _proof(files.get(f"{name.removesuffix('.txt')}.consistency", b""))
    except NoteError as error:
        return refused("history", error)._replace(about=name)
    place, size = int(matched[1]), int(matched[2])
    if not 0 < place <= len(logs) or not _leads(point, size, logs[place - 1], proof):
        return Check("history", Mark.FAILED, name)
    return None


def _leads(point: Checkpoint, size: int, end: LogEnd, proof: list[bytes]) -> bool:
    if (point.origin, point.size) != (end.origin, size) or not 0 < size <= end.size:
        return False
    return consistent(size, point.root, end.size, bytes.fromhex(end.root), proof)


def _proof(data: bytes) -> list[bytes]:
    """Raises NoteError."""
    try:
        found = [b64decode(line, validate=True) for line in data.splitlines()]
    except ValueError as error:
        raise NoteError("proof_malformed", "a line is not base 64") from error
    if consistency_said(found) != data or any(len(one) != HASH_BYTES for one in found):
        raise NoteError("proof_malformed", "the proof is not in its form")
    return found


def _known(contents: Contents, note: bytes) -> int:
    """How many of the bundle's entries this checkpoint has."""
    point = Checkpoint.of_note(parse_note(note))
    return sum(
        one.proof.index < point.size
        for one in contents.items.values()
        if one.proof.checkpoint.origin == point.origin
    )


def _anchor_check(data: bytes, note: bytes, about: str) -> Check:
    """It is of this very note; that the chain has it, everybody looks up there."""
    try:
        said = json.loads(data)
        digest, chain, reference = (str(said[name]) for name in ("digest", "chain", "reference"))
    except (ValueError, KeyError, TypeError, RecursionError):
        return Check("anchor", Mark.FAILED, about)
    fits = digest == sha256(note).hexdigest()
    values = {"chain": chain, "reference": reference, "digest": digest, "block": said.get("block")}
    return Check(
        "anchor_elsewhere" if fits else "anchor", Mark.REMARK if fits else Mark.FAILED, about, values
    )
