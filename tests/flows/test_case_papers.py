"""Goal: papers say what the record has, in both languages, and nothing raw of anybody.

Method: one night of operations with every kind of proof, a report, and each paper read back from its bytes.
"""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from conftest import drop_database, execute, with_database
from countermand.adapters.banking.simulated.bank import Ledger, SimulatedBank
from countermand.cases.numbers import read_number
from countermand.evidence.bundles import BundleFile
from countermand.evidence.custody import Touch
from countermand.flows.case_papers import Paper, make_paper, part_of
from countermand.flows.case_record import gathered
from countermand.flows.deliver_effects import Deliverer
from countermand.flows.hand_out_paper import hand_out_paper, hand_out_to_holder
from countermand.flows.press_papers import check_covered
from countermand.flows.receive_report import receive_report
from countermand.flows.record_labels import label_operation
from countermand.flows.show_case import dossier_of
from countermand.flows.tell_bank import BankPort
from countermand.kernel.errors import Forbidden, SetupError
from countermand.vocabulary.acts import Decide
from countermand.vocabulary.banking import BANKING
from countermand.vocabulary.cases import CaseOutcome
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.labels import label_of
from countermand.vocabulary.reports import RECEIPT, Sender, Standing
from countermand.vocabulary.staff import Role
from flows.case_stage import acted, somebody
from flows.challenge_stage import PHONE, stage_on
from flows.evidence_stage import PNG, brought, path_of
from flows.log_stage import seal_all, sealing_on
from flows.paper_stage import (
    ACCOUNT,
    ADDRESS,
    MAIL,
    MINUTE,
    MOBILE,
    PAYEE,
    STRANGE,
    TRACE,
    PaperStage,
    papers_on,
)
from flows.report_stage import said
from flows.stage import SECOND, payment

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOM = "case_papers"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def papers(
    postgres_server: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[PaperStage]:
    """A night, a report, a case: one for all who do not need another; none of them undoes what one sees."""
    await execute(postgres_server, f"CREATE DATABASE {ROOM} TEMPLATE {database_template} STRATEGY file_copy")
    dsn = with_database(postgres_server, ROOM)
    tables = await asyncpg.connect(dsn)
    async with papers_on(dsn, tables, tmp_path_factory.mktemp("papers")) as opened:
        yield opened
    await tables.close()
    await drop_database(postgres_server, ROOM)


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
    li = await somebody(house, "zhao", Role.INVESTIGATOR)
    found = Decide(outcome=CaseOutcome.UNAUTHORISED_CONFIRMED, why="两笔均非本人操作")
    await acted(house, papers.case.number, li, found)
    case = (await dossier_of(house.reception, papers.case.number)).case
    files = {file.path: file for file in await make_paper(papers.house, case, Paper.RESPONSIBILITY_MAP, "zh")}
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


async def test_the_timeline_tells_the_night_in_order(papers: PaperStage) -> None:
    """What was asked, said and stopped; the page has no script, and every word of a person is escaped."""
    house = papers.stage.house
    words = "<script>alert(1)</script> 网络是 203.0.113.77"
    sender = Sender(standing=Standing.PROVEN, signs=(RECEIPT,))
    at = papers.stage.clock.now()
    more = said(words, account=ACCOUNT, thread=papers.case.number, sender=sender, received_at=at)
    await receive_report(house.reception, more, "app")
    files = await papers.made(Paper.TIMELINE, "zh")
    data = msgspec.json.decode(files["papers/timeline.json"].content)
    told = [one["what"]["en"] for one in data["moments"]]
    wanted = ["Payment, 100.00 yuan: asked to confirm", "Customer said (app)", "Stopped", "Case opened"]
    assert [one for one in told if one in wanted] == [*wanted, "Customer said (app)"]
    assert [one["at"] for one in data["moments"]] == sorted(one["at"] for one in data["moments"])
    page = files["papers/timeline.html"].content.decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert ADDRESS not in page
    assert "时间线" in page
    assert "Timeline" in (await papers.made(Paper.TIMELINE, "en"))["papers/timeline.html"].content.decode()


async def test_the_timeline_says_what_proves_its_times(
    papers: PaperStage, postgres_server: str, tmp_path: Path
) -> None:
    """Before the log signs, that it has not; then size and root of the signed tree, and every entry."""
    early = msgspec.json.decode((await papers.made(Paper.TIMELINE))["papers/timeline.json"].content)
    assert early["proof_of_time"] is None
    dsn, clock = with_database(postgres_server, ROOM), papers.stage.clock
    async with sealing_on(dsn, tmp_path / "signer", clock) as sealing:
        await seal_all(await sealing.begin())
    data = msgspec.json.decode((await papers.made(Paper.TIMELINE))["papers/timeline.json"].content)
    proof = data["proof_of_time"]
    latest = await papers.house.proofs.log.latest()
    assert latest is not None
    assert (proof["size"], proof["root"]) == (latest.size, latest.root.hex())
    assert proof["entries"] == proof["lines"] > 0
    assert all(one["entry"] for one in data["moments"] if one["what"]["en"] in ("Stopped", "Case opened"))


async def test_one_trace_leads_from_the_first_word_to_the_ledger(database_dsn: str, tmp_path: Path) -> None:
    """Report, case, incident, orders, outbox and the bank's own line carry the same id; the paper says so."""
    tables = await asyncpg.connect(database_dsn)
    async with papers_on(database_dsn, tables, tmp_path, frozenset({"banking"})) as papers:
        house, clock = papers.stage.house, papers.stage.clock
        before = told_of(await papers.made(Paper.SELF_ASSESSMENT))
        assert (before["trace"], before["whole"], before["in_ledger"]) == (TRACE, True, False)
        clock.advance(40 * SECOND)
        ledger = Ledger(tmp_path / "ledger.jsonl", durable=False)
        bank = BankPort(SimulatedBank(ledger, dict, clock), house.works, clock)
        schedule = house.worker.deliverer.schedule
        await Deliverer(house.works, schedule, {BANKING: bank}, {}, clock).settle()
        ledger.close()
        assert {line.asked.trace for line in ledger.lines} == {TRACE}
        after = told_of(await papers.made(Paper.SELF_ASSESSMENT))
        assert (after["whole"], after["in_ledger"], after["broken"]) == (True, True, [])
        took = {one["code"]: (one["seconds"], one["late"]) for one in after["timings"]}
        assert took == {"stopped": (0, False), "core_told": (220, False), "first_answer": (None, False)}
    await tables.close()


def told_of(files: dict[str, BundleFile]) -> dict[str, Any]:
    """The assessment as machines read it."""
    found: dict[str, Any] = msgspec.json.decode(files["papers/self-assessment.json"].content)
    return found


async def test_what_moved_after_the_notice_is_counted(database_dsn: str, tmp_path: Path) -> None:
    """Told, and nothing stopped: a payment goes through and counts until its holder calls it their own."""
    tables = await asyncpg.connect(database_dsn)
    async with stage_on(database_dsn, tables, tmp_path, data_dir=tmp_path / "data") as stage:
        await stage.settle_in(ACCOUNT)
        await stage.held(ACCOUNT, minor=880_000)
        stage.clock.advance(MINUTE)
        heard = said("请问怎么查看上个月的账单明细？", account=ACCOUNT, received_at=stage.clock.now())
        received = await receive_report(stage.house.reception, heard, "app", None)
        stage.clock.advance(MINUTE)
        small = payment(ACCOUNT, at=stage.clock.now(), minor=90, device={"id": PHONE}, channel="app")
        await stage.house.decider.decide(small, None)
        stage.clock.advance(MINUTE)
        number = str(received.answer["case"])
        again = said("请全部停住", account=ACCOUNT, received_at=stage.clock.now(), stop=Preset.EVERYTHING)
        again = msgspec.structs.replace(again, thread=number)
        await receive_report(stage.house.reception, again, "app", None)
        refused = payment(ACCOUNT, at=stage.clock.now() + SECOND, minor=70, channel="app")
        stage.clock.advance(2 * SECOND)
        await stage.house.decider.decide(refused, None)
        case = (await dossier_of(stage.house.reception, read_number(number) or "")).case
        papers = PaperStage(stage, stage.house.bundles, case, {})
        found = losses_of(await papers.made(Paper.LOSSES_AFTER_NOTICE))
        assert found["notice"]["sha256"] == sha256(heard.raw).hexdigest()
        assert found["told_at"] < found["stopped_at"]
        came = [(one["amount_minor"], one["became"], one["wanted"]) for one in found["operations"]]
        assert came == [(880_000, "stopped", None), (90, "took_effect", None), (70, "stopped", None)]
        assert (found["lost"], found["stopped"]) == ({"CNY": 90}, {"CNY": 880_070})
        own = label_of({"operation": small.id, "fraud": False, "source": "customer"})
        await label_operation(stage.house, own, "app")
        files = await papers.made(Paper.LOSSES_AFTER_NOTICE, "en")
        assert losses_of(files)["lost"] == {}
        assert files["papers/losses-after-notice.pdf"].content.startswith(b"%PDF")
    await tables.close()


def losses_of(files: dict[str, BundleFile]) -> dict[str, Any]:
    """The report of losses as machines read it."""
    found: dict[str, Any] = msgspec.json.decode(files["papers/losses-after-notice.json"].content)
    return found


async def test_the_certificate_hashes_everything_again(papers: PaperStage) -> None:
    """Every item is equal and the check joins its chain; what was altered in the store is said to be so."""
    house, case = papers.stage.house, papers.case
    first, second = [await brought(house, case.number, content=PNG + byte) for byte in (b"1", b"2")]
    found = certified(await papers.made(Paper.FORENSIC_CERTIFICATE))
    assert {one["checked"] for one in found["items"]} == {"equal"}
    assert len(found["items"]) >= 6
    pictures = {one["name"]: one["sha256"] for one in found["items"]}
    assert pictures[first.exhibit] == sha256(PNG + b"1").hexdigest()
    async with house.works.open() as unit:
        kept = await unit.evidence.exhibits(case.id)
        chain = [touch.touch for touch in await unit.evidence.custody(kept[0].id)]
    assert chain[-1] is Touch.VERIFIED
    altered = next(one for one in kept if one.id == second.exhibit)
    path = path_of(house, {"object": altered.object.hex()})
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    again = certified(await papers.made(Paper.FORENSIC_CERTIFICATE))
    assert {one["name"]: one["checked"] for one in again["items"]}[altered.id] == "altered"
    marks = {mark: there for one in again["law"] for mark, there in one["marks"].items()}
    assert (marks["hash_now"], marks["seal_from_outside"], marks["sender_told"]) == (False, False, True)


def certified(files: dict[str, BundleFile]) -> dict[str, Any]:
    """The certificate as machines read it."""
    found: dict[str, Any] = msgspec.json.decode(files["papers/forensic-certificate.json"].content)
    return found


async def test_the_police_pack_brings_what_it_lists(papers: PaperStage) -> None:
    """Whatever language was asked for, it is Chinese; every listed hash is that of a file that is there."""
    files = await papers.made(Paper.POLICE_PACK, "en")
    listed = files.pop("papers/police-pack-sha256sums").content.decode().splitlines()
    by_name = {path.rpartition("/")[2]: file.content for path, file in files.items()}
    assert {line.partition("  ")[2] for line in listed} == set(by_name)
    for line in listed:
        digest, _, name = line.partition("  ")
        assert sha256(by_name[name]).hexdigest() == digest, name
    assert {"police-pack.pdf", "timeline.html", "masked-log.csv", "authorisation-record.json"} <= set(by_name)
    alone = await part_of(Paper.POLICE_PACK)(papers.house, papers.case.id, "zh")
    assert [file.path for file in alone] == ["papers/police-pack.pdf"]


async def test_handing_out_is_on_record_and_for_those_who_may(papers: PaperStage) -> None:
    """By role at the desk, by a proven receipt for the holder; the journal has the hashes first."""
    house, number = papers.stage.house, papers.case.number
    agent, investigator = await somebody(house, "li"), await somebody(house, "wang", Role.INVESTIGATOR)
    made = await hand_out_paper(papers.house, number, Paper.AUTHORISATION_RECORD, "zh", agent, TRACE)
    row = await papers.stage.tables.fetchrow("SELECT body, trace_id FROM journal WHERE kind = 'paper.handed'")
    body = msgspec.json.decode(row["body"])
    assert (body["paper"], body["by"], row["trace_id"]) == ("authorisation-record", "li", TRACE)
    assert body["files"] == {file.path: sha256(file.content).hexdigest() for file in made.files}
    with zipfile.ZipFile(BytesIO(made.packed(papers.stage.clock.now()))) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["authorisation-record.pdf", "authorisation-record.json"]
    with pytest.raises(Forbidden, match="role_lacks_verb"):
        await hand_out_paper(papers.house, number, Paper.FORENSIC_CERTIFICATE, "zh", agent)
    assert (await hand_out_paper(papers.house, number, Paper.FORENSIC_CERTIFICATE, "en", investigator)).files
    mine = await hand_out_to_holder(papers.house, papers.case, Paper.MASKED_LOG, "zh")
    assert mine.file_name == f"masked-log-{number}.zip"
    with pytest.raises(Forbidden, match="paper_for_desk"):
        await hand_out_to_holder(papers.house, papers.case, Paper.SELF_ASSESSMENT, "zh")
    claimed = msgspec.structs.replace(papers.case, standing=Standing.CLAIMED.value)
    with pytest.raises(Forbidden, match="holder_not_proven"):
        await hand_out_to_holder(papers.house, claimed, Paper.MASKED_LOG, "zh")
