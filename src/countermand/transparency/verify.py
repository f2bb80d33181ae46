"""Is a receipt what it says? Every check by name, and a verdict; keys come from whoever asks, never from it.

Nothing here reads a clock, a disk or a network: the file, the policy of trust and the time are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from cryptography.x509 import Certificate

from countermand.transparency.archives import ArchiveError
from countermand.transparency.entries import Entry, instant
from countermand.transparency.notes import (
    COSIGNED_ML_DSA_44,
    ED25519,
    Note,
    NoteError,
    time_of,
)
from countermand.transparency.proofs import LogProof
from countermand.transparency.receipts import Opened, Proved, Receipt, names_of
from countermand.transparency.trust import TrustPolicy, Vouched

DAY_SECONDS = 86_400
# What was signed longer ago is still true, but says nothing of what was added since.
OLD_DAYS = 30
# A witness that signed before an entry says it happened: clocks differ by less than this.
CLOCKS_DIFFER_SECONDS = 600


class Verdict(IntEnum):
    """The answer, and the exit status of the command."""

    VALID = 0
    FORGED = 1
    INCOMPLETE = 2


class Mark(IntEnum):
    """What became of a check; a remark changes no verdict."""

    PASSED = 0
    REMARK = 1
    MISSING = 2
    FAILED = 3


class Check(NamedTuple):
    """One check: its code (`verify_words` says it in words), what of, how it went, and the values it saw."""

    code: str
    mark: Mark
    about: str = ""
    values: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Question:
    """What whoever asks brings along: whom they trust, the time, and what else they hold.

    `now` in POSIX seconds; `files` are files of their own that the receipt only has the salts of; `code` is
    what a QR code said. Of a bundle: `seals` are the certificates that its seal may lead to, `authorities`
    those of time stamps.
    """

    policy: TrustPolicy
    now: int | None = None
    files: tuple[bytes, ...] = ()
    code: str | None = None
    policy_text: bytes | None = None
    seals: tuple[Certificate, ...] = ()
    authorities: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """The checks in the order they were made, and what is proved; nothing is where the verdict is FORGED."""

    checks: tuple[Check, ...]
    proved: tuple[Proved, ...] = field(default=())

    @property
    def verdict(self) -> Verdict:
        """Forged if one check failed, else incomplete if something is missing, else valid."""
        worst = max((one.mark for one in self.checks), default=Mark.MISSING)
        if worst is Mark.FAILED:
            return Verdict.FORGED
        return Verdict.INCOMPLETE if worst is Mark.MISSING else Verdict.VALID


def verify_receipt(data: bytes, question: Question) -> Findings:
    """Check a receipt, a zip as `receipts` describes it. Total: what cannot be read is a failed check."""
    try:
        receipt = Receipt.unpacked(data)
    except (ArchiveError, NoteError) as error:
        return Findings((refused("container", error),))
    checks = [Check("container", Mark.PASSED), *_own_policy(receipt, question)]
    return _verified(receipt.items, question, checks)


def verify_proof(proof: bytes, entry: bytes, question: Question) -> Findings:
    """Check one proof (C2SP tlog-proof) of one entry, each in a file of its own. Total, as above."""
    try:
        item = Proved(entry, LogProof.parse(proof))
    except NoteError as error:
        return Findings((refused("container", error),))
    return _verified((item,), question, [Check("container", Mark.PASSED)])


def _verified(items: Sequence[Proved], question: Question, checks: list[Check]) -> Findings:
    entries = []
    for (about, _), item in zip(names_of(items), items, strict=True):
        checks += item_checks(item, about, question)
        try:
            entry = Entry.parse(item.entry)
            item.proof.checkpoint  # noqa: B018 - what leads to no checkpoint was refused above, and has no place
        except (ValueError, RecursionError):
            continue
        entries.append((about, item, entry))
    checks += _case_checks(entries)
    if question.code is not None:
        checks += _code_checks(entries, question.code)
    found = Findings(tuple(checks))
    return found if found.verdict is Verdict.FORGED else Findings(found.checks, tuple(items))


def refused(code: str, error: ArchiveError | NoteError) -> Check:
    """The check that failed because of this."""
    about = getattr(error, "member", None) or ""
    return Check(code, Mark.FAILED, about, {"why": error.code, "detail": str(error)})


def _own_policy(receipt: Receipt, question: Question) -> Iterator[Check]:
    """The policy in the receipt is worth nothing; that it differs from the one handed in is worth saying."""
    if receipt.policy is not None and question.policy_text is not None:
        same = receipt.policy == question.policy_text
        yield Check("policy_inside_same" if same else "policy_inside_differs", Mark.REMARK)


def item_checks(
    item: Proved, about: str, question: Question, judge: Callable[[Note], Vouched] | None = None
) -> Iterator[Check]:
    """All checks of one entry with its proof and openings; `judge` is the policy's, unless told otherwise."""
    try:
        entry = Entry.parse(item.entry)
    except (ValueError, RecursionError) as error:
        yield Check("entry", Mark.FAILED, about, {"detail": str(error)})
        return
    says = {"type": entry.says["type"], "ts": entry.says["ts"]}
    yield Check("entry", Mark.PASSED, about, says)
    try:
        point = item.proof.checkpoint
        holds = item.proof.holds(entry.leaf)
        vouched = (judge or question.policy.judge)(item.proof.note)
    except NoteError as error:
        yield refused("signature", error)._replace(about=about)
        return
    where = {"index": item.proof.index, "size": point.size, "origin": point.origin, "leaf": entry.leaf.hex()}
    yield Check("inclusion", Mark.PASSED if holds else Mark.FAILED, about, where)
    yield from _signature_checks(vouched, about)
    yield from _time_checks(item, entry, vouched, about, question.now)
    for name, opened in item.openings.items():
        yield _opening_check(entry, name, opened, about, question.files)


def _signature_checks(vouched: Vouched, about: str) -> Iterator[Check]:
    names = {"origin": vouched.checkpoint.origin}
    kinds = {key.kind for key in vouched.logs}
    classic = Mark.PASSED if ED25519 in kinds else Mark.REMARK
    yield Check("signature" if classic is Mark.PASSED else "signature_classic_absent", classic, about, names)
    later = COSIGNED_ML_DSA_44 in kinds
    yield Check(
        "post_quantum" if later else "post_quantum_absent",
        Mark.PASSED if later else Mark.REMARK,
        about,
        names,
    )
    who = {"witnesses": ", ".join(sorted(vouched.witnesses)) or "-"}
    yield Check("quorum", Mark.PASSED if vouched.quorum_met else Mark.MISSING, about, who)


def _time_checks(
    item: Proved, entry: Entry, vouched: Vouched, about: str, now: int | None
) -> Iterator[Check]:
    """The entry's own time is a claim; a cosignature's is its cosigner's word."""
    times = list(vouched.witnesses.values())
    for key in vouched.logs:
        line = item.proof.note.signed_by(key.name, key.id)
        if key.kind == COSIGNED_ML_DSA_44 and line is not None:
            times.append(time_of(line.data) or 0)
    if not times:
        yield Check("time_unsaid", Mark.REMARK, about, {"ts": entry.says["ts"]})
        return
    first = min(times)
    said = {"ts": entry.says["ts"], "at": said_time(first)}
    yield Check("time", Mark.PASSED, about, said)
    if entry.says["ts"] > said_time(first + CLOCKS_DIFFER_SECONDS):
        yield Check("time_later_than_witnessed", Mark.REMARK, about, said)
    if now is not None and now - first > OLD_DAYS * DAY_SECONDS:
        yield Check("checkpoint_old", Mark.REMARK, about, {**said, "days": (now - first) // DAY_SECONDS})


def said_time(seconds: int) -> str:
    """POSIX seconds as entries say times."""
    # No date has more than four digits in its year.
    return instant(min(seconds, 253_402_300_799) * 1_000_000)


def _opening_check(entry: Entry, name: str, opened: Opened, about: str, files: Sequence[bytes]) -> Check:
    where = f"{about} {name}"
    commitment = entry.commitments.get(name)
    if not isinstance(commitment, str):
        return Check("opening", Mark.FAILED, where, {"why": "opening_of_nothing"})
    try:
        opens = opened.opens(commitment, files)
    except ValueError as error:
        return Check("opening", Mark.FAILED, where, {"why": "openings_malformed", "detail": str(error)})
    values = {"commitment": commitment, "salt": opened.salt.hex()}
    if opens is None:
        return Check("opening_elsewhere", Mark.REMARK, where, values)
    return Check("opening", Mark.PASSED if opens else Mark.FAILED, where, values)


def _case_checks(entries: Sequence[tuple[str, Proved, Entry]]) -> Iterator[Check]:
    """All of one case, and what stands side by side in its chain fits together."""
    links = {}
    for about, item, entry in entries:
        try:
            link = entry.link
        except ValueError as error:
            yield Check("chain", Mark.FAILED, about, {"detail": str(error)})
            return
        if link is None:
            continue
        if (link.case, link.seq) in links:
            yield Check("chain", Mark.FAILED, about, {"seq": link.seq})
            return
        links[link.case, link.seq] = (about, item, entry, link)
    if len(entries) > 1 and (len(links) != len(entries) or len({case for case, _ in links}) != 1):
        yield Check("one_case", Mark.FAILED)
        return
    for (case, seq), (about, item, _, link) in sorted(links.items()):
        before = links.get((case, seq - 1))
        if before is not None:
            # Each shard of a log counts from nought: places are compared where they are of the same one.
            same_log = before[1].proof.checkpoint.origin == item.proof.checkpoint.origin
            in_order = not same_log or before[1].proof.index < item.proof.index
            fits = before[2].leaf == link.prev and in_order
            yield Check("chain", Mark.PASSED if fits else Mark.FAILED, about, {"seq": seq})


def _code_checks(entries: Sequence[tuple[str, Proved, Entry]], code: str) -> Iterator[Check]:
    about = next((about for about, item, _ in entries if item.mark == code.strip()), None)
    yield Check("code", Mark.FAILED if about is None else Mark.PASSED, about or "", {"code": code.strip()})
