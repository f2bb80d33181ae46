"""Goal: a case leaves in one file that others believe: whole, sealed, no more than its reader may see.

Method: a house and a log of their own, a real time-stamping authority (openssl); the verifier, and peers.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import asyncpg
import pyrage
import pytest

from adapters.timestamps.authority import OpenSslAuthority
from countermand.adapters.papers.seals import OWN_AUTHORITY
from countermand.flows.agree_act import agree
from countermand.flows.bundle_case import Bound, Bundling, bundle_case
from countermand.flows.hand_out_receipt import NotSealed
from countermand.flows.house import House
from countermand.flows.merge_cases import merge
from countermand.flows.show_exhibits import accesses_of
from countermand.flows.shred_subjects import shred_case
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, Conflict, Forbidden
from countermand.transparency.certificates import roots_of
from countermand.transparency.notes import VerifierKey
from countermand.transparency.trust import TrustPolicy
from countermand.transparency.verify import Findings, Mark, Question, Verdict
from countermand.transparency.verify_bundle import verify_bundle
from countermand.vocabulary.facts import CASE_BUNDLED
from countermand.vocabulary.staff import Role, Staff
from flows.case_stage import NOT_ME, case_at, opened, somebody
from flows.evidence_stage import PNG, brought, closed
from flows.log_stage import seal_all, sealing_on
from flows.stage import NOON, house_on

COURT = pyrage.x25519.Identity.generate()
KEY = str(COURT.to_public())
ASKED = Bundling(age=KEY, reason="法院调取")


@dataclass
class Stage:
    """A house in a folder, one who seals its log, and two people."""

    house: House
    sealing: Any
    folder: Path
    wang: Staff
    zhao: Staff

    async def seal(self) -> None:
        """All there is, signed."""
        await seal_all(await self.sealing.begin())

    async def bound(self, number: str, wanted: Bundling = Bundling()) -> bytes:  # noqa: B008 - it is frozen
        """The bundle, whole."""
        found = await bundle_case(self.house.bundles, number, wanted, self.wang)
        assert isinstance(found, Bound), found
        data = b"".join(found.made.pieces())
        assert len(data) == found.made.size
        found.made.close()
        return data

    async def to_court(self, number: str) -> bytes:
        """What the court opens, once two people let it go."""
        waits = await bundle_case(self.house.bundles, number, ASKED, self.wang)
        assert isinstance(waits, dict), waits
        await agree(self.house.case_desk, waits["waits"]["look"], self.zhao, agreed=True, reason="已核对公函")
        await self.seal()
        return bytes(pyrage.decrypt(await self.bound(number, ASKED), [COURT]))

    async def verify(self, data: bytes) -> Findings:
        """As somebody who has the log's keys and the certificate of the seal's authority."""
        keys = [VerifierKey.parse(key) for shard in await self.house.log.shards() for key in shard.keys]
        roots = roots_of((self.folder / OWN_AUTHORITY).read_bytes())
        return verify_bundle(BytesIO(data), Question(TrustPolicy(tuple(keys)), NOON // 10**6, seals=roots))


@pytest.fixture
async def stage(database_dsn: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A house and a sealer, at noon."""
    clock = ManualClock(NOON)
    async with (
        house_on(database_dsn, clock, data_dir=tmp_path) as house,
        sealing_on(database_dsn, tmp_path / "signer", clock) as sealing,
    ):
        wang = await somebody(house, "wang", Role.INVESTIGATOR)
        zhao = await somebody(house, "zhao", Role.APPROVER)
        yield Stage(house, sealing, tmp_path, wang, zhao)


def files_of(data: bytes) -> dict[str, bytes]:
    """The members of a container."""
    with ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def missing(findings: Findings) -> list[Any]:
    """Whatever did not pass."""
    return [one for one in findings.checks if one.mark in (Mark.FAILED, Mark.MISSING)]


async def test_a_bundle_for_everyone_proves_the_case_without_its_words(stage: Stage) -> None:
    """Promised until the log has all of it, then valid and whole; no word, no exhibit, no hash of one."""
    number = await opened(stage.house)
    sent = await brought(stage.house, number)
    assert isinstance(await bundle_case(stage.house.bundles, number, Bundling(), stage.wang), NotSealed)
    await stage.seal()
    data = await stage.bound(number)
    findings = await stage.verify(data)
    assert findings.verdict is Verdict.VALID, missing(findings)
    codes = {one.code for one in findings.checks}
    assert {"chain_whole", "exhibit_withheld", "history", "all_opening", "documents"} <= codes
    files = files_of(data)
    assert next(iter(files)) == "mimetype"
    assert not [name for name in files if name.startswith("objects/")]
    whole = b"".join(files.values())
    assert NOT_ME.encode() not in whole
    statement = json.loads(files["bundle.json"])
    assert (statement["case"], statement["exhibits"][0]["exhibit"]) == (number, sent.exhibit)
    assert "sha256" not in statement["exhibits"][0]
    listed = [one["path"] for one in statement["documents"]]
    assert {"custody.json", "papers/timeline.pdf", "papers/police-pack.pdf"} <= set(listed)
    assert {one["shown"] for one in statement["documents"]} == {"everyone"}
    assert not any(stage.folder.glob("*.asice*")), "nothing is left behind"


async def test_a_court_gets_everything_and_alone(stage: Stage, database_dsn: str) -> None:
    """It takes two, a reason and a key; words and exhibits are in it, and the customer reads who sent."""
    number = await opened(stage.house)
    sent = await brought(stage.house, number)
    again = await brought(stage.house, number)
    with pytest.raises(BadRequest, match="public key"):
        await bundle_case(stage.house.bundles, number, Bundling(age="age1x", reason="x"), stage.wang)
    with pytest.raises(BadRequest, match="what a bundle"):
        await bundle_case(stage.house.bundles, number, Bundling(age=KEY), stage.wang)
    li = await somebody(stage.house, "li", Role.AGENT)
    with pytest.raises(Forbidden):
        await bundle_case(stage.house.bundles, number, Bundling(), li)
    with pytest.raises(Forbidden):
        await bundle_case(stage.house.bundles, number, ASKED, stage.zhao)

    data = await stage.to_court(number)
    findings = await stage.verify(data)
    assert findings.verdict is Verdict.VALID, missing(findings)
    files = files_of(data)
    assert PNG in files.values(), "the exhibit itself, once for both that have its bytes"
    assert sum(one.code == "exhibit" for one in findings.checks) == 2
    assert NOT_ME in files["openings.json"].decode()
    looks = (await accesses_of(stage.house.room, await case_at(stage.house, number)))["accesses"]
    exported = [one for one in looks if one.get("exhibit") in (sent.exhibit, again.exhibit)]
    assert {(one["by"], one["agreed_by"], one["purpose"]) for one in exported} == {
        ("wang", "zhao", "legal_request")
    }
    assert [one["purpose"] for one in looks if one["what"] == "message"] == ["legal_request"]
    connection = await asyncpg.connect(database_dsn)
    body = json.loads(await connection.fetchval("SELECT body FROM journal WHERE kind = $1", CASE_BUNDLED))
    await connection.close()
    assert (body["shown"], body["agreed_by"], len(body["recipient"])) == ("court", "zhao", 64)
    assert KEY not in str(body)


async def test_what_became_part_of_a_case_stands_beside_it(stage: Stage) -> None:
    """Each case has its chain, and both lead to one checkpoint though the log went on meanwhile."""
    one = await opened(stage.house, account=None)
    other = await opened(stage.house, "还是那笔，不是我", account=None)
    await merge(stage.house.case_desk, one, [other], stage.wang)
    await stage.seal()
    findings = await stage.verify(await stage.bound(one))
    assert findings.verdict is Verdict.VALID, missing(findings)
    assert sum(check.code == "chain_whole" for check in findings.checks) == 2
    assert [check.values["count"] for check in findings.checks if check.code == "one_log"] == [1]


async def test_altered_evidence_leaves_in_no_bundle(stage: Stage) -> None:
    """A sealed exhibit with one bit flipped breaks the making off: nothing is on record, nothing is given."""
    number = await opened(stage.house)
    await brought(stage.house, number)
    waits = await bundle_case(stage.house.bundles, number, ASKED, stage.wang)
    assert isinstance(waits, dict)
    await agree(stage.house.case_desk, waits["waits"]["look"], stage.zhao, agreed=True, reason="x")
    await stage.seal()
    (kept,) = [path for path in (stage.folder / "objects").rglob("*") if path.is_file()]
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.chmod(0o600)
    kept.write_bytes(content)
    with pytest.raises(Conflict, match="altered"):
        await bundle_case(stage.house.bundles, number, ASKED, stage.wang)
    looks = (await accesses_of(stage.house.room, await case_at(stage.house, number)))["accesses"]
    assert looks == []


async def test_what_was_erased_is_proved_and_not_shown(stage: Stage) -> None:
    """The chain stays whole and valid; words, exhibit and agreement are gone, and the bundle says why."""
    number = await opened(stage.house)
    await brought(stage.house, number)
    before = await bundle_case(stage.house.bundles, number, ASKED, stage.wang)
    assert isinstance(before, dict)
    await agree(stage.house.case_desk, before["waits"]["look"], stage.zhao, agreed=True, reason="x")
    await closed(stage.house, number)
    await shred_case(stage.house.room, number, "zhao", "request")
    data = await stage.to_court(number)
    findings = await stage.verify(data)
    assert findings.verdict is Verdict.VALID, missing(findings)
    assert [one.values["reason"] for one in findings.checks if one.code == "exhibit_withheld"] == ["shredded"]
    assert NOT_ME.encode() not in b"".join(files_of(data).values())


class Stamps:
    """The openssl authority, asked directly."""

    def __init__(self, folder: Path) -> None:
        self.authority = OpenSslAuthority(folder)

    async def stamp(self, digest: bytes) -> bytes:
        """A token."""
        from countermand.adapters.timestamps.tokens import request_of, token_of

        return token_of(self.authority.reply(request_of(digest, 7)))


async def test_other_programs_believe_it_too(stage: Stage, tmp_path: Path) -> None:
    """`unzip -t`, `openssl cms -verify -cades` and `openssl ts -verify` accept it, `age` opens it."""
    stamps = Stamps(tmp_path / "tsa")
    late = stage.house.bindery.late  # type: ignore[attr-defined]
    seal, _ = await late.opened()
    late._opened = (seal, stamps)
    number = await opened(stage.house)
    await stage.seal()
    data = await stage.bound(number)
    folder = tmp_path / "court"
    folder.mkdir()
    (folder / "case.asice").write_bytes(data)

    def run(*command: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([str(one) for one in command], cwd=folder, capture_output=True, check=False)

    assert run("unzip", "-tq", "case.asice").returncode == 0
    assert run("unzip", "-q", "case.asice").returncode == 0
    sealed = ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-purpose", "any"]
    sealed += [
        "-in",
        "META-INF/signature001.p7s",
        "-CAfile",
        stage.folder / OWN_AUTHORITY,
        "-out",
        "/dev/null",
    ]
    # The seal was made at noon of the stage; the certificate is judged at that time.
    sealed += ["-attime", str(NOON // 10**6), "-content"]
    judged = run(*sealed, "META-INF/ASiCManifest001.xml")
    assert judged.returncode == 0, judged.stderr
    assert run(*sealed, "META-INF/ASiCManifest002.xml").returncode != 0
    stamp = ["openssl", "ts", "-verify", "-token_in", "-in", "META-INF/timestamp001.tst"]
    stamp += ["-CAfile", stamps.authority.root_file, "-data"]
    judged = run(*stamp, "META-INF/ASiCManifest002.xml")
    assert judged.returncode == 0, judged.stderr
    assert run(*stamp, "META-INF/ASiCManifest001.xml").returncode != 0
    findings = await stage.verify(data)
    assert "stamp_unasked" in {one.code for one in findings.checks}

    if shutil.which("age") is None:
        pytest.skip("NOT CHECKED: age is not installed, so nobody but pyrage opens the bundle")
    (folder / "key.txt").write_text(str(COURT))
    (folder / "case.asice.age").write_bytes(pyrage.encrypt(data, [COURT.to_public()]))
    assert run("age", "-d", "-i", "key.txt", "-o", "opened.asice", "case.asice.age").returncode == 0
    assert (folder / "opened.asice").read_bytes() == data
