"""Goal: what rests on a consent is done while it stands, and not in the second after it was withdrawn.

Method: a house on a real database; its manual clock stands still between the withdrawal and the next use.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from countermand.confirmation.challenge_ports import LivenessResult
from countermand.flows.consent_to_data import withdraw_data_consent
from countermand.flows.house import House
from countermand.flows.proving import Answer
from countermand.flows.show_notices import list_notices
from countermand.flows.use_of_data import NoticeConsents
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import Conflict, Forbidden, Unavailable
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.notices import NoticeMessage
from flows.challenge_stage import Stage, agree, stage_on
from flows.notice_stage import MAIL, notice_stage
from flows.soft_key import SoftKey

BUREAU = "Bureau One"
SHARING = {"recipient": BUREAU, "data": "What happens on your account", "use": "rate credit"}


class SaysYes:
    """A provider of liveness checks that has just seen everybody."""

    def __init__(self) -> None:
        self.seen = 0

    def judge(self, signed: str, linked: str, nonce: str, now: int) -> LivenessResult | None:
        self.seen += 1
        return LivenessResult(f"{signed}-{self.seen}", now + 10**9, document_match=True, device=None)


FACE = Answer(method=Method.LIVENESS, token="face")


@pytest.fixture
async def stage(database_dsn: str, tables: Any, tmp_path: Path) -> AsyncIterator[Stage]:
    """A customer who can prove with everything, the face among it."""
    async with stage_on(database_dsn, tables, tmp_path, SaysYes()) as opened:
        await opened.settle_in(kyc_level=2)
        yield opened


def offered(shown: dict[str, Any]) -> set[str]:
    """The methods that a challenge offers."""
    return {one["method"] for one in shown["details"]["methods"]}


async def test_a_face_is_looked_at_only_while_its_holder_agrees(stage: Stage) -> None:
    """Not offered, with a reason; offered in the same challenge after the consent; refused after its end."""
    operation = await stage.held()
    shown = await stage.begin(operation)
    assert "liveness" not in offered(shown)
    assert [(one["method"], one["purpose"]) for one in shown["not_offered"]] == [("liveness", "biometrics")]
    with pytest.raises(Forbidden, match="data_consent_missing"):
        await stage.answer(operation, FACE)
    await agree(stage.house, "a-1", "biometrics")
    shown = await stage.begin(operation)
    assert "liveness" in offered(shown)
    assert not shown["not_offered"]
    await withdraw_data_consent(stage.house, "a-1", "biometrics", None, "app")
    with pytest.raises(Forbidden, match="data_consent_missing") as refused:
        await stage.answer(operation, FACE)
    assert {"password", "sms"} <= set(refused.value.details["offered"])
    assert "liveness" not in offered(await stage.begin(operation))
    assert stage.challenges.kit.liveness.seen == 0  # type: ignore[union-attr]


async def test_what_was_shown_before_the_withdrawal_stays_shown(stage: Stage) -> None:
    """A face that was looked at by consent counts; the rest of the challenge goes on without it."""
    await agree(stage.house, "a-1", "biometrics")
    operation = await stage.held()
    await stage.begin(operation)
    assert (await stage.answer(operation, FACE))["answered"] == ["liveness"]
    await withdraw_data_consent(stage.house, "a-1", "biometrics", None, "app")
    shown = await stage.begin(operation)
    assert shown["answered"] == ["liveness"]
    assert (await stage.answer(operation, stage.time_code()))["state"] == "satisfied"


async def test_new_words_want_a_new_consent(stage: Stage) -> None:
    """Agreed to version 1; once version 2 is in force nobody's face is looked at until they agree to that."""
    await agree(stage.house, "a-1", "biometrics")
    agreements = stage.house.agreements
    first = next(one for one in agreements.statements if one.purpose == "biometrics")
    second = msgspec.structs.replace(first, version=2)
    stage.challenges = replace(
        stage.challenges, agreements=replace(agreements, statements=(*agreements.statements, second))
    )
    assert "liveness" not in offered(await stage.begin(await stage.held()))


async def test_whoever_has_only_the_face_is_told_what_is_missing(stage: Stage) -> None:
    """A loan at KYC 1 wants the face: without consent it cannot be confirmed here, and the answer says so."""
    stage.key = SoftKey()
    await stage.settle_in("a-2", kyc_level=1)
    loan = await stage.held("a-2", kind="loan_disburse", minor=100_000)
    with pytest.raises(Conflict, match="cannot_be_challenged") as refused:
        await stage.begin(loan)
    assert refused.value.details["withheld"] == {"liveness": "biometrics"}


def shared_with_bureau(house: House) -> NoticeConsents:
    """The webhook is another's."""
    return NoticeConsents(agreements=house.agreements, recipient=BUREAU)


async def test_a_recipient_gets_what_its_consent_covers_and_no_more(house: House, clock: ManualClock) -> None:
    """Another's webhook hears of service only by consent for that recipient; of security always."""
    stage = notice_stage(house, clock, consents=shared_with_bureau(house))
    await stage.tell("n-1", "limit_lowered", "service")
    await stage.tell("n-2", "new_place_login", "security")
    await stage.settle()
    assert [one.notice.id for one in stage.webhook.sent] == ["n-2"]
    await agree(house, "a-1", "sharing", {**SHARING, "recipient": "Bureau Two"})
    await stage.tell("n-3", "limit_lowered", "service")
    await stage.settle()
    await agree(house, "a-1", "sharing", SHARING)
    await stage.tell("n-4", "limit_lowered", "service")
    await stage.settle()
    assert [one.notice.id for one in stage.webhook.sent] == ["n-2", "n-4"]
    await withdraw_data_consent(house, "a-1", "sharing", BUREAU, "app")
    await stage.tell("n-5", "limit_lowered", "service")
    await stage.settle()
    told = [(one.notice.kind, one.notice.id) for one in stage.webhook.sent[2:]]
    assert [kind for kind, _ in told] == ["consent_withdrawn"], "they hear that they must stop, and no more"


async def test_a_notice_on_its_way_is_stopped_by_a_withdrawal(house: House, clock: ManualClock) -> None:
    """Planned while the consent stood, and held up; withdrawn, it does not leave any more."""
    stage = notice_stage(house, clock, consents=shared_with_bureau(house))
    await agree(house, "a-1", "sharing", SHARING)
    await stage.tell("n-1", "limit_lowered", "service")
    tries: list[NoticeMessage] = []

    def away(message: NoticeMessage) -> None:
        tries.append(message)
        raise Unavailable("sender_away", "away", "不可用")

    stage.webhook.behave = away
    await stage.settle()
    assert tries
    await withdraw_data_consent(house, "a-1", "sharing", BUREAU, "app")
    stage.webhook.behave = None
    await stage.later(600)
    assert [one.notice.kind for one in stage.webhook.sent] == ["consent_withdrawn"]
    async with stage.works.open() as unit:
        (sending,) = await unit.notices.sendings("n-1")
    assert (sending.state.value, sending.answer) == (
        "refused",
        {"refused": "no_consent", "purposes": ["sharing"]},
    )


async def test_offers_by_profile_wait_for_their_own_consent(house: House, clock: ManualClock) -> None:
    """A kind that the pack puts under profiling reaches nobody without it, and not the feed either."""
    uses = tuple(
        msgspec.structs.replace(one, notices=("product_offer",)) if one.id == "profiling" else one
        for one in house.agreements.uses
    )
    words = {**house.post.pack.words, "product_offer": house.post.pack.words["test"]}
    stage = notice_stage(
        house,
        clock,
        consents=NoticeConsents(agreements=replace(house.agreements, uses=uses)),
        pack=msgspec.structs.replace(house.post.pack, words=words),
    )
    await stage.reach("a-1", ("email", MAIL))

    async def offers_after(name: str) -> list[str]:
        await stage.tell(name, "product_offer", "service")
        await stage.settle()
        return [one.notice.id for one in stage.email.sent if one.notice.kind == "product_offer"]

    assert await offers_after("n-1") == []
    await agree(house, "a-1", "profiling")
    assert await offers_after("n-2") == ["n-2"]
    await withdraw_data_consent(house, "a-1", "profiling", None, "app")
    assert await offers_after("n-3") == ["n-2"]
    feed = await list_notices(stage, "a-1")
    assert [one["id"] for one in feed["notices"] if one["kind"] == "product_offer"] == ["n-2"]
