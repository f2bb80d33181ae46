"""The entries of a bundle: each one proved, and the chain of each case whole from its first to its last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from countermand.transparency.archives import ArchiveError
from countermand.transparency.bundles import Chain, Contents
from countermand.transparency.entries import Entry
from countermand.transparency.notes import Note, NoteError
from countermand.transparency.proofs import LogProof
from countermand.transparency.receipts import Opened, Proved
from countermand.transparency.trust import Vouched
from countermand.transparency.verify import Check, Mark, Question, item_checks
from countermand.vocabulary.bundle_names import entry_name, proof_name

# Said once for all entries where they pass; whatever else there is to say, of each entry.
_SUMMED = ("entry", "inclusion", "signature", "post_quantum", "quorum", "time", "opening")
_ONCE = frozenset({"signature_classic_absent", "post_quantum_absent", "time_unsaid", "checkpoint_old"})


def item_of(name: str, files: Mapping[str, bytes], openings: Mapping[str, Opened]) -> Proved:
    """An entry with its proof. Raises ArchiveError, NoteError."""
    proof = proof_name(name)
    if proof not in files:
        raise ArchiveError("archive_lacks", f"the proof of {name} is missing", name)
    parsed = LogProof.parse(files[proof])
    if str(parsed).encode() != files[proof]:
        raise NoteError("proof_malformed", "the proof has parts that no signature covers")
    parsed.checkpoint  # noqa: B018 - what leads to no checkpoint is refused here, whoever asks later
    return Proved(files[name], parsed, openings)


def entry_checks(contents: Contents, question: Question, judge: Callable[[Note], Vouched]) -> Iterator[Check]:
    """What holds for all entries is said once; everything else entry by entry."""
    passed: Counter[str] = Counter()
    sample: dict[str, Check] = {}
    # What an exhibit's entry commits to is in the bundle itself, and is checked there.
    here = {f"{one.entry} plain" for one in contents.statement.exhibits if one.sha256 is not None}
    for name, item in contents.items.items():
        for check in item_checks(item, name, question, judge):
            if check.mark is Mark.PASSED and check.code in _SUMMED:
                passed[check.code] += 1
                sample[check.code] = check
            elif (check.code in _ONCE and check.code in sample) or (
                check.code == "opening_elsewhere" and check.about in here
            ):
                continue
            else:
                sample[check.code] = check
                yield check
    for code in _SUMMED:
        if passed[code]:
            yield Check(f"all_{code}", Mark.PASSED, "", {**sample[code].values, "count": passed[code]})


def chain_checks(contents: Contents) -> Iterator[Check]:
    """The chains are those that the statement names, each whole; all leads to the checkpoints it names."""
    left = dict(contents.items)
    for number, chain in enumerate(contents.statement.chains, 1):
        there = {}
        for seq in range(1, chain.entries + 1):
            name = entry_name(number, seq)
            if name in left:
                there[seq] = (name, left.pop(name))
        yield _chain_check(chain, there)
    if left:
        yield Check("chain", Mark.FAILED, min(left), {"detail": "it belongs to no chain that is named"})
    ends = {(one.origin, one.size, one.root) for one in contents.statement.logs}
    points = [item.proof.checkpoint for item in contents.items.values()]
    strays = [one for one in points if (one.origin, one.size, one.root.hex()) not in ends]
    yield Check("one_log", Mark.FAILED if strays or not points else Mark.PASSED, "", {
        "count": len(ends), "size": ", ".join(str(one.size) for one in contents.statement.logs)})  # fmt: skip


def _chain_check(chain: Chain, there: Mapping[int, tuple[str, Proved]]) -> Check:
    """Each entry names the hash of the one before it; the last is the one that the statement names."""
    before: tuple[int, bytes, Proved] | None = None
    missing = next((seq for seq in range(1, chain.entries + 1) if seq not in there), None)
    for seq, (name, item) in there.items():
        try:
            entry = Entry.parse(item.entry)
            link = entry.link
        except (ValueError, RecursionError) as error:
            return Check("chain", Mark.FAILED, name, {"detail": str(error)})
        if link is None or (link.case, link.seq) != (chain.case, seq) or (seq == 1 and link.prev):
            return Check("chain", Mark.FAILED, name, {"seq": seq})
        if before is not None and before[0] == seq - 1:
            same_log = before[2].proof.checkpoint.origin == item.proof.checkpoint.origin
            if link.prev != before[1] or (same_log and before[2].proof.index >= item.proof.index):
                return Check("chain", Mark.FAILED, name, {"seq": seq})
        before = (seq, entry.leaf, item)
    said = {"case": chain.case, "count": chain.entries}
    if missing is not None:
        return Check("chain_gap", Mark.MISSING, chain.case, {**said, "seq": missing})
    if before is None or before[1].hex() != chain.last:
        return Check("chain", Mark.FAILED, chain.case, {"seq": chain.entries})
    return Check("chain_whole", Mark.PASSED, chain.case, said)
