"""Goal: papers say what the record has, in both languages, and nothing raw of anybody.

Method: one night of operations with every kind of proof, a report, and each paper read back from its bytes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from countermand.evidence.bundles import BundleFile
from countermand.flows.case_papers import Paper
from countermand.flows.case_record import gathered
from countermand.flows.press_papers import check_covered
from countermand.flows.receive_report import receive_report
from countermand.flows.show_case import dossier_of
from countermand.kernel.errors import SetupError
from countermand.vocabulary.acts import Decide
from countermand.vocabulary.cases import CaseOutcome
from countermand.vocabulary.reports import RECEIPT, Sender, Standing
from countermand.vocabulary.staff import Role
from flows.case_stage import acted, somebody
from flows.log_stage import seal_all, sealing_on
from flows.paper_stage import ACCOUNT, ADDRESS, MAIL, MOBILE, PAYEE, STRANGE, TRACE, PaperStage, papers_on
from flows.report_stage import said


@pytest.fixture
async def papers(database_dsn: str, tables: Any, tmp_path: Path) -> AsyncIterator[PaperStage]:
    """A night, a report, a case."""
    async with papers_on(database_dsn, tables, tmp_path) as opened:
        yield opened


async def test_the_authorisation_record_says_what_is_proved_and_what_is_not(papers: PaperStage) -> None:
    """Two factors with consent, a challenge nobody passed, and one that nobody was asked about."""
    files = await papers.made(Paper.AUTHORISATION_RECORD)
    data = msgspec.json.decode(files["papers/authorisation-record.json"].content)
    found = {one["operation"]: one for one in data["operations"]}
    proved, waiting, small = (found[papers.operations[name]] for name in ("proved", "waiting", "small"))
    assert [one["grade"] for one in (proved, waiting, small)] == ["strong", "no_effect", "nothing"]
    assert proved["proofs"][0]["factors"] == ["knowledge", "possession"]
    assert proved["proofs"][0]["same_device"] is True
    assert proved["consent"]["shown_sha256"]
    assert (waiting["proofs"], waiting["hold"]["state"]) == ([], "revoked")
    assert files["papers/authorisation-record.pdf"].content.startswith(b"%PDF")


async def test_the_map_says_which_control_failed_and_goes_with_the_decision(papers: PaperStage) -> None:
    """What was let through unasked fails once it is found unwanted; the map of that moment is kept."""
    before = map_in(await papers.made(Paper.RESPONSIBILITY_MAP))
    small = papers.operations["small"]
    assert verdicts_of(before, small) == {
        "screening": "open", "factors": "not_asked", "consent": "failed", "notice": "not_asked"
    }  # fmt: skip
    assert verdicts_of(before, papers.operations["waiting"])["hold"] == "passed"
    house = papers.stage.house
    li = await somebody(house, "li", Role.INVESTIGATOR)
    found = Decide(outcome=CaseOutcome.UNAUTHORISED_CONFIRMED, why="两笔均非本人操作")
    await acted(house, papers.case.number, li, found)
    papers.case = (await dossier_of(house.reception, papers.case.number)).case
    files = await papers.made(Paper.RESPONSIBILITY_MAP)
    assert verdicts_of(map_in(files), small)["screening"] == "failed"
    kept = files["papers/responsibility-map-decision-1.json"].content
    decided = (await dossier_of(house.reception, papers.case.number)).events[-1]
    assert decided.body["map"] == sha256(kept).hexdigest()


def map_in(files: dict[str, BundleFile]) -> dict[str, Any]:
    """The map as machines read it."""
    found: dict[str, Any] = msgspec.json.decode(files["papers/responsibility-map.json"].content)
    return found


def verdicts_of(found: dict[str, Any], about: str) -> dict[str, str]:
    """What each control came to for one operation."""
    return {one["control"]: one["verdict"] for one in found["findings"] if one["about"] == about}


@pytest.mark.parametrize("holder", [False, True])
async def test_nothing_raw_stands_in_the_masked_log(papers: PaperStage, holder: bool) -> None:
    """No value of anybody in any file, in either cut; the holder's leaves out the work among staff."""
    files = await papers.made(Paper.MASKED_LOG, holder=holder)
    told = msgspec.json.decode(files["logs/masked-log-scan.json"].content)
    assert (told["found"], told["second_reader_found"]) == (0, 0)
    assert told["known_values"] >= 4
    lines = [msgspec.json.decode(line) for line in files["logs/masked-log.jsonl"].content.splitlines()]
    for raw in (ACCOUNT, PAYEE, ADDRESS, STRANGE, MOBILE[3:], MAIL, "李明"):
        assert not [path for path, file in files.items() if raw.encode() in file.content], raw
    kinds = {line["what"]["en"] for line in lines}
    assert {"operation.decided", "order placed", "report received: app", "case opened"} <= kinds
    assert ("message_added" in kinds) is not holder
    assert all("policy" not in line["more"] for line in lines) is holder
    assert {line["trace"] for line in lines if line["what"]["en"] == "order placed"} == {TRACE}


async def test_a_paper_that_would_leak_is_not_made(papers: PaperStage) -> None:
    """What the record has of somebody is looked for as it is; one find, and nothing leaves."""
    async with papers.stage.house.works.open() as unit:
        record = await gathered(papers.house.room.desk, unit, papers.case)
    for leak in (f"an {ACCOUNT} in passing", f"from {ADDRESS}", f"call {MOBILE[3:]}", f"{STRANGE.upper()}"):
        with pytest.raises(SetupError) as refusal:
            check_covered(record, "timeline", ["harmless", leak])
        assert refusal.value.code == "paper_would_leak"
        assert leak not in str(refusal.value.details)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_timeline_tells_the_night_in_order(papers: PaperStage, language: str) -> None:
    """What was asked, said and stopped; the page has no script, and every word of a person is escaped."""
    house = papers.stage.house
    words = "<script>alert(1)</script> 网络是 203.0.113.77"
    sender = Sender(standing=Standing.PROVEN, signs=(RECEIPT,))
    at = papers.stage.clock.now()
    more = said(words, account=ACCOUNT, thread=papers.case.number, sender=sender, received_at=at)
    await receive_report(house.reception, more, "app")
    files = await papers.made(Paper.TIMELINE, language)
    data = msgspec.json.decode(files["papers/timeline.json"].content)
    told = [one["what"]["en"] for one in data["moments"]]
    wanted = ["Payment, 100.00 yuan: asked to confirm", "Customer said (app)", "Stopped", "Case opened"]
    assert [one for one in told if one in wanted] == [*wanted, "Customer said (app)"]
    assert [one["at"] for one in data["moments"]] == sorted(one["at"] for one in data["moments"])
    page = files["papers/timeline.html"].content.decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert ADDRESS not in page
    assert ("时间线" if language == "zh" else "Timeline") in page


async def test_the_timeline_says_what_proves_its_times(
    papers: PaperStage, database_dsn: str, tmp_path: Path
) -> None:
    """Before the log signs, that it has not; then size and root of the signed tree, and every entry."""
    early = msgspec.json.decode((await papers.made(Paper.TIMELINE))["papers/timeline.json"].content)
    assert early["proof_of_time"] is None
    async with sealing_on(database_dsn, tmp_path / "signer", papers.stage.clock) as sealing:
        await seal_all(await sealing.begin())
    data = msgspec.json.decode((await papers.made(Paper.TIMELINE))["papers/timeline.json"].content)
    proof = data["proof_of_time"]
    latest = await papers.house.proofs.log.latest()
    assert latest is not None
    assert (proof["size"], proof["root"]) == (latest.size, latest.root.hex())
    assert proof["entries"] == proof["lines"] > 0
    assert all(one["entry"] for one in data["moments"] if one["what"]["en"] in ("Stopped", "Case opened"))
