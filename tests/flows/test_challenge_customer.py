"""Goal: only the right proof, once, for exactly what was shown, lets an operation go on.

Method: a real database, a customer with every method, and attackers who replay, guess and race.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from countermand.flows.proving import Answer, Visitor
from countermand.kernel.clock import moment_of, rfc3339
from countermand.kernel.errors import BadRequest, Conflict, CountermandError, Forbidden, NotFound, Unavailable
from countermand.vocabulary.authenticators import Method, Purpose
from flows.challenge_stage import PHONE, Stage, asking, stage_on
from flows.soft_key import SoftKey
from flows.stage import NOON, SECOND

MINUTE = 60 * SECOND


@pytest.fixture
async def stage(database_dsn: str, tables: Any, tmp_path: Path) -> AsyncIterator[Stage]:
    """A customer with a password, a phone, a mailbox, an app and a passkey."""
    async with stage_on(database_dsn, tables, tmp_path) as opened:
        await opened.settle_in()
        yield opened


def sms(code: str) -> Answer:
    """A code that came by SMS."""
    return Answer(method=Method.SMS, code=code)


async def test_two_independent_proofs_let_the_operation_go_on(stage: Stage) -> None:
    """A password and a code to the phone; the hold moves on in the same transaction."""
    operation = await stage.held()
    begun = await stage.begin(operation, Method.SMS)
    assert begun["state"] == "open"
    assert begun["details"]["confirming"].zh == "确认：支付100.00元给shop"
    half = await stage.answer(operation, stage.password())
    assert (half["state"], half["missing"]) == ("open", ["independent_factors:1"])
    whole = await stage.answer(operation, sms(stage.sms.code))
    assert (whole["state"], whole["missing"], whole["warning"]) == ("satisfied", [], None)

    hold = await stage.tables.fetchrow("SELECT * FROM hold WHERE operation = $1", operation)
    assert (hold["met"], hold["state"], hold["cause"]) == (["challenge"], "released", "challenge_passed")
    proof = await stage.tables.fetchrow("SELECT * FROM proof")
    assert (proof["id"], proof["operation"]) == (whole["confirmation"], operation)
    given = await stage.tables.fetchrow("SELECT * FROM confirmation")
    assert (given["id"], given["ref"]) == (whole["confirmation"], operation)
    assert (given["strength"], given["methods"]) == (4, ["password", "sms"])
    with pytest.raises(Conflict, match="challenge_ended"):
        await stage.answer(operation, sms(stage.sms.code))
    with pytest.raises(Conflict, match="hold_ended"):
        await stage.begin(operation)


async def test_neither_one_factor_nor_the_same_one_twice_is_enough(stage: Stage) -> None:
    """Two codes by SMS are one factor, however often they are right."""
    operation = await stage.held()
    for _ in range(2):
        await stage.begin(operation, Method.SMS)
        shown = await stage.answer(operation, sms(stage.sms.code))
        assert shown["state"] == "open"
        stage.clock.advance(MINUTE)
    assert await stage.tables.fetchval("SELECT count(*) FROM confirmation") == 0


async def test_the_next_method_is_offered_when_one_is_down(stage: Stage) -> None:
    """The gateway took nothing twice: no SMS for anybody until it does again, and mail is next."""
    stage.sms.failure = Unavailable("sender_away", "away", "不可用")
    stage.clock.advance(10 * MINUTE)
    for _ in range(2):
        await stage.begin(await stage.held(), Method.SMS)
    await stage.deliver()
    methods = [one["method"] for one in (await stage.begin(await stage.held()))["details"]["methods"]]
    assert "sms" not in methods
    assert "out_of_band_call" in methods
    assert methods.index("totp") < methods.index("email")
    with pytest.raises(BadRequest, match="method_not_offered"):
        await stage.begin(await stage.held(), Method.SMS)
    stage.sms.failure = None
    stage.clock.advance(MINUTE)
    await stage.deliver()
    methods = [one["method"] for one in (await stage.begin(await stage.held()))["details"]["methods"]]
    assert methods.index("sms") < methods.index("email")


async def test_an_address_that_is_refused_is_not_offered_to_its_owner_alone(stage: Stage) -> None:
    """A number that is out of service says nothing about the gateway."""
    stage.sms.failure = BadRequest("code_refused", "no", "不")
    await stage.begin(await stage.held(), Method.SMS)
    methods = [one["method"] for one in (await stage.begin(await stage.held()))["details"]["methods"]]
    assert "sms" not in methods
    stage.sms.failure, stage.key = None, SoftKey()
    await stage.settle_in("a-2")
    methods = [one["method"] for one in (await stage.begin(await stage.held("a-2")))["details"]["methods"]]
    assert "sms" in methods


async def test_a_code_is_worth_nothing_for_another_operation_or_later(stage: Stage) -> None:
    """Replayed elsewhere, used twice, or too late, the same digits are a wrong answer."""
    one, other = await stage.held(), await stage.held()
    await stage.begin(one, Method.SMS)
    code = stage.sms.code
    await stage.begin(other, Method.SMS)
    with pytest.raises(Forbidden, match="wrong_answer"):
        await stage.answer(other, sms(code))
    assert (await stage.answer(one, sms(code)))["answered"] == ["sms"]
    with pytest.raises(Forbidden, match="wrong_answer"):
        await stage.answer(one, sms(code))
    stage.clock.advance(5 * MINUTE)
    with pytest.raises(Conflict, match="challenge_expired"):
        await stage.answer(other, sms(stage.sms.code))
    assert (await stage.challenges.status(asking(one)))["state"] == "expired"
    assert (await stage.begin(one))["state"] == "open"


@pytest.mark.parametrize(
    "change", ["counterparty = 'thief'", "amount_minor = 10001", "currency = 'USD'", "institution = 'X'"]
)
async def test_whatever_is_changed_after_the_customer_saw_it_confirms_nothing(
    stage: Stage, change: str
) -> None:
    """The amount, the currency, the payee or its bank: the code was for something else."""
    operation = await stage.held()
    await stage.begin(operation, Method.SMS)
    await stage.tables.execute(f"UPDATE hold SET {change} WHERE operation = $1", operation)
    with pytest.raises(Conflict, match="challenge_changed"):
        await stage.answer(operation, sms(stage.sms.code))
    assert await stage.tables.fetchval("SELECT met FROM hold WHERE operation = $1", operation) == []


async def test_a_passkey_signs_exactly_what_is_confirmed(stage: Stage) -> None:
    """One passkey is two factors; its signature over one operation is nothing in another."""
    one, other = await stage.held(), await stage.held()
    begun, second = await stage.begin(one), await stage.begin(other)
    credential = stage.key.get(begun["details"]["webauthn"])
    with pytest.raises(Forbidden, match="wrong_answer"):
        await stage.answer(other, Answer(method=Method.WEBAUTHN, credential=credential))
    done = await stage.answer(one, Answer(method=Method.WEBAUTHN, credential=credential))
    assert done["state"] == "satisfied"
    evidence = msgspec.json.decode(await stage.tables.fetchval("SELECT evidence FROM confirmation"))
    assert evidence[0]["credential"]["response"]["signature"]
    used = stage.key.get(second["details"]["webauthn"])
    await stage.answer(other, Answer(method=Method.WEBAUTHN, credential=used))
    third = await stage.begin(await stage.held())
    stage.key.count = 0  # a copy of the key, whose counter lags behind
    copied = stage.key.get(third["details"]["webauthn"])
    with pytest.raises(Forbidden, match="wrong_answer"):
        await stage.answer(third["ref"], Answer(method=Method.WEBAUTHN, credential=copied))


async def test_a_passkey_of_another_party_person_or_account_is_refused(stage: Stage) -> None:
    """A phishing origin, another relying party, no verified person, another customer's key."""
    operation = await stage.held()
    options = (await stage.begin(operation))["details"]["webauthn"]
    key = stage.key
    for origin, party, flags in [
        ("https://countermand.evil.example", "localhost", 5),
        ("http://localhost:8080", "evil.example", 5),
        ("http://localhost:8080", "localhost", 1),
    ]:
        key.origin, key.party, key.flags = origin, party, flags
        with pytest.raises(Forbidden, match="wrong_answer"):
            await stage.answer(operation, Answer(method=Method.WEBAUTHN, credential=key.get(options)))
    stage.key = SoftKey()
    await stage.settle_in("a-2")
    with pytest.raises(Forbidden, match=r"wrong_answer|method_locked"):
        await stage.answer(operation, Answer(method=Method.WEBAUTHN, credential=stage.key.get(options)))


async def test_a_time_code_is_used_up(stage: Stage) -> None:
    """The same six digits do not confirm two operations."""
    one, other = await stage.held(), await stage.held()
    await stage.begin(one)
    await stage.begin(other)
    code = stage.time_code()
    assert (await stage.answer(one, code))["answered"] == ["totp"]
    with pytest.raises(Forbidden, match="wrong_answer"):
        await stage.answer(other, code)


async def test_guessing_from_many_addresses_does_not_lock_out_the_owner(stage: Stage) -> None:
    """Forty strangers guess; the owner, on the phone that is known, still confirms."""
    operation = await stage.held()
    await stage.begin(operation, Method.SMS)
    codes = set()
    for number in range(40):
        with pytest.raises(CountermandError) as caught:
            await stage.answer(
                operation, sms(f"{number:08d}"), Visitor(session=f"x-{number}", device=f"bot-{number}")
            )
        codes.add(caught.value.code)
    assert codes == {"wrong_answer", "method_locked"}
    strikes = await stage.tables.fetch("SELECT standing, failures FROM strike")
    assert [(row["standing"], row["failures"]) for row in strikes if row["failures"]] == [("stranger", 3)]
    on_phone = Visitor(session="s-1", device=PHONE)
    await stage.answer(operation, sms(stage.sms.code), on_phone)
    assert (await stage.answer(operation, stage.password(), on_phone))["state"] == "satisfied"


async def test_wrong_answers_of_the_owner_end_the_challenge(stage: Stage) -> None:
    """Five of them; the right one afterwards comes too late, and the next wait is told."""
    operation = await stage.held()
    await stage.begin(operation, Method.SMS)
    for left in (5, 4, 3, 2, 1):
        assert (await stage.challenges.status(asking(operation)))["answers_left"] == left
        with pytest.raises(Forbidden, match="wrong_answer"):
            await stage.answer(operation, sms("00000000"))
    with pytest.raises(Conflict, match="challenge_locked"):
        await stage.answer(operation, sms(stage.sms.code))
    await stage.begin(operation, Method.EMAIL)
    with pytest.raises(Forbidden, match="method_locked"):
        await stage.answer(operation, sms(stage.sms.code))
    kinds = await stage.tables.fetch("SELECT kind FROM journal WHERE kind LIKE 'challenge.%' ORDER BY seq")
    assert [row["kind"] for row in kinds].count("challenge.answer_refused") == 5


async def test_of_two_answers_at_once_one_wins(stage: Stage) -> None:
    """The completing answer is taken once; one confirmation, whoever came second is told so."""
    operation = await stage.held()
    begun = await stage.begin(operation)
    answer = Answer(method=Method.WEBAUTHN, credential=stage.key.get(begun["details"]["webauthn"]))
    results = await asyncio.gather(
        *(stage.answer(operation, answer) for _ in range(4)), return_exceptions=True
    )
    assert [isinstance(one, dict) for one in results].count(True) == 1
    assert {one.code for one in results if isinstance(one, CountermandError)} == {"challenge_ended"}
    assert await stage.tables.fetchval("SELECT count(*) FROM confirmation") == 1


async def test_beginning_at_once_begins_one_challenge(stage: Stage) -> None:
    """Asked four times at once, the customer gets one challenge."""
    operation = await stage.held()
    begun = await asyncio.gather(*(stage.challenges.begin(asking(operation), None) for _ in range(4)))
    assert len({one["challenge"] for one in begun}) == 1
    assert await stage.tables.fetchval("SELECT count(*) FROM challenge") == 1


async def test_neither_the_code_nor_the_address_stands_in_a_table(stage: Stage) -> None:
    """Whoever reads the database cannot confirm anything, and learns no number."""
    operation = await stage.held()
    await stage.begin(operation, Method.SMS)
    dump = ""
    for table in ("effect", "challenge", "authenticator", "journal", "strike", "confirmation"):
        rows = await stage.tables.fetch(f"SELECT t::text AS line FROM {table} AS t")
        dump += "\n".join(row["line"] for row in rows)
    assert stage.sms.messages[-1].to == "+8613800001234"
    for secret in (stage.sms.code, "13800001234", "li.ming@", stage.totp):
        assert secret not in dump, secret


async def test_a_code_is_not_sent_again_at_once_nor_without_end(stage: Stage) -> None:
    """A minute apart, three times a challenge; the older code is void."""
    operation = await stage.held()
    await stage.begin(operation, Method.SMS)
    first = stage.sms.code
    with pytest.raises(Conflict, match="code_sent_too_often"):
        await stage.begin(operation, Method.SMS)
    for _ in range(2):
        stage.clock.advance(MINUTE)
        await stage.begin(operation, Method.SMS)
    stage.clock.advance(MINUTE)
    with pytest.raises(Conflict, match="code_sent_too_often"):
        await stage.begin(operation, Method.SMS)
    with pytest.raises(Forbidden, match="wrong_answer"):
        await stage.answer(operation, sms(first))


async def test_nobody_is_bombed_with_codes(stage: Stage) -> None:
    """Strangers get four an hour, over all operations; the owner's own device still gets one then."""
    stage.clock.advance(60 * MINUTE)  # what was enrolled is forgotten
    stranger = Visitor(session="s-9", device="burner")
    for _ in range(4):
        await stage.challenges.begin(asking(await stage.held(), stranger), Method.SMS)
    operation = await stage.held()
    with pytest.raises(Conflict, match="code_limit_reached") as refused:
        await stage.challenges.begin(asking(operation, stranger), Method.SMS)
    assert refused.value.details["again_at"] == rfc3339(stage.clock.now() + 60 * MINUTE)
    await stage.begin(operation, Method.SMS)
    assert (await stage.answer(operation, sms(stage.sms.code)))["answered"] == ["sms"]


async def test_a_used_up_budget_locks_nobody_out_of_other_methods(stage: Stage) -> None:
    """Where a code would go out unasked the challenge begins without it, and the app's code still counts."""
    pack = stage.challenges.kit.pack
    first = sorted(pack.methods, key=lambda one: one.method is not Method.SMS)
    kit = replace(stage.challenges.kit, pack=msgspec.structs.replace(pack, methods=tuple(first)))
    stage.challenges = replace(stage.challenges, kit=kit)
    stage.clock.advance(60 * MINUTE)
    before = len(stage.sms.messages)
    for _ in range(9):
        shown = await stage.begin(await stage.held())
    assert len(stage.sms.messages) == before + 8
    assert [one["under_way"] for one in shown["details"]["methods"] if one["method"] == "sms"] == [False]
    assert (await stage.answer(shown["ref"], stage.time_code()))["answered"] == ["totp"]
    stage.clock.advance(60 * MINUTE)
    await stage.begin(await stage.held(), Method.SMS)
    assert len(stage.sms.messages) == before + 9


async def test_a_call_is_confirmed_by_staff_and_a_denial_is_final(stage: Stage) -> None:
    """The number stands on the customer's screen and is read out; "not me" ends it for good."""
    operation = await stage.held()
    begun = await stage.begin(operation, Method.OUT_OF_BAND_CALL)
    call = Answer(method=Method.OUT_OF_BAND_CALL, code=begun["details"]["read_back"])
    with pytest.raises(Forbidden, match="answered_by_staff"):
        await stage.answer(operation, call)
    with pytest.raises(Forbidden, match="answered_by_staff"):
        await stage.challenges.answer(asking(operation), stage.password(), by_staff=True)
    await stage.challenges.answer(asking(operation), call, by_staff=True)
    assert (await stage.answer(operation, stage.password()))["state"] == "satisfied"

    other = await stage.held()
    await stage.begin(other, Method.OUT_OF_BAND_CALL)
    assert (await stage.challenges.deny(asking(other)))["state"] == "failed"
    with pytest.raises(Conflict, match="challenge_denied"):
        await stage.begin(other)


async def test_a_code_on_the_device_in_use_is_told_and_counts_less(stage: Stage) -> None:
    """On the phone itself the code is warned about; for 5,000 yuan it is not enough."""
    small, large = (
        await stage.held(device={"id": PHONE}),
        await stage.held(device={"id": PHONE}, minor=500_000),
    )
    on_phone = Visitor(session="s-1", device=PHONE)
    for operation in (small, large):
        await stage.challenges.begin(asking(operation, on_phone), Method.SMS)
        await stage.deliver()
        await stage.answer(operation, sms(stage.sms.code), on_phone)
    shown = await stage.answer(small, stage.password(), on_phone)
    assert shown["state"] == "satisfied"
    assert "同时拥有两者" in shown["warning"].zh
    shown = await stage.answer(large, stage.password(), on_phone)
    assert (shown["state"], shown["missing"]) == ("open", ["stronger_factor"])


async def test_nobody_is_asked_what_they_cannot_answer(stage: Stage) -> None:
    """A customer without enough ways is told what to do, not sent into a wall."""
    with pytest.raises(Conflict, match="cannot_be_challenged") as caught:
        await stage.begin(await stage.held("a-9"))
    assert caught.value.details["missing"]
    with pytest.raises(NotFound, match="unknown_challenge"):
        await stage.challenges.status(asking(await stage.held()))
    with pytest.raises(NotFound, match="unknown_operation"):
        await stage.begin("no-such-operation")


async def test_what_was_revoked_or_lapsed_cannot_be_confirmed(stage: Stage) -> None:
    """A right answer in time is too late, where the operation waits no more."""
    operation = await stage.held()
    await stage.begin(operation, Method.SMS)
    ended = "UPDATE hold SET state = 'revoked', ended_at = now(), ended_by = 'x' WHERE operation = $1"
    await stage.tables.execute(ended, operation)
    with pytest.raises(Conflict, match="hold_ended"):
        await stage.answer(operation, sms(stage.sms.code))
    late = await stage.held()
    stage.clock.advance(15 * MINUTE)
    with pytest.raises(Conflict, match="hold_ended"):
        await stage.begin(late)


async def test_ending_the_wait_early_is_another_purpose(stage: Stage) -> None:
    """A confirmation of the operation does not release it, and one for the release is its own."""
    operation = await stage.held()
    await stage.tables.execute(
        "UPDATE hold SET until = $2, expires_at = $2 WHERE operation = $1",
        operation, moment_of(NOON + 86400 * SECOND),
    )  # fmt: skip
    begun = await stage.begin(operation)
    credential = stage.key.get(begun["details"]["webauthn"])
    release = asking(operation, Visitor(session="s-2", device=PHONE), Purpose.RELEASE)
    shown = await stage.challenges.begin(release, None)
    assert shown["details"]["confirming"].zh.startswith("提前结束冷静期")
    with pytest.raises(Forbidden, match="wrong_answer"):
        await stage.challenges.answer(release, Answer(method=Method.WEBAUTHN, credential=credential))
    credential = stage.key.get(shown["details"]["webauthn"])
    done = await stage.challenges.answer(release, Answer(method=Method.WEBAUTHN, credential=credential))
    given = await stage.tables.fetchrow("SELECT * FROM confirmation")
    assert (given["id"], given["purpose"]) == (done["confirmation"], "release")
    assert (given["device"], given["session"]) == (PHONE, "s-2")
    assert await stage.tables.fetchval("SELECT met FROM hold WHERE operation = $1", operation) == []


async def test_the_courier_gives_up_on_what_nobody_needs_and_tries_the_rest_again(stage: Stage) -> None:
    """An expired code fails for good; a gateway that is away is tried again."""
    stage.sms.failure = Unavailable("sender_away", "away", "不可用")
    await stage.begin(await stage.held(), Method.SMS)
    query = "SELECT state FROM effect WHERE action = 'one_time_code' ORDER BY seq DESC LIMIT 1"
    assert await stage.tables.fetchval(query) == "pending"
    stage.clock.advance(6 * MINUTE)
    await stage.deliver()
    assert await stage.tables.fetchval(query) == "failed"
