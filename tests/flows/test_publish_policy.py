"""Goal: two people publish, the server switches between groups; if anything goes wrong the live one stays."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from countermand.flows.compare_policies import policies_to_compare, policy_difference
from countermand.flows.house import House
from countermand.flows.keep_lists import add_entry, remove_entry
from countermand.flows.publish_policy import (
    checked,
    draft_policy,
    end_canary,
    list_canaries,
    policy_history,
    start_canary,
    take_step,
)
from countermand.flows.replay_decision import replay_decision
from countermand.kernel.clock import ManualClock, rfc3339
from countermand.kernel.errors import BadRequest, Conflict, CountermandError, Forbidden, NotFound
from countermand.vocabulary.publishing import Guardrails, PolicyStep
from flows.stage import (
    NOON,
    SECOND,
    answer_of,
    assert_windows_equal_the_record,
    house_on,
    outcome_of,
    payment,
    until,
)
from flows.test_arms import other_files, rebuilt_like, same_windows, some_payments

HOUR = 3600 * SECOND
STEPS = {step.value: step for step in PolicyStep}


def version(number: int, **changes: str) -> dict[str, str]:
    """The torture policy as version `number`, with other windows, and other texts replaced."""
    text = other_files(**changes)["policy.yaml"]
    return {"policy.yaml": text.replace('version: "2"', f'version: "{number}"')}


SMALL_ONES = "kind = 'payment' AND amount < cny(300)"
DENIES_ALL = {
    "rules:\n": f'rules:\n  - {{id: no, when: "{SMALL_ONES}", then: deny, reason: {{en: No, zh: 不}}}}\n'
}
LISTED = """lists:
  bad_shops: {of: counterparty, colour: black, title: {en: Bad, zh: 坏}}
features:"""


async def approved(house: House, files: dict[str, str]) -> str:
    """A policy that ann drafted and proposed and bob approved; its label."""
    label = (await draft_policy(house, checked(files), "a first try", "ann"))["policy"]
    await take_step(house, label, PolicyStep.PROPOSE, "please look", "ann")
    await take_step(house, label, PolicyStep.APPROVE, "looks right", "bob")
    return str(label)


async def lives(house: House, label: str, seconds_max: float = 20) -> None:
    """Wait until a policy decides."""
    async with asyncio.timeout(seconds_max):
        while house.program.label != label:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def canary_of(house: House) -> Any:
    """The canary, once it decides."""
    await until(lambda: house.decider.decider.arms.canary is not None, 20)
    return house.decider.decider.arms.canary


async def canary_ended(house: House, reason: str) -> dict[str, Any]:
    """The latest canary, once it has ended for a reason."""
    async with asyncio.timeout(10):
        while (ended := (await list_canaries(house))[0])["reason"] != reason:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    return ended


async def state_of(house: House, label: str) -> str:
    """Where a policy stands."""
    found = {one.label: one for one in await house.publications.publications()}
    return found[label].state.value


async def steps_of(house: House, label: str | None) -> list[str]:
    """The steps of a policy, in their order."""
    return [line["step"] for line in reversed(await policy_history(house, label))]


async def test_a_policy_goes_its_way_and_back(house: House, tables: Any, clock: ManualClock) -> None:
    """Draft to live at its start, by two people; back at once; each decision cites and replays its policy."""
    first = payment()
    await house.decider.decide(first, None)
    label = await approved(house, version(2, **DENIES_ALL))
    start = rfc3339(NOON + 10 * SECOND)
    await take_step(house, label, PolicyStep.SCHEDULE, "tonight", "ann", start)
    await until(lambda: house.decider.decider.arms.beside != (), 20)
    assert answer_of(await house.decider.decide(payment(), None))["policy"] == "torture@1"
    clock.advance(10 * SECOND)
    await lives(house, label, 1.0)
    denied = payment()
    decision = answer_of(await house.decider.decide(denied, None))
    assert (decision["outcome"], decision["policy"]) == ("deny", "torture@2")
    await take_step(house, "torture@1", PolicyStep.ROLLBACK, "that stops everybody", "bob")
    await lives(house, "torture@1", 1.0)
    assert outcome_of(await house.decider.decide(payment(), None)) == "allow"
    assert await state_of(house, label) == "rolled_back"
    assert await steps_of(house, label) == ["draft", "check", "propose", "approve", "schedule", "go_live"]
    assert (await steps_of(house, "torture@1"))[-2:] == ["rollback", "go_live"]
    for operation in (first, denied):
        assert (await replay_decision(house, operation.id))["identical"]
    facts = await tables.fetch("SELECT body FROM journal WHERE kind LIKE 'policy.%'")
    assert "stops everybody" not in str(facts), "what people write stays out of the journal"
    assert await tables.fetchval("SELECT count(*) FROM journal WHERE kind = 'policy.live'") == 3


@pytest.mark.parametrize("step", ["approve", "reject"])
@pytest.mark.parametrize(
    ("author", "proposer", "judge"), [("ann", "ann", "ann"), ("ann", "bob", "bob"), ("ann", "bob", "ann")]
)
async def test_nobody_judges_what_they_wrote_or_proposed(
    house: House, step: str, author: str, proposer: str, judge: str
) -> None:
    """Neither the author nor the proposer; the policy stays proposed, and a third person can judge it."""
    label = (await draft_policy(house, checked(version(2)), "why", author))["policy"]
    await take_step(house, label, PolicyStep.PROPOSE, "why", proposer)
    with pytest.raises(Forbidden) as refusal:
        await take_step(house, label, STEPS[step], "fine by me", judge)
    assert refusal.value.code == "four_eyes"
    assert await state_of(house, label) == "proposed"
    await take_step(house, label, STEPS[step], "I have read it", "eve")


async def test_steps_out_of_turn_are_refused(house: House) -> None:
    """Each with its reason; the author cannot publish what nobody approved, and content never changes."""
    label = (await draft_policy(house, checked(version(2)), "why", "ann"))["policy"]
    for step in ("approve", "reject", "schedule", "unschedule", "rollback"):
        with pytest.raises(Conflict) as refusal:
            await take_step(house, label, STEPS[step], "why", "ann")
        assert refusal.value.code == "policy_state", step
    with pytest.raises(Conflict) as refusal:
        await draft_policy(house, checked(version(2, **DENIES_ALL)), "sly", "ann")
    assert refusal.value.code == "policy_changed"
    with pytest.raises(Conflict) as refusal:
        await draft_policy(house, checked(version(2)), "again", "ann")
    assert refusal.value.code == "policy_recorded"
    for wrong, field in (("", "text"), ("x" * 2001, "text"), ("\0", "text"), ("\ud800", "text")):
        with pytest.raises(BadRequest) as bad:
            await take_step(house, label, PolicyStep.PROPOSE, wrong, "ann")
        assert bad.value.details["field"] == field
    with pytest.raises(NotFound):
        await take_step(house, "nobody@7", PolicyStep.PROPOSE, "why", "ann")
    await take_step(house, label, PolicyStep.PROPOSE, "why", "ann")
    await take_step(house, label, PolicyStep.APPROVE, "why", "bob")
    for start in ("tomorrow", rfc3339(NOON - 1), rfc3339(NOON + 367 * 24 * HOUR)):
        with pytest.raises(BadRequest):
            await take_step(house, label, PolicyStep.SCHEDULE, "why", "ann", start)
    assert await state_of(house, label) == "approved"


async def test_of_two_publishers_one_wins(house: House) -> None:
    """The same policy twice at once, and two policies at once: one 409 each, and nothing half done."""
    start = rfc3339(NOON + HOUR)
    second, third = await approved(house, version(2)), await approved(house, version(3))
    results = await asyncio.gather(
        *(take_step(house, label, PolicyStep.SCHEDULE, "now", who, start)
          for label, who in ((second, "ann"), (second, "bob"), (third, "eve"))),
        return_exceptions=True,
    )  # fmt: skip
    refused = [one for one in results if isinstance(one, CountermandError)]
    assert len(refused) == 2
    assert {one.http_status for one in refused} == {409}
    assert sorted([await state_of(house, second), await state_of(house, third)]) == ["approved", "scheduled"]
    steps = await steps_of(house, None)
    assert steps.count("schedule") == 1


async def test_lists_that_are_gone_refuse_a_start(house: House) -> None:
    """A rollback to a policy whose list lost its entries: refused with the reason, the live one stays."""
    until = rfc3339(NOON + 24 * HOUR)
    files = version(2, **{"features:": LISTED})
    await add_entry(house, "bad_shops", "shop-9", "desk", "complaints", until, "ann")
    label = await approved(house, files)
    await take_step(house, label, PolicyStep.SCHEDULE, "now", "ann")
    await lives(house, label)
    await take_step(house, "torture@1", PolicyStep.ROLLBACK, "for a while", "ann")
    await lives(house, "torture@1")
    await remove_entry(house, "bad_shops", "shop-9", "ann")
    await take_step(house, label, PolicyStep.ROLLBACK, "forward again", "bob")
    async with asyncio.timeout(10):
        while await state_of(house, label) == "scheduled":  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    newest = (await policy_history(house, label))[0]
    assert (newest["step"], newest["details"]["code"]) == ("refuse", "policy_lists_gone")
    assert "bad_shops" in newest["details"]["en"]
    assert house.program.label == "torture@1"
    await add_entry(house, "bad_shops", "shop-9", "desk", "complaints", until, "ann")
    await take_step(house, label, PolicyStep.ROLLBACK, "now it is there", "bob")
    await lives(house, label)


async def test_a_swap_under_load_loses_nothing(database_dsn: str, tables: Any) -> None:
    """Three switches while two groups overlap: each decision whole, each window as after a fresh rebuild."""
    async with house_on(database_dsn, group_size_max=8) as house:
        second, third = (
            await approved(house, version(2)),
            await approved(house, version(3, **{"8 hours": "9 hours"})),
        )
        operations = some_payments(7, 600)
        done = asyncio.Event()

        async def send(part: list[Any]) -> list[bytes]:
            answers = []
            for operation in part:
                answers.append(await house.decider.decide(operation, None))
                await asyncio.sleep(0.002)
            return answers

        async def switch() -> None:
            for label in (second, third):
                await take_step(house, label, PolicyStep.SCHEDULE, "now", "ann")
                await lives(house, label)
            await take_step(house, second, PolicyStep.ROLLBACK, "back", "bob")
            await lives(house, second, 2.0)
            done.set()

        switching = asyncio.create_task(switch())
        answers = [
            one
            for part in await asyncio.gather(*(send(operations[n::12]) for n in range(12)))
            for one in part
        ]
        await switching
        assert done.is_set()
        answers += await house.decider.decide_many([payment() for _ in range(20)], None)
        cited = await tables.fetch(
            "SELECT o.answer, v.name || '@' || v.version AS policy "
            "FROM operation o JOIN policy_version v ON v.id = o.policy_id"
        )
        assert len(cited) == len(answers) == 620
        assert all(msgspec.json.decode(row["answer"])["decision"]["policy"] == row["policy"] for row in cited)
        assert len({row["policy"] for row in cited}) >= 2
        arms = house.decider.decider.arms
        assert {arm.program.label for arm in (arms.live, *arms.beside)} >= {second, third}
        for arm in (arms.live, *arms.beside):
            assert same_windows(arm, arm.features, await rebuilt_like(house, arm), operations), (
                arm.program.label
            )


async def test_the_same_windows_are_shared_and_not_built_again(house: House, tables: Any) -> None:
    """A policy that changes rules only takes over the store of the live one."""
    files = {"policy.yaml": house.policy_source["policy.yaml"].replace('version: "1"', 'version: "5"')}
    features = house.features
    await house.decider.decide_many([payment() for _ in range(5)], None)
    label = await approved(house, files)
    await take_step(house, label, PolicyStep.SCHEDULE, "now", "ann")
    await lives(house, label)
    assert house.features is features
    await house.decider.decide(payment(), None)
    assert await assert_windows_equal_the_record(house, tables) == 6


async def test_a_restart_takes_the_published_policy(database_dsn: str, tmp_path: Any) -> None:
    """A known folder in the settings is ignored, an unknown one refused, unless told otherwise."""
    async with house_on(database_dsn) as house:
        label = await approved(house, version(2))
        await take_step(house, label, PolicyStep.SCHEDULE, "now", "ann")
        await lives(house, label)
    async with house_on(database_dsn, policy_start="live") as house:
        assert house.program.label == label, "torture@1 of the settings is known, and was replaced"
    (tmp_path / "policy.yaml").write_text(version(9)["policy.yaml"], "utf-8")
    with pytest.raises(Conflict) as refusal:
        async with house_on(database_dsn, policy=tmp_path, policy_start="live"):
            pytest.fail("nobody published it")
    assert refusal.value.code == "policy_not_published"
    assert "countermand policy draft" in refusal.value.text.zh
    async with house_on(database_dsn, policy=tmp_path, policy_start="replace") as house:
        assert house.program.label == "torture@9"
        assert await steps_of(house, "torture@9") == ["replace"]
        assert await state_of(house, label) == "superseded"


async def test_a_canary_decides_its_share_until_a_guardrail_breaks(house: House, tables: Any) -> None:
    """The same accounts each time; too much friction pauses it by itself, and all traffic is live again."""
    label = await approved(house, version(2, **DENIES_ALL))
    guardrails = Guardrails(decisions_min=20)
    await start_canary(house, label, 300, guardrails, "try it", "ann")
    with pytest.raises(Conflict):
        await start_canary(house, label, 300, guardrails, "twice", "ann")
    canary = await canary_of(house)
    accounts = [f"c-{n}" for n in range(400)]
    mine = {account for account in accounts if canary.takes(account)}
    assert 80 < len(mine) < 160
    for start in range(0, 400, 50):
        some = [payment(one, device={"id": one}) for one in accounts[start : start + 50]]
        await house.decider.decide_many(some, None)
    rows = await tables.fetch("SELECT account, policy_id, outcome FROM operation ORDER BY seq")
    tried = [row for row in rows if row["policy_id"] != house.live.policy_id]
    assert {row["account"] for row in tried} <= mine
    assert {row["outcome"] for row in tried} == {4}
    assert len(tried) == 20, "it stops with the operation that breaks the guardrail"
    ended = await canary_ended(house, "friction")
    assert (ended["state"], ended["reason"], ended["ended_by"]) == ("paused", "friction", "server")
    assert ended["figures"]["canary"]["decided"] == 20
    assert ended["figures"]["live"]["stopped"] == 0
    assert await tables.fetchval("SELECT count(*) FROM journal WHERE kind = 'policy.canary_ended'") == 1
    assert house.program.label == "torture@1"


async def test_a_canary_that_fails_costs_no_answer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The live policy decides what the canary could not; an error pauses it; a promoted one goes live."""
    label = await approved(house, version(2))
    await start_canary(house, label, 500, Guardrails(), "try it", "ann")
    arm = (await canary_of(house)).arm
    real = arm.program.complete

    def fail(*_: Any) -> Any:
        raise ArithmeticError

    monkeypatch.setattr(arm.program, "complete", fail)
    answers = await house.decider.decide_many([payment(f"c-{n}") for n in range(40)], None)
    assert {answer_of(answer)["policy"] for answer in answers} == {"torture@1"}
    await canary_ended(house, "errors")
    monkeypatch.setattr(arm.program, "complete", real)
    with pytest.raises(NotFound):
        await end_canary(house, PolicyStep.CANARY_STOP, "why", "ann")
    await start_canary(house, label, 500, Guardrails(), "again", "ann")
    await end_canary(house, PolicyStep.CANARY_PROMOTE, "it held", "bob")
    await lives(house, label)


async def test_the_difference_says_what_changes(house: House) -> None:
    """Added, changed and removed, each with its texts in both languages."""
    label = await approved(house, version(2, **DENIES_ALL))
    found = policy_difference(await policies_to_compare(house, label, None))
    assert (found["before"], found["after"]) == ("torture@1", label)
    changes = {(one["section"], one["name"]): one for one in found["changes"]}
    assert changes["rule", "no"]["change"] == "added"
    assert changes["rule", "no"]["before"] is None
    assert "理由：不" in changes["rule", "no"]["after"]["zh"]
    window = changes["feature", "accounts_on_device_20s"]
    assert (window["change"], "20 seconds" in window["before"]["en"], "8 hours" in window["after"]["en"]) == (
        "changed",
        True,
        True,
    )
    back = policy_difference(await policies_to_compare(house, "torture@1", label))
    assert {one["change"] for one in back["changes"]} == {
        "changed",
        "removed",
    }
    assert policy_difference(await policies_to_compare(house, label, label))["changes"] == []
