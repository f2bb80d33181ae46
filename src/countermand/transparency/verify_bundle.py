"""Is a bundle what it says? Its container, seal and time, every entry, chain, checkpoint and exhibit.

As for receipts: whom to trust comes from whoever asks, never from the bundle, and nobody is called.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, BinaryIO, NamedTuple

from countermand.transparency.archives import ArchiveError
from countermand.transparency.bundle_archives import BundleArchive, is_object
from countermand.transparency.bundle_chains import chain_checks, entry_checks, item_of
from countermand.transparency.bundle_history import history_checks
from countermand.transparency.bundle_seals import manifest_checks, seal_checks, stamp_checks
from countermand.transparency.bundles import Contents, ExhibitLine, Statement, openings_of
from countermand.transparency.entries import Entry
from countermand.transparency.magic import contradicts
from countermand.transparency.notes import NoteError
from countermand.transparency.receipts import Opened, Proved
from countermand.transparency.verify import Check, Findings, Mark, Question, Verdict, refused
from countermand.vocabulary.bundle_names import (
    OPENINGS,
    POLICY,
    SEALED_MANIFEST,
    SIGNATURE,
    STAMP,
    STAMPED_MANIFEST,
    STATEMENT,
    is_document,
    object_name,
)

CAPTURED, OPENED = "evidence.captured", "case.opened"
PLAIN = "plain"
_HEAD_BYTES = 512
_NEEDED = (STATEMENT, OPENINGS, SEALED_MANIFEST, SIGNATURE)


class Seen(NamedTuple):
    """What one pass over an exhibit's bytes showed: hash, first bytes, and its commitments by salt."""

    digest: bytes
    head: bytes
    macs: Mapping[bytes, str]


@dataclass(frozen=True, slots=True)
class _Bundle:
    """A container that was read; long members are known by their digests only."""

    files: Mapping[str, bytes]
    digests: Mapping[str, bytes]
    sizes: Mapping[str, int]
    seen: Mapping[str, Seen]
    contents: Contents


def verify_bundle(file: BinaryIO, question: Question) -> Findings:
    """Check a bundle, a file that can be searched. Total: what cannot be read is a failed check."""
    try:
        bundle = _read(BundleArchive.of(file))
    except (ArchiveError, NoteError) as error:
        return Findings((refused("container", error),))
    except ValueError as error:
        return Findings((Check("statement", Mark.FAILED, "", {"detail": str(error)}),))
    checks = [Check("bundle_container", Mark.PASSED, "", {"count": len(bundle.digests)})]
    checks += _own_policy(bundle, question)
    checks += manifest_checks(bundle.files[SEALED_MANIFEST], bundle.digests)
    stamp = stamp_checks(bundle.files, bundle.digests, question)
    checks += seal_checks(bundle.files, question, stamp)
    checks += stamp
    checks += _statement_checks(bundle)
    judge = cache(question.policy.judge)
    checks += entry_checks(bundle.contents, question, judge)
    checks += chain_checks(bundle.contents)
    checks += history_checks(bundle.contents, bundle.files, question, judge)
    checks += _exhibit_checks(bundle)
    found = Findings(tuple(checks))
    items = tuple(bundle.contents.items.values())
    return found if found.verdict is Verdict.FORGED else Findings(found.checks, items)


def _read(archive: BundleArchive) -> _Bundle:
    """Raises ArchiveError, NoteError, ValueError (the statement or the openings are none)."""
    names = archive.members
    for name in _NEEDED:
        if name not in names:
            raise ArchiveError("archive_lacks", f"{name} is missing", name)
    if (STAMP in names) != (STAMPED_MANIFEST in names):
        raise ArchiveError("archive_lacks", "a time stamp stands there without its manifest, or the reverse")
    files = {name: archive.read(name) for name in names if not (is_object(name) or is_document(name))}
    digests = {name: sha256(data).digest() for name, data in files.items()}
    digests |= {name: archive.digest(name) for name in names if is_document(name)}
    statement, openings = Statement.parse(files[STATEMENT]), openings_of(files[OPENINGS])
    items = {
        name: item_of(name, files, openings.pop(name, {})) for name in files if name.startswith("entries/")
    }
    lone = [name for name in files if name.startswith("proofs/") and _entry_of(name) not in items]
    if lone:
        raise ArchiveError("archive_lacks", f"the entry of {lone[0]} is missing", lone[0])
    if openings:
        raise ValueError(f"{', '.join(sorted(openings))} is no entry of this bundle")
    salts: dict[str, set[bytes]] = {}
    for one in statement.exhibits:
        opened = _opened(items, one)
        if one.sha256 is not None and opened is not None:
            salts.setdefault(one.sha256, set()).add(opened.salt)
    seen = {name: _seen(archive, name, salts) for name in names if is_object(name)}
    digests |= {name: one.digest for name, one in seen.items()}
    sizes = {name: info.file_size for name, info in names.items()}
    return _Bundle(files, digests, sizes, seen, Contents(statement, items))


def _entry_of(proof: str) -> str:
    return f"entries/{proof.removeprefix('proofs/').removesuffix('.tlog-proof')}.json"


def _opened(items: Mapping[str, Proved], line: ExhibitLine) -> Opened | None:
    return items[line.entry].openings.get(PLAIN) if line.entry in items else None


def _seen(archive: BundleArchive, name: str, salts: Mapping[str, set[bytes]]) -> Seen:
    """One pass over it: hash and commitment together."""
    taken, head = sha256(), b""
    macs = {salt: hmac.new(salt, digestmod="sha256") for salt in salts.get(name.rpartition("/")[2], ())}
    for piece in archive.pieces(name):
        head = head or piece[:_HEAD_BYTES]
        taken.update(piece)
        for mac in macs.values():
            mac.update(piece)
    return Seen(taken.digest(), head, {salt: mac.hexdigest() for salt, mac in macs.items()})


def _own_policy(bundle: _Bundle, question: Question) -> Iterator[Check]:
    if POLICY in bundle.files and question.policy_text is not None:
        same = bundle.files[POLICY] == question.policy_text
        yield Check("policy_inside_same" if same else "policy_inside_differs", Mark.REMARK)


def _statement_checks(bundle: _Bundle) -> Iterator[Check]:
    """The statement is readable by now; it must name every document there is, and no other."""
    statement = bundle.contents.statement
    said = {"case": statement.case, "institution": statement.institution, "made": statement.made_at}
    yield Check("statement", Mark.PASSED, "", {**said, "shown": statement.shown})
    listed = sorted(one.path for one in statement.documents)
    there = sorted(name for name in bundle.digests if is_document(name))
    fits = listed == there and all(
        statement.shown == "court" or one.shown == "everyone" for one in statement.documents
    )
    numbers = [
        one.openings["number"].value
        for one in bundle.contents.items.values()
        if "number" in one.openings and _says(one).get("type") == OPENED
    ]
    if statement.case not in numbers:
        yield Check("case_number", Mark.FAILED if numbers else Mark.REMARK, "", {"case": statement.case})
    yield Check("documents", Mark.PASSED if fits else Mark.FAILED, "", {"count": len(there)})


def _exhibit_checks(bundle: _Bundle) -> Iterator[Check]:
    """Every exhibit that an entry captured is named; what is here is what was captured."""
    statement, items = bundle.contents.statement, bundle.contents.items
    captured = {}
    for name, item in items.items():
        says = _says(item)
        if says.get("type") == CAPTURED:
            exhibit = says["facts"].get("exhibit")
            if not isinstance(exhibit, str):
                yield Check("exhibits_named", Mark.FAILED, name)
                return
            captured[name] = exhibit
    lines = {one.entry: one.exhibit for one in statement.exhibits}
    if lines != captured or len(lines) != len(statement.exhibits):
        missing = sorted(set(captured.values()) ^ {one.exhibit for one in statement.exhibits})
        yield Check("exhibits_named", Mark.FAILED, ", ".join(missing))
        return
    here = [one for one in statement.exhibits if one.sha256 is not None]
    objects = {object_name(bytes.fromhex(str(one.sha256))) for one in here}
    if objects != set(bundle.seen):
        yield Check("exhibits_named", Mark.FAILED, ", ".join(sorted(objects ^ set(bundle.seen))))
        return
    if lines:
        yield Check("exhibits_named", Mark.PASSED, "", {"count": len(lines)})
    for line in statement.exhibits:
        yield from _exhibit_check(bundle, line)


def _says(item: Proved) -> dict[str, Any]:
    try:
        return Entry.parse(item.entry).says
    except (ValueError, RecursionError):
        return {}


def _exhibit_check(bundle: _Bundle, line: ExhibitLine) -> Iterator[Check]:
    item = bundle.contents.items[line.entry]
    entry = Entry.parse(item.entry)
    facts = entry.says["facts"]
    told = (line.kind, line.sniffed, line.lies, line.size)
    meant = (facts.get("kind"), facts.get("media_type"), facts.get("lies"), str(facts.get("bytes")))
    if told != meant:
        yield Check("exhibit", Mark.FAILED, line.exhibit, {"why": "exhibit_retold"})
        return
    if line.sha256 is None:
        yield Check("exhibit_withheld", Mark.REMARK, line.exhibit, {"reason": line.withheld})
        return
    seen = bundle.seen[object_name(bytes.fromhex(line.sha256))]
    size = bundle.sizes[object_name(bytes.fromhex(line.sha256))]
    opened = _opened(bundle.contents.items, line)
    values = {"sha256": line.sha256, "commitment": entry.commitments.get(PLAIN, "-"), "type": line.sniffed}
    fits = (
        opened is not None
        and seen.digest.hex() == line.sha256
        and str(size) == line.size
        and seen.macs[opened.salt] == values["commitment"]
    )
    salt = "" if opened is None else opened.salt.hex()
    yield Check("exhibit", Mark.PASSED if fits else Mark.FAILED, line.exhibit, {**values, "salt": salt})
    said = {"declared": line.declared, "sniffed": line.sniffed}
    if line.lies:
        yield Check("exhibit_lies", Mark.REMARK, line.exhibit, said)
    elif contradicts(line.declared, seen.head):
        yield Check("exhibit_type", Mark.FAILED, line.exhibit, said)
