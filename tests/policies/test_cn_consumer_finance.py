"""The pack for Chinese consumer finance: each rule by a story that fires it and one that just does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from countermand.policy.program import Program
from countermand.vocabulary.outcomes import OUTCOME_OF_WORD
from policies.stories import HOME, Story, fired, load_pack, tell

FOLDER = Path(__file__).parent / "cn_consumer_finance"
TOLD: dict[str, dict[str, Any]] = {
    rule: story
    for path in sorted(FOLDER.glob("*.yaml"))
    for rule, story in yaml.safe_load(path.read_text("utf-8")).items()
}


@pytest.fixture(scope="module")
def program() -> Program:
    """The pack, compiled once."""
    return load_pack("cn-consumer-finance")


def story_of(rule: str, which: str) -> Story:
    """A told story; `near_profile` stands in for `profile` in the one that does not fire."""
    told = TOLD[rule]
    profile = told.get("profile", HOME)
    if which == "near":
        profile = told.get("near_profile", profile)
    others = (told["others"],) if "others" in told else ()
    return Story(
        told[which],
        profile,
        {k: str(v) for k, v in told.get("lists", {}).items()},
        others,
        told.get("hour", 12),
    )


@pytest.mark.parametrize("rule", TOLD)
def test_the_story_fires_its_rule_and_says_why_in_both_languages(program: Program, rule: str) -> None:
    """The last operation of the story fires the rule, and the reason shows its values in both languages."""
    decision = tell(program, story_of(rule, "fires"))
    assert rule in fired(decision)
    [reason] = [reason for reason in decision.reasons if reason.rule == rule]
    words = next(words for words in program.rules if words.id == rule)
    assert OUTCOME_OF_WORD[decision.outcome] >= words.then
    for text, template in ((reason.text.en, words.reason.en), (reason.text.zh, words.reason.zh)):
        assert text
        assert "{" not in text
        assert ("{" in template) == (text != template)
    assert any("一" <= letter <= "鿿" for letter in reason.text.zh)


@pytest.mark.parametrize("rule", TOLD)
def test_the_story_close_to_it_does_not_fire_the_rule(program: Program, rule: str) -> None:
    """A story that differs in the one thing the rule is about leaves it silent."""
    assert rule not in fired(tell(program, story_of(rule, "near")))


def test_every_rule_has_its_stories(program: Program) -> None:
    """No rule of the pack is untold, and no story is about a rule that is gone."""
    assert {words.id for words in program.rules} == set(TOLD)


def test_no_reason_blames_the_customer(program: Program) -> None:
    """Reasons neither say that the customer did it nor call anybody names."""
    forbidden = (
        "本人操作",
        "用户自己操作",
        "您自己操作",
        "your fault",
        "you did this yourself",
        "suspicious customer",
        "可疑用户",
    )
    for words in program.rules:
        assert not any(phrase in words.reason.zh or phrase in words.reason.en for phrase in forbidden), (
            words.id
        )


PLAIN = "type=bank_class_1 kyc=3 opened=100d"
BARE = [
    "0 payment payee=m1 amount=200",
    "0 transfer payee=p1 amount=200",
    "0 withdrawal amount=200",
    "0 mandate_run payee=m1 amount=200",
]


@pytest.mark.parametrize("line", BARE)
def test_an_institution_without_device_data_is_not_held(program: Program, line: str) -> None:
    """No device, address, place, signal or channel: an everyday payment to a payee paid before is allowed."""
    lines = ["-40d mandate_run payee=m1 amount=200", "-40d transfer payee=p1 amount=200", line]
    assert tell(program, Story(lines, PLAIN)).outcome == "allow"


def test_points_alone_can_ask_and_hold(program: Program) -> None:
    """Small signs add up: some to a question, many to a hold that none of their rules asks for."""
    lists = {"hosting_networks": "64500"}
    signs = "rooted=yes vpn=yes asn=64500"
    few = tell(program, Story([f"0 payment payee=m1 amount=20 channel=app device=d1 {signs}"], PLAIN, lists))
    assert (few.outcome, few.score) == ("challenge", 70)
    more = tell(program, Story([f"0 login device=d9 ip=9.9.9.9 country=US {signs}"], PLAIN, lists, hour=3))
    assert (more.outcome, more.score) == ("challenge", 115)
    many = tell(
        program,
        Story([f"0 login device=d9 ip=9.9.9.9 country=US automation=yes {signs}"], PLAIN, lists, hour=3),
    )
    assert many.outcome == "hold"


def test_lowering_a_limit_works_at_once(program: Program) -> None:
    """Nobody waits for more protection, not even on a new device at night."""
    line = "0 limit_change device=d9 old_limit=5000 new_limit=100 channel=app"
    assert tell(program, Story([line], PLAIN, hour=3)).outcome == "allow"


def test_a_campaign_of_fifty_small_debts_is_held_though_each_is_under_every_limit(program: Program) -> None:
    """50 loans of 800 yuan through one referrer: the twentieth is held; one alone is not."""
    line = (
        "0 loan_disburse account=v{i} amount=800 device=e{i} referrer=quick_cash prior_loans=1 channel=app x"
    )
    assert "campaign-referrer" in fired(tell(program, Story([line + "50"])))
    assert "campaign-referrer" in fired(tell(program, Story([line + "20"])))
    assert "campaign-referrer" not in fired(tell(program, Story([line + "19"])))
    alone = tell(
        program,
        Story(
            ["0 loan_disburse amount=800 device=d1 referrer=quick_cash channel=app prior_loans=1"],
            "type=consumer_credit opened=100d",
        ),
    )
    assert alone.outcome == "allow"


AWAY = "0 loan_disburse amount=800 ip=9.9.9.9 device=d9 x"
FROM_ANOTHERS_HOME = "0 loan_disburse amount=800 ip=7.7.7.7 device=d9 x"
TRAP = [
    ("three operations", AWAY + "3", "", False, False),
    ("the fourth operation", AWAY + "4", "", True, True),
    ("nine from another customer's home IP", FROM_ANOTHERS_HOME + "9", "ips=7.7.7.7 devices=x7", False, True),
    ("one profile without an IP", AWAY + "9", "ips=? devices=x7", False, True),
    ("one profile without devices", AWAY + "9", "ips=7.7.7.7 devices=?", False, True),
    ("spread over eighty days", "-80d" + AWAY[1:] + "3;" + AWAY + "1", "", True, False),
]


@pytest.mark.parametrize(
    ("what", "lines", "other", "legacy", "corrected"), TRAP, ids=[row[0] for row in TRAP]
)
def test_the_published_rule_and_its_correction_differ_where_the_published_one_is_wrong(
    program: Program, what: str, lines: str, other: str, legacy: bool, corrected: bool
) -> None:
    """The source document's SQL, literally, beside the rule it meant."""
    rules = fired(tell(program, Story(lines.split(";"), others=(other,) if other else ())))
    assert ("legacy-away-disbursements" in rules, "away-disbursements" in rules) == (legacy, corrected), what
