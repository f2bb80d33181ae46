"""Somebody watches a log: what it, its witnesses, a public chain and people show must be one story."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from countermand.kernel.errors import CountermandError
from countermand.transparency.anchors import AnchorReceipt, AnchorState
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.forks import (
    FraudProof,
    beginnings,
    contradiction,
    hashes_between,
    nodes_between,
)
from countermand.transparency.notes import Note, NoteError, Signature, parse_note
from countermand.transparency.trust import TrustPolicy, Vouched
from countermand.transparency.witness_ports import Chain, ShownLog, Witness

LOG, ANCHORS = "log", "anchors"


@dataclass(frozen=True, slots=True)
class Seen:
    """A note that the log signed, and where it was seen."""

    source: str
    note: Note
    point: Checkpoint


@dataclass(frozen=True, slots=True)
class Report:
    """What a look found.

    `top` is what the log shows; `vouched` the largest checkpoint of its story under which the signatures that
    were seen make a quorum. `agree` names the sources whose notes are one story with what the log shows.
    `forks` are proofs against the log. `doubts` says of every other source what is the matter, by a stable
    code: `log_behind` (the log shows less than somebody has), `log_away`, `log_lies`, `witness_away`,
    `witness_lies`, `witness_knows_nothing`, `anchor_away`, `anchor_lies` (the chain has something else),
    `anchor_lost` (it has nothing there), `no_anchors`, and the codes of notes that the log did not sign.
    `keep` are the notes to compare again next time.
    """

    top: Checkpoint | None
    vouched: Vouched | None
    agree: tuple[str, ...]
    forks: tuple[FraudProof, ...]
    doubts: Mapping[str, str]
    keep: tuple[Note, ...]


@dataclass(slots=True)
class _Findings:
    doubts: dict[str, str] = field(default_factory=dict)
    agree: list[str] = field(default_factory=list)
    forks: list[FraudProof] = field(default_factory=list)
    keep: list[Note] = field(default_factory=list)


async def monitor_log(
    policy: TrustPolicy,
    origin: str,
    shown: ShownLog,
    witnesses: Mapping[str, Witness],
    handed: Mapping[str, Note],
    chain: Chain | None = None,
) -> Report:
    """One look at the log of an origin; `handed` are notes from elsewhere, and those kept last time.

    With a `chain`, the anchors that the log shows are looked up there, and their notes compared like others.
    """
    found = _Findings()
    names = list(witnesses)
    anchored = {} if chain is None else await _anchored(shown, chain, found)
    top, *others = await asyncio.gather(
        _look(LOG, shown, None, found), *(_look(name, witnesses[name], origin, found) for name in names)
    )
    notes = [*zip(names, others, strict=True), *anchored.items(), *handed.items()]
    seen = [
        one for name, note in notes if note is not None and (one := _read(policy, origin, name, note, found))
    ]
    shows = None if top is None else _read(policy, origin, LOG, top, found)
    _same_sizes([*seen, *([shows] if shows else [])], found)
    if shows is None:
        found.keep += [one.note for one in seen]
        return _report(policy, None, found)
    found.agree.append(LOG)
    found.keep.append(shows.note)
    for one in seen:
        if one.point.size == shows.point.size:
            if one.point.root == shows.point.root:
                found.agree.append(one.source)
        elif one.point.size > shows.point.size:
            found.doubts[one.source] = "log_behind"
            found.keep.append(one.note)
        else:
            await _began(one, shows, shown, found)
    proven = {note.text for proof in found.forks for note in (proof.older, proof.newer)}
    found.keep += [one.note for one in seen if one.note.text in proven]
    return _report(policy, shows, found, [shows, *(one for one in seen if one.source in found.agree)])


async def _anchored(shown: ShownLog, chain: Chain, found: _Findings) -> dict[str, Note]:
    """The notes whose hash the chain has, by its references; the newest is kept against hiding."""
    notes: dict[str, Note] = {}
    try:
        anchors = await shown.anchors()
    except CountermandError as refusal:
        found.doubts[ANCHORS] = refusal.code
        return notes
    for one in anchors:
        source = f"{one.chain}/{one.reference}"
        digest = sha256(one.note.encode()).hexdigest()
        try:
            note = parse_note(one.note.encode())
            stands = await chain.check(AnchorReceipt(one.chain, digest, one.reference, AnchorState.PENDING))
        except (NoteError, CountermandError) as refusal:
            found.doubts[source] = refusal.code
            continue
        if stands.state is AnchorState.LOST:
            found.doubts[source] = "anchor_lost"
        elif stands.state is not AnchorState.PENDING:
            notes[source] = note
    if not anchors:
        found.doubts[ANCHORS] = "no_anchors"
    found.keep += list(notes.values())[:1]
    return notes


async def _look(name: str, who: ShownLog | Witness, origin: str | None, found: _Findings) -> Note | None:
    try:
        note = await (who.checkpoint() if origin is None else who.latest(origin))  # type: ignore[union-attr]
    except CountermandError as refusal:
        found.doubts[name] = refusal.code
        return None
    if note is None:
        found.doubts[name] = "witness_knows_nothing"
    return note


def _read(policy: TrustPolicy, origin: str, source: str, note: Note, found: _Findings) -> Seen | None:
    """The note, if the log signed it."""
    try:
        point = policy.judge(note).checkpoint
    except NoteError as error:
        found.doubts[source] = error.code
        return None
    if point.origin != origin:
        found.doubts[source] = "log_unknown"
        return None
    return Seen(source, note, point)


def _same_sizes(seen: Sequence[Seen], found: _Findings) -> None:
    """Two roots at one size need no other proof."""
    first: dict[int, Seen] = {}
    for one in seen:
        proof = (
            contradiction(first.setdefault(one.point.size, one).note, one.note) if one.point.size else None
        )
        if proof is not None:
            found.forks.append(proof)


async def _began(one: Seen, top: Seen, shown: ShownLog, found: _Findings) -> None:
    """Whether the tree that the log shows began as this note says; by the log's own tiles."""
    old, new = one.point.size, top.point.size
    if old == 0:
        found.agree.append(one.source)
        return
    try:
        hashes = hashes_between(old, new, await shown.hashes(nodes_between(old, new), new))
    except CountermandError as refusal:
        found.doubts[one.source] = refusal.code
        found.keep.append(one.note)
        return
    proof = contradiction(one.note, top.note, hashes)
    if proof is not None:
        found.forks.append(proof)
    elif _leads_to(hashes, one.point, top.point):
        found.agree.append(one.source)
    else:
        found.doubts[one.source] = "log_lies"
        found.keep.append(one.note)


def _leads_to(hashes: Sequence[bytes], old: Checkpoint, new: Checkpoint) -> bool:
    return beginnings(old.size, new.size, hashes) == (old.root, new.root)


def _vouched(policy: TrustPolicy, seen: Sequence[Seen]) -> Vouched | None:
    """The largest checkpoint with a quorum, by all signatures that were seen under it, wherever that was."""
    lines: dict[str, dict[Signature, None]] = {}
    for one in sorted(seen, key=lambda one: -one.point.size):
        lines.setdefault(one.note.text, {}).update(dict.fromkeys(one.note.signatures))
    judged = (policy.judge(Note(text, tuple(same))) for text, same in lines.items())
    return next((one for one in judged if one.quorum_met), None)


def _report(policy: TrustPolicy, top: Seen | None, found: _Findings, story: Sequence[Seen] = ()) -> Report:
    return Report(
        top=None if top is None else top.point,
        vouched=_vouched(policy, story),
        agree=tuple(found.agree),
        forks=tuple(dict.fromkeys(found.forks)),
        doubts=found.doubts,
        keep=tuple(dict.fromkeys(found.keep)),
    )
