"""Goal: a model's score is one more fact: named, unknown where it must be, asked again when the amount moves.

Method: policies by the row with scorers that are plain functions.
"""

import math

import pytest

from countermand.kernel.errors import PolicyError, SetupError
from countermand.policy.explanation import explain
from countermand.policy.package import check_policy, compile_for_training, compile_policy, compile_recorded
from countermand.vocabulary.outcomes import Outcome
from policy.folders import REASON, folder, texts

HASH = "ab" * 32
MODEL = """models:
  risk:
    title: {{en: "Risk", zh: "风险"}}
    file: {file}
    {more}
    inputs: [{inputs}]
    essential: [{essential}]
    bands:
      - {{at_least: 0.3, then: challenge, score: 40, {reason}}}
      - {{at_least: 0.8, then: hold, {reason}}}
"""


def model(
    file=f"sha256:{HASH}", inputs="amount, paid, share, flag", essential="amount", more="on: [payment]"
):
    """A section with one model, some of its parts replaced."""
    return MODEL.format(file=file, inputs=inputs, essential=essential, more=more, reason=REASON)


FEATURES = """features:
  paid: {count: operations, by: account, over: 1 day}
derive:
  share: amount / cny(100)
"""


class Scores:
    """Hands out one scorer for every model, and remembers what it was asked."""

    def __init__(self, score=lambda *_: 0.5):
        self.score, self.asked = score, []

    def scorer(self, model):
        assert model.file == HASH

        def told(*inputs):
            self.asked.append(inputs)
            return self.score(*inputs)

        return told


def program(scores, extra="", **more):
    """The program of a policy with that model."""
    return compile_policy(folder(FEATURES + model(**more) + extra), scores)


def given(program, **facts):
    """The given facts and windows of an operation, by name, the rest unknown."""
    names = list(program.index)[: program.given_count]
    values = {"kind": "payment", "occurred_at": 0, "account": "a", **facts}
    early = {"share": None if values.get("amount") is None else values["amount"] / 10_000}
    return [{**values, **early}.get(name) for name in names]


def test_the_score_is_the_last_fact_and_unknown_inputs_are_nan():
    """Inputs come in the policy's order; an unknown one is NaN, as LightGBM takes it."""
    scores = Scores()
    made = program(scores)
    facts = made.complete(given(made, amount=20_000), [3])
    assert list(made.index)[-1] == "model.risk"
    assert facts[-1] == 0.5
    ((amount, paid, share, flag),) = scores.asked
    assert (amount, paid, share) == (20_000, 3, 2.0)
    assert math.isnan(flag)


@pytest.mark.parametrize("facts", [{"amount": None}, {"kind": "login", "amount": 5}])
def test_no_score_without_an_essential_input_or_for_another_kind(facts):
    """The fact is unknown, and the model is not even asked."""
    scores = Scores()
    made = program(scores)
    assert made.complete(given(made, **facts), [3])[-1] is None
    assert scores.asked == []


def test_without_scorers_the_score_is_unknown():
    """A policy can be looked at, and evaluated from recorded facts, without its model's file."""
    made = compile_policy(folder(FEATURES + model()))
    assert not made.scores
    assert made.complete(given(made, amount=5), [3])[-1] is None


@pytest.mark.parametrize(
    ("score", "fired"),
    [(0.29, []), (0.3, ["model.risk.0.3"]), (0.79, ["model.risk.0.3"]), (0.8, ["model.risk.0.8"])],
)
def test_of_a_known_score_the_highest_band_fires_alone(score, fired):
    """Bands are closed below and open above."""
    made = program(Scores(lambda *_: score))
    facts = made.complete(given(made, amount=5), [3])
    assert [made.rules[number].id for number in made.evaluate("payment", facts).fired] == fired


def test_an_unknown_score_fires_the_mildest_band_where_money_moves():
    """Missing knowledge leads to a question, never to a pass in silence."""
    made = program(Scores())
    facts = made.complete(given(made, amount=None), [3])
    found = made.evaluate("payment", facts)
    assert [made.rules[number].then for number in found.fired] == [Outcome.CHALLENGE]
    skipping = program(Scores(), more="if_unknown: skip")
    assert skipping.evaluate("payment", skipping.complete(given(skipping, amount=None), [3])).fired == []


def test_a_rule_may_name_the_champion_and_show_its_inputs():
    """`model.risk` is a number; a reason may show what the score is made from."""
    shown = 'reason: {en: "{share}", zh: "{model.risk}"}'
    rule = f"rules:\n  - {{id: dear, when: model.risk * amount > cny(50), then: deny, {shown}}}\n"
    made = program(Scores(), rule)
    facts = made.complete(given(made, amount=20_000), [3])
    fired = [made.rules[number] for number in made.evaluate("payment", facts).fired]
    assert [one.id for one in fired] == ["dear", "model.risk.0.3"]
    assert fired[0].needs_amount


def test_another_amount_is_scored_again():
    """The counterfactual asks the model with every input that moves with the amount."""
    scores = Scores(lambda amount, *_: amount / 100_000)
    made = program(scores)
    facts = made.complete(given(made, amount=90_000), [3])
    moved = made.with_amount(facts, 10_000)
    assert (facts[-1], moved[-1]) == (0.9, 0.1)
    assert scores.asked[-1][:3] == (10_000, 3, 1.0)


REFUSED = [
    (model(file="sha256:AB"), "bad_model_hash"),
    (model(file="abc"), "bad_model_hash"),
    (model(file="untrained"), "untrained_model"),
    (model(inputs="amount, nothing"), "unknown_name"),
    (model(inputs="amount, kind"), "bad_model_input"),
    (model(inputs="amount, occurred_at"), "bad_model_input"),
    (model(inputs="amount, model.risk"), "cycle"),
    (model(inputs="amount, amount"), "doubled_input"),
    (model(essential="paid, whole"), "essential_is_no_input"),
    (model(more="role: challenger"), "challenger_decides"),
    (model(more="role: judge"), "unknown_word"),
    (model().replace("0.8", "0.2"), "bands_fall"),
    (model().replace("0.8", "1.5"), "bad_number"),
    (model().replace("0.8, then: hold", "0.8"), "no_effect"),
    (model() + "derive:\n  doubled: model.risk * 2\n", "unknown_name"),
]


@pytest.mark.parametrize(("section", "code"), REFUSED)
def test_a_model_that_cannot_be_meant_is_refused(section, code):
    """One finding, with its place, in both languages."""
    more = {"more": section.split("derive:")[1]} if "derive:" in section else {}
    files = folder(FEATURES + section.split("derive:")[0], **{k: "derive:" + v for k, v in more.items()})
    found = [one for one in check_policy(files) if one.code == code]
    assert len(found) == 1
    assert found[0].en
    assert found[0].zh


def test_a_challenger_is_recorded_and_decides_nothing():
    """Its score is a fact; no rule may name it."""
    second = model(more="role: challenger").replace("models:\n  risk", "  rival")
    second = second[: second.index("    bands:")]
    made = compile_policy(folder(FEATURES + model() + second), Scores())
    assert list(made.index)[-2:] == ["model.risk", "model.rival"]
    rule = f"rules:\n  - {{id: one, when: model.rival > 0.5, then: deny, {REASON}}}\n"
    assert [one.split()[0] for one in texts(folder(FEATURES + model() + second + rule))] == ["unknown_name"]


def test_an_untrained_model_can_be_trained_and_not_published():
    """Training needs the inputs, not the file."""
    files = folder(FEATURES + model(file="untrained"))
    with pytest.raises(PolicyError):
        compile_policy(files)
    assert compile_for_training(files).models[0].inputs == ("amount", "paid", "share", "flag")


def test_a_model_that_cannot_be_trusted_keeps_the_policy_from_deciding():
    """What the registry raises is raised; nothing decides without the model it names."""

    class Missing:
        def scorer(self, model):
            raise SetupError("model_missing", "Not there.", "不存在。")

    with pytest.raises(SetupError):
        compile_policy(folder(FEATURES + model()), Missing())
    with pytest.raises(SetupError):
        compile_recorded(folder(FEATURES + model()), Missing())


def test_a_model_and_its_bands_are_explained():
    """In words, in both languages."""
    said = {one.name: one.text for one in explain(program(Scores()))}
    assert "amount, paid, share, flag" in said["risk"].en
    assert "0.3" in said["model.risk.0.3"].zh
