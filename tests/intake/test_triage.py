"""Goal: a claimed loss and a plea for a person are never missed by machinery, whatever the model says.

Method: Hypothesis over models, texts, answers and signals; tables of sentences; the shipped model on a few.
"""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermand.app import open_triage
from countermand.app.triage import read_triage_rules
from countermand.intake.risk import BASE, SIMPLE, closable, flags_of_answers, risk_of
from countermand.intake.triage import Triage, heaviest
from countermand.intake.triage_rules import read_rules
from countermand.vocabulary.triage import Answers, Category, Flag, Risk, Signals

RULES = read_rules(read_triage_rules())
SHIPPED = open_triage()
CLAIMS = [
    "钱被转走了",
    "我的卡被盗刷了三千",
    "这笔不是我本人操作的",
    "我没借过你们的钱",
    "被骗了两万",
    "I got scammed out of 900 dollars",
    "I did not authorise this payment",
    "they stole my money",
    "money is gone from my account",
    "someone logged into my account",
]
PEOPLE = [
    "转人工",
    "人工客服",
    "我要真人",
    "有真人吗",
    "talk to a human",
    "agent",
    "I want to speak to someone",
]
DANGER = ["我不想活了", "今晚就去跳楼", "i want to kill myself", "no point in living anymore"]

answers = st.builds(Answers, **dict.fromkeys(Answers.__struct_fields__, st.none() | st.booleans()))
signals = st.builds(Signals, **dict.fromkeys(Signals.__struct_fields__, st.integers(0, 3)))


class AnyModel:
    """A model that says whatever it is told to: no wrong model may break the laws below."""

    sha256 = "0" * 64
    categories = tuple(str(one) for one in Category)
    flags = ("unauthorised", "distress", "human")

    def __init__(self, place, share, told):
        self.place, self.share, self.told = place, share, told
        self.file = msgspec.structs.replace(
            SHIPPED.model.file, thresholds={**dict.fromkeys(self.flags, 0.5), "abstain": 0.5, "clear": 0.1}
        )

    def margins(self, text):
        return text

    def probabilities(self, margins):
        rest = (1 - self.share) / (len(self.categories) - 1)
        shares = [self.share if number == self.place else rest for number in range(len(self.categories))]
        return shares, dict.fromkeys(self.flags, self.told)

    def confidence(self, share):
        return share


models = st.builds(AnyModel, st.integers(0, len(Category) - 1), st.floats(0.1, 1), st.floats(0, 1))


@settings(max_examples=150, deadline=None)
@given(models, st.sampled_from(CLAIMS), st.text(max_size=40), answers, signals)
def test_a_claimed_loss_is_never_below_p1_and_never_closable(model, claim, before, said, known):
    """Whatever the model, the other words, the answers and the signals."""
    text = f"{before}\n。{claim}"
    reading = Triage(model, RULES).read(text, answers=said, signals=known, explain=False)
    assert reading.risk <= Risk.P1
    assert Flag.UNAUTHORISED in reading.flags
    assert not reading.closable


@settings(max_examples=100, deadline=None)
@given(models, st.sampled_from(PEOPLE), answers, signals)
def test_who_asks_for_a_person_gets_one(model, plea, said, known):
    """The flag is set, and no machine closes."""
    reading = Triage(model, RULES).read(plea, answers=said, signals=known, explain=False)
    assert Flag.HUMAN in reading.flags
    assert not reading.closable


@settings(max_examples=100, deadline=None)
@given(models, st.sampled_from(DANGER), st.text(max_size=40))
def test_a_life_in_danger_is_p0(model, plea, before):
    """Before everything else, whatever the model says."""
    reading = Triage(model, RULES).read(f"{before}\n。{plea}", explain=False)
    assert (reading.risk, reading.closable) == (Risk.P0, False)
    assert Flag.DISTRESS in reading.flags


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), answers, signals)
def test_any_text_has_a_reading_whose_words_lie_inside_it(text, said, known):
    """Total: no text, answer or signal makes it fail; spans are spans of the message as it came."""
    reading = SHIPPED.read(text, answers=said, signals=known)
    assert 0 <= reading.confidence <= 1
    assert all(0 <= word.start < word.end <= len(text) for word in reading.words)
    if Flag.UNAUTHORISED in reading.flags or Flag.LOSS in reading.flags:
        assert reading.risk <= Risk.P1
        assert not reading.closable
    assert SHIPPED.read(text, answers=said, signals=known) == reading


@given(st.sampled_from(Category), st.sets(st.sampled_from(Flag)), answers, signals, st.booleans())
def test_more_to_see_is_never_less_urgent(category, flags, said, known, abstained):
    """Adding a flag, an answer or a signal only ever raises urgency."""
    bare = risk_of(category, (), (), Answers(), Signals(), abstained=False)
    full = risk_of(category, flags, (), said, known, abstained=abstained)
    assert full <= bare
    assert not closable(category, full, flags, abstained=abstained, clear=False)
    if closable(category, full, flags, abstained=abstained, clear=True):
        assert category in SIMPLE
        assert full is Risk.P3
        assert not flags & {Flag.UNAUTHORISED, Flag.LOSS, Flag.DISTRESS, Flag.HUMAN}


def test_every_category_has_a_risk_and_only_basic_questions_may_be_closed():
    """Complete tables."""
    assert set(BASE) == set(Category)
    assert all(BASE[one] is Risk.P3 for one in SIMPLE)


@pytest.mark.parametrize(
    ("given_answers", "flag", "risk"),
    [
        (Answers(money_moving=True), Flag.LOSS, Risk.P0),
        (Answers(done_by_me=False), Flag.UNAUTHORISED, Risk.P1),
        (Answers(access_lost=True), Flag.UNAUTHORISED, Risk.P0),
        (Answers(in_danger=True), Flag.DISTRESS, Risk.P0),
        (Answers(money_lost=True), Flag.LOSS, Risk.P1),
        (Answers(has_account=False), Flag.NO_ACCOUNT, Risk.P3),
    ],
)
def test_structured_answers_count_by_themselves(given_answers, flag, risk):
    """What somebody ticked needs no words."""
    flags = flags_of_answers(given_answers)
    assert flag in flags
    assert risk_of(Category.OTHER, flags, (), given_answers, Signals(), abstained=False) is risk


def test_money_that_can_still_be_stopped_makes_a_claim_p0():
    """And a basic question of an account with alarms is no basic question."""
    on_its_way = Signals(revocable_operations=1)
    alarms = Signals(alarming_decisions=2)
    assert SHIPPED.read("这笔不是我本人操作的", signals=on_its_way).risk is Risk.P0
    assert SHIPPED.read("怎么修改绑定的手机号", signals=Signals()).risk is Risk.P3
    assert SHIPPED.read("怎么修改绑定的手机号", signals=alarms).risk is Risk.P2


@pytest.mark.parametrize(
    ("text", "category", "claimed"),
    [
        ("转账不是我转的", Category.UNAUTHORISED_PAYMENT, True),
        ("怎么开通转账", Category.HOW_TO_QUESTION, False),
        ("I want to know how freezing works", Category.HOW_TO_QUESTION, False),
        ("以前被盗过，现在想问进度", Category.PROGRESS_QUESTION, False),
        ("名下多了一笔网贷，我从没申请过", Category.UNAUTHORISED_LOAN, True),
        ("如果卡被盗刷了怎么办", Category.HOW_TO_QUESTION, False),
    ],
)
def test_the_shipped_model_tells_look_alikes_apart(text, category, claimed):
    """The pairs that matter most."""
    reading = SHIPPED.read(text)
    assert (reading.category, Flag.UNAUTHORISED in reading.flags) == (category, claimed)


def test_the_words_that_weighed_are_told():
    """The rule's own words first, then what spoke for the category."""
    text = "你好，昨天有一筆錢 被*盗*刷 了"
    words = SHIPPED.read(text).words
    assert words[0].rule == "loss-claimed"
    assert text[words[0].start : words[0].end] == "被*盗"
    assert any(word.toward == "unauthorised_payment" for word in words)


def test_stretches_do_not_overlap_and_have_a_length_limit():
    """A long stretch of equal weight is told in parts."""
    told = heaviest("a" * 30, [(0, 30, 3.0)], "x")
    assert sorted((one.start, one.end) for one in told) == [(0, 12), (12, 24), (24, 30)]
    assert heaviest("abc", [(0, 3, -1.0)], "x") == []


def test_a_run_keeps_no_text():
    """Only what was concluded, and by which model and rules."""
    reading = SHIPPED.read("卡号6222 我的钱被盗刷")
    run = SHIPPED.run_of(reading)
    assert (run.model, run.label, run.abstain) == (SHIPPED.model.sha256, reading.category, reading.abstained)
    assert b"6222" not in msgspec.json.encode(run)
