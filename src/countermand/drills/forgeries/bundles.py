"""Genuine bundles of an invented institution, and the truth about them: what its log holds, what opens it."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from random import Random
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from countermand.drills.forgeries.memory_log import SECONDS, MemoryLog
from countermand.drills.forgeries.seals import Signer
from countermand.transparency.asic import Listed, Manifest
from countermand.transparency.bundle_history import consistency_said
from countermand.transparency.bundles import (
    Chain,
    DocumentLine,
    ExhibitLine,
    LogEnd,
    Statement,
    openings_said,
)
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.commitments import committed, committed_bytes
from countermand.transparency.entries import Entry, Link, entry_of, instant
from countermand.transparency.receipts import Opened, Proved
from countermand.transparency.verify import Findings, Question, Verdict
from countermand.vocabulary.bundle_names import (
    BUNDLE_MEDIA,
    MIMETYPE,
    OPENINGS,
    POLICY,
    README,
    SEALED_MANIFEST,
    SIGNATURE,
    SIGNATURE_MEDIA,
    STAMP,
    STAMP_MEDIA,
    STAMPED_MANIFEST,
    STATEMENT,
    checkpoint_name,
    entry_name,
    media_of,
    object_name,
    proof_name,
)

CASES, AT = 3, SECONDS * 10**6
META = (SEALED_MANIFEST, SIGNATURE, STAMPED_MANIFEST, STAMP)
DOCUMENT = "papers/timeline.txt"
Files = dict[str, bytes]


class BundleWorld:
    """Three cases in one log, each with an exhibit and a document; sealed and stamped by two authorities."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.log = MemoryLog(seed)
        self.seal = Signer.made(seed, "An institution", SECONDS)
        self.authority = Signer.made(seed + 1000, "A stamping authority", SECONDS, stamping=True)
        self.openings: dict[int, dict[str, Opened]] = {}
        self.exhibits = [b"\x89PNG\r\n\x1a\n" + self.chance.randbytes(200) for _ in range(CASES)]
        self._chains: list[list[int]] = [[] for _ in range(CASES)]
        for step in (self._report, self._opening, self._change, self._capture, self._change):
            for case in range(CASES):
                step(case)
        self.early = self.log.note("w1", "w2", size=2 * CASES)
        self.note = self.log.note("w1", "w3")
        self.genuine = [self.files(case) for case in range(CASES)]
        self.bundles = [bound(self.with_meta(files)) for files in self.genuine]
        self.question = Question(
            self.log.policy, SECONDS, seals=(self.seal.root,), authorities=(self.authority.root,)
        )

    def files(self, case: int) -> Files:
        """Everything in a bundle but its mimetype and META-INF."""
        items = {entry_name(1, seq): self.item(index) for seq, index in enumerate(self._chains[case], 1)}
        files = {README: "证据包 / bundle\n".encode(), STATEMENT: bytes(self.statement(case, items))}
        files[DOCUMENT] = f"case {case}: nothing but the truth".encode()
        for name, item in items.items():
            files[name], files[proof_name(name)] = item.entry, str(item.proof).encode()
        files[OPENINGS] = openings_said({name: item.openings for name, item in items.items()})
        files[POLICY] = str(self.log.policy).encode()
        size = Checkpoint.of_note(self.early).size
        note = str(self.early).encode()
        name = checkpoint_name(1, size)
        files[name] = note
        proof = self.log.consistency(size, len(self.log.entries))
        files[name.replace(".txt", ".consistency")] = consistency_said(proof)
        files[name.replace(".txt", ".tst")] = self.authority.stamped(note, SECONDS)
        files[object_name(sha256(self.exhibits[case]).digest())] = self.exhibits[case]
        return files

    def statement(self, case: int, items: Mapping[str, Proved]) -> Statement:
        """What the institution says of a case."""
        point = Checkpoint.of_note(self.note)
        *_, last = items.values()
        line = ExhibitLine(
            f"exh-{case}", entry_name(1, 4), "screenshot", "image/png", "image/png", False,
            str(len(self.exhibits[case])), sha256(self.exhibits[case]).hexdigest(),
        )  # fmt: skip
        return Statement(
            case=f"{case:012}",
            institution="示例 / Example",
            shown="court",
            made_at=instant(AT),
            chains=(Chain(f"case-{case}", len(items), Entry.parse(last.entry).leaf.hex()),),
            logs=(LogEnd(point.origin, point.size, point.root.hex()),),
            exhibits=(line,),
            documents=(DocumentLine(DOCUMENT, "text/plain", "everyone"),),
        )

    def with_meta(self, files: Files, seal: Signer | None = None) -> Files:
        """The same under a seal (the institution's own unless told otherwise), stamped."""
        manifest = bytes(Manifest(SIGNATURE, SIGNATURE_MEDIA, _listed(files)))
        signature = (seal or self.seal).sealed(manifest)
        over = _listed({SEALED_MANIFEST: manifest, SIGNATURE: signature})
        stamped = bytes(Manifest(STAMP, STAMP_MEDIA, over))
        token = self.authority.stamped(stamped, SECONDS)
        meta = dict(zip(META, (manifest, signature, stamped, token), strict=True))
        return {MIMETYPE: BUNDLE_MEDIA.encode(), **files, **meta}

    def item(self, index: int) -> Proved:
        """An entry with its proof and all of its openings."""
        return Proved(self.log.entries[index], self.log.proof(index, self.note), self.openings[index])

    def believed(self, findings: Findings, forged: bytes, *, insider: bool) -> bool:
        """Whether anything untrue was believed.

        An institution that seals a lie of its own may be believed in what it alone vouches for (documents);
        all that the log vouches for must be true, and no step in between may be left out.
        """
        if any(not self._true(one) for one in findings.proved):
            return True
        if findings.verdict is not Verdict.VALID:
            return False
        files = members_of(forged)
        if insider:
            count = sum(name.startswith("entries/") for name in files)
            return any(
                entry_name(1, seq) not in files for seq in range(1, count + 1)
            ) or not any(files.get(name) == data for one in self.genuine for name, data in one.items()
                         if name.startswith("objects/"))  # fmt: skip
        plain = {name: data for name, data in files.items() if name not in META and name != MIMETYPE}
        return plain not in self.genuine

    def _true(self, item: Proved) -> bool:
        index = item.proof.index
        if index >= len(self.log.entries) or self.log.entries[index] != item.entry:
            return False
        if item.proof.note.text != self.note.text:
            return False
        shown = {name: opened for name, opened in item.openings.items() if not opened.hidden}
        return all(self.openings[index].get(name) == opened for name, opened in shown.items())

    def _report(self, case: int) -> None:
        text = f"不是我转的 {self.chance.randrange(10**11)}"
        self._add(case, "report.received", {"report": f"in-{case}"}, {"text": text})

    def _opening(self, case: int) -> None:
        self._add(case, "case.opened", {}, {"number": f"{case:012}"})

    def _change(self, case: int) -> None:
        self._add(case, "case.changed", {"kind": "contained"}, {"body": {"orders": self.chance.randrange(9)}})

    def _capture(self, case: int) -> None:
        salt, data = self.chance.randbytes(32), self.exhibits[case]
        facts = {"exhibit": f"exh-{case}", "kind": "screenshot", "media_type": "image/png", "lies": False}
        facts |= {"bytes": len(data), "commit": {"plain": committed_bytes(data, salt)}}
        self._append(case, "evidence.captured", facts, {"plain": Opened(salt, hidden=True)})

    def _add(self, case: int, kind: str, facts: dict[str, Any], values: dict[str, Any]) -> None:
        opened = {name: Opened(self.chance.randbytes(32), value) for name, value in values.items()}
        commit = {name: committed(one.value, one.salt) for name, one in opened.items()}
        self._append(case, kind, {**facts, "commit": commit}, opened)

    def _append(self, case: int, kind: str, body: dict[str, Any], opened: dict[str, Opened]) -> None:
        chain = self._chains[case]
        before = Entry.parse(self.log.entries[chain[-1]]).leaf if chain else b""
        name = f"case-{case}"
        entry = entry_of(
            number=self.chance.randrange(10**6),
            kind=kind,
            at=AT + len(chain),
            tenant="main",
            body={"case": name, **body},
            link=Link(name, len(chain) + 1, before),
        )
        chain.append(self.log.append(entry))
        self.openings[chain[-1]] = opened


def bound(files: Mapping[str, bytes]) -> bytes:
    """A container of these files, in their order."""
    whole = BytesIO()
    with ZipFile(whole, "w") as archive:
        for name, data in files.items():
            archive.writestr(ZipInfo(name), data, method_of(name))
    return whole.getvalue()


def method_of(name: str) -> int:
    """How a bundle packs a file."""
    return ZIP_STORED if name == MIMETYPE or name.startswith("objects/") else ZIP_DEFLATED


def members_of(data: bytes) -> Files:
    """The files of a container that can be read."""
    with ZipFile(BytesIO(data)) as archive:
        return {one.filename: archive.read(one) for one in archive.infolist()}


def _listed(files: Mapping[str, bytes]) -> dict[str, Listed]:
    return {name: Listed(media_of(name), sha256(data).digest()) for name, data in files.items()}
