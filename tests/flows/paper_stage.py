"""A stage for papers: a customer with every proof, a night of operations, a report, what came of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from countermand.cases.numbers import read_number
from countermand.evidence.bundles import BundleFile
from countermand.flows.bundle_parts import BundleHouse
from countermand.flows.case_papers import Paper, make_paper
from countermand.flows.give_consent import Agreed, give_consent, show_statement
from countermand.flows.proving import Answer
from countermand.flows.receive_report import receive_report
from countermand.flows.show_case import dossier_of
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.cases import Case
from countermand.vocabulary.incidents import Preset
from flows.challenge_stage import LAPTOP, PHONE, Stage, stage_on
from flows.report_stage import said
from flows.stage import SECOND, payment

MINUTE = 60 * SECOND
ACCOUNT, PAYEE = "wallet-20190417-0042", "6222021234567890128"
ADDRESS, STRANGE = "203.0.113.77", "fp-9c31d2aa7712"
MOBILE, MAIL = "+8613800001234", "li.ming@example.com"
SAID = f"凌晨有两笔付款不是我操作的，我叫李明，手机 13800001234，邮箱 {MAIL}，卡号 {PAYEE}，请马上停住"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@dataclass
class PaperStage:
    """The stage of challenges, with a case on it; `operations` by what became of them."""

    stage: Stage
    house: BundleHouse
    case: Case
    operations: dict[str, str]

    async def made(self, paper: Paper, language: str = "zh", **more: Any) -> dict[str, BundleFile]:
        """The files of a paper, by their paths."""
        files = await make_paper(self.house, self.case, paper, language, **more)
        return {file.path: file for file in files}


async def consented(stage: Stage, operation: str) -> None:
    """Whoever acts agrees to what they are shown."""
    put = await show_statement(stage.house, operation, "zh")
    given = Agreed(digest=put.digest, language="zh", answers=(), credit=None, session="s-1", device=LAPTOP)
    await give_consent(stage.house, operation, given, "app")


async def night(stage: Stage) -> dict[str, str]:
    """One operation proved twice and agreed to, one on a strange device, one small one let through."""
    asked: dict[str, Any] = {"counterparty": {"id": PAYEE}, "ip": ADDRESS, "session": "s-1-20261121"}
    proved = await stage.held(ACCOUNT, **asked)
    await stage.begin(proved, Method.SMS)
    await stage.answer(proved, stage.password())
    await consented(stage, proved)
    await stage.answer(proved, Answer(method=Method.SMS, code=stage.sms.code))
    stage.clock.advance(4 * MINUTE)
    waiting = await stage.held(ACCOUNT, **{**asked, "device": {"id": STRANGE}, "minor": 880_000})
    await stage.begin(waiting, Method.SMS)
    stage.clock.advance(2 * MINUTE)
    small = payment(ACCOUNT, at=stage.clock.now(), minor=90, device={"id": PHONE}, channel="app")
    await stage.house.decider.decide(small, None)
    stage.clock.advance(7 * MINUTE)
    return {"proved": proved, "waiting": waiting, "small": small.id}


@asynccontextmanager
async def papers_on(
    dsn: str, tables: Any, folder: Path, ports: frozenset[str] = frozenset()
) -> AsyncIterator[PaperStage]:
    """The customer settles in, the night passes, they say that it was not them, everything stops.

    `ports` stand behind the outbox beside those of the house.
    """
    async with stage_on(dsn, tables, folder, data_dir=folder / "data") as stage:
        await stage.settle_in(ACCOUNT)
        operations = await night(stage)
        house = stage.house
        report = said(SAID, account=ACCOUNT, received_at=stage.clock.now(), stop=Preset.EVERYTHING)
        reception = replace(house.reception, effect_ports=house.reception.effect_ports | ports)
        received = await receive_report(reception, report, "app", TRACE)
        number = read_number(str(received.answer["case"])) or ""
        stage.clock.advance(3 * MINUTE)
        case = (await dossier_of(house.reception, number)).case
        yield PaperStage(stage, house.bundles, case, operations)
