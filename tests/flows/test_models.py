"""Goal: a model decides like any rule: recorded, replayed byte for byte without its file, explained, watched.

Method: a real database, a model trained here, a policy that names it.
"""

import asyncio
from pathlib import Path

import msgspec
import numpy as np
import pytest

pytest.importorskip("lightgbm", reason="NOT CHECKED: the extra `train` is not installed")

from countermand.app import open_desk, open_learner, open_models, open_record
from countermand.flows.compare_models import compare_models, recorded_scores
from countermand.flows.explain_score import explain_score
from countermand.flows.live_drift import BLOCK_ROWS, BLOCKS_KEPT, ModelWatch
from countermand.flows.replay_decision import replay_decision
from countermand.flows.train_model import (
    Background,
    card_of,
    groups_within,
    split_by_time,
)
from countermand.flows.watch_drift import watch_drift
from countermand.kernel.errors import BadRequest, SetupError
from countermand.policy.package import compile_for_training
from countermand.settings import Settings
from countermand.surfaces.drift_gauges import drift_watched, exposition
from countermand.surfaces.http.measures import Measures
from countermand.vocabulary.models import ModelCard, Rows, Span, Training
from flows.labels_stage import label, labelled
from flows.stage import answer_of, facts_of, house_on, payment

POLICY = """policy: scored
version: "{version}"
title: {{en: "Scored", zh: "评分"}}
currency: CNY
timezone: Asia/Shanghai
features:
  usual: {{avg: amount, by: account, over: 30 days, own: excluded}}
  today: {{count: operations, by: account, over: 1 day}}
derive:
  times_usual: amount / usual
models:
  large:
    title: {{en: "Large payment", zh: "大额支付"}}
    file: {file}
    on: [payment]
    inputs: [amount, today, times_usual]
    essential: [amount]
    if_unknown: skip
    bands:
      - {{at_least: 0.5, then: hold, reason: {{en: "Score {{model.large}}", zh: "评分 {{model.large}}"}}}}
"""


def rows(count=4000, seed=1):
    """Amounts above 500 yuan are fraud, mostly; the other inputs say nothing."""
    chance = np.random.default_rng(seed)
    amount = chance.integers(1, 100_000, count).astype(float)
    today = chance.integers(1, 5, count).astype(float)
    share = np.where(chance.random(count) < 0.3, np.nan, chance.uniform(0.1, 100, count))
    fraud = ((amount > 50_000) ^ (chance.random(count) < 0.05)).astype(np.int8)
    at = np.sort(chance.integers(0, 30 * 86400 * 10**6, count))
    return Rows(np.column_stack([amount, today, share]), fraud, at, chance.integers(0, 200, count))


def write(folder: Path, file: str, version: str = "1") -> Path:
    """The policy, naming a file."""
    folder.mkdir(exist_ok=True)
    (folder / "policy.yaml").write_text(POLICY.format(file=file, version=version), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Settings whose model folder holds a trained model, and its card."""
    data = tmp_path_factory.mktemp("data")
    folder = write(data / "untrained", "untrained")
    program = compile_for_training({"policy.yaml": (folder / "policy.yaml").read_text(encoding="utf-8")})
    all_rows = rows()
    split, training = split_by_time(all_rows, 86400 * 10**6), Training(rounds=60)
    fitted = open_learner().fit(split.train, split.tune, split.calibrate, training)
    registry = open_models(Settings(data_dir=data))
    bare = registry.add(fitted.content, ModelCard(inputs=list(program.models[0].inputs)))
    scorer = registry.opened(bare.file, "large")
    groups = groups_within(all_rows, split, {"kind=payment": np.arange(all_rows.size)})
    background = Background("scored@1", "rows", "label", 86400 * 10**6, 0, "test")
    declared = program.package.declared.models[0]
    card = card_of(program.models[0], declared, split, groups, fitted, scorer, training, background)
    return data, registry.add(fitted.content, card)


@pytest.fixture
def policy(trained, tmp_path):
    """A policy folder that names the trained model."""
    return write(tmp_path / "policy", f"sha256:{trained[1].file}")


async def test_a_score_decides_is_recorded_and_replays_without_its_file(
    database_dsn, trained, policy, tmp_path
):
    """The same bytes, with the model file and without; the counterfactual was asked of the model."""
    data, _ = trained
    async with house_on(database_dsn, policy=policy, data_dir=data) as house:
        small, large = payment(minor=1_000), payment(minor=90_000)
        assert answer_of(await house.decider.decide(small, None))["outcome"] == "allow"
        held = answer_of(await house.decider.decide(large, None))
        assert held["outcome"] == "hold"
        assert held["reasons"][0]["rule"] == "model.large.0.5"
        assert 40_000 < held["counterfactual"][0]["at_most"]["minor"] < 60_000
        facts = await facts_of(house, large.id)
        assert 0.5 <= facts["model.large"] <= 1
        replayed = await replay_decision(house, large.id)
        assert (replayed["identical"], replayed["not_replayed"]) == (True, [])
    settings = Settings(database_url=database_dsn, data_dir=tmp_path / "elsewhere")
    async with open_desk(settings) as desk:
        replayed = await replay_decision(desk, large.id)
        assert (replayed["identical"], replayed["not_replayed"]) == (True, ["counterfactual"])


async def test_nothing_decides_with_a_model_that_is_missing_or_changed(
    database_dsn, trained, policy, tmp_path
):
    """The start is refused, and says what to do."""
    with pytest.raises(SetupError, match=r"model_missing.*countermand model add"):
        async with house_on(database_dsn, policy=policy, data_dir=tmp_path):
            raise AssertionError("a house opened without its model")
    file = tmp_path / "models" / f"{trained[1].file}.onnx"
    file.parent.mkdir()
    file.write_bytes(b"something else")
    with pytest.raises(SetupError, match="model_changed"):
        async with house_on(database_dsn, policy=policy, data_dir=tmp_path):
            raise AssertionError("a house opened with another model")


async def test_a_score_is_explained_against_the_accounts_own_normal(database_dsn, trained, policy):
    """An account that pays ten yuan and then nine hundred: the amount is the reason, in both languages."""
    data, _ = trained
    async with house_on(database_dsn, policy=policy, data_dir=data) as house:
        for _ in range(5):
            await house.decider.decide(payment(minor=1_000), None)
        last = payment(minor=90_000)
        await house.decider.decide(last, None)
    settings = Settings(database_url=database_dsn, data_dir=data)
    async with open_desk(settings) as desk:
        explained = await explain_score(desk, open_models(settings), last.id)
    (model,) = explained["models"]
    assert explained["account_history"] == 5
    assert model["score"] == pytest.approx(model["score_now"], abs=1e-6)
    first = model["factors"][0]
    assert (first["input"], first["value"], first["usual"]) == ("amount", 90_000, 1_000)
    assert first["effect"] > 0.3
    assert "900.00 yuan, usually 10.00 yuan" in first["text"].en
    assert "平时为" in first["text"].zh


async def test_drift_is_told_by_input(database_dsn, trained, policy):
    """Payments all of one size are far from what was learnt; /metrics says the same as the command."""
    data, card = trained
    async with house_on(database_dsn, policy=policy, data_dir=data) as house:
        for number in range(120):
            await house.decider.decide(payment(f"a-{number}", minor=500), None)
        program = house.program
        measures = Measures()
        assert b"countermand_model" not in measures.text()
        async with asyncio.timeout(10), drift_watched(house, measures) as live:
            while not live.watches or not live.watches[0].seen:  # noqa: ASYNC110 - it looks by itself
                await asyncio.sleep(0.01)
            assert await live.look() == 0
            told = {one.name: one for one in live.watches[0].drifts()}
            scraped = measures.text().decode()
    async with open_desk(Settings(database_url=database_dsn, data_dir=data)) as desk:
        drifts = {one.name: one for one in await watch_drift(desk, program.models, [card])}
    assert drifts["amount"].verdict == "far"
    assert drifts["times_usual"].unknown_now == 1.0
    assert drifts["amount"].rows == 120
    assert 0 < drifts["model.large"].mean_now < 0.5
    assert told == drifts
    text = exposition(list(told.values()))
    assert text in scraped
    assert 'countermand_model_stability_index{input="amount",model="large"}' in text
    assert 'countermand_model_score_window{model="large"} 120.0' in text


def test_the_card_says_how_good_the_file_is(trained):
    """Metrics on the latest rows with intervals, calibration, rates of groups, baselines of every input."""
    _, card = trained
    assert card.train.end < card.test.start
    measure = card.metrics["auc_roc"]
    assert 0.9 < measure.low < measure.value < measure.high
    assert card.calibration.error < 0.05
    assert [one.group for one in card.subgroups] == ["kind=payment"]
    assert card.subgroups[0].recall > 0.8
    assert [one.name for one in card.baselines] == card.inputs
    assert card.importance["amount"] == max(card.importance.values())
    assert card.difference_max < 1e-4
    assert msgspec.json.decode(msgspec.json.encode(card), type=ModelCard) == card


def test_what_learns_is_older_than_its_labels_delay_when_the_next_part_begins():
    """No label is used before it could be known."""
    delay = 3 * 86400 * 10**6
    split = split_by_time(rows(), delay)
    assert split.train.at.max() <= split.tune.at.min() - delay
    assert split.calibrate.at.max() <= split.test.at.min() - delay
    assert split.tune.at.max() <= split.calibrate.at.min()
    with pytest.raises(BadRequest, match="too_little_to_learn"):
        split_by_time(rows(40), delay)


def test_a_better_challenger_is_told_from_luck():
    """The difference has an interval; a twin of the champion is not better."""
    given = rows(3000)
    noise = np.random.default_rng(5).normal(size=3000)
    good = given.fraud + noise
    better = given.fraud * 2 + noise
    table = Rows(np.column_stack([good, better, good]), given.fraud, given.at, given.accounts)
    champion, rival, twin = compare_models(table, ["model.a", "model.b", "model.c"], "model.a", 1)
    assert champion.better_by == {}
    assert rival.better_by["average_precision"].low > 0
    assert twin.better_by["average_precision"].value == 0
    with pytest.raises(BadRequest, match="too_little_to_compare"):
        compare_models(table.only(slice(0, 0)), ["model.a", "model.b", "model.c"], "model.a", 1)


class LaterCards:
    """The registry, but every model has learnt from all there is."""

    def __init__(self, registry):
        self.registry, self.opened = registry, registry.opened

    def find(self, prefix):
        """Its card, with another end."""
        card = self.registry.find(prefix)
        return msgspec.structs.replace(card, train=Span("2026-01-01T00:00:00Z", "2100-01-01T00:00:00Z", 1, 1))


async def test_models_are_compared_on_what_was_decided_and_labelled_here(database_dsn, trained, policy):
    """The recorded scores, to the last bit, of labelled payments only; never of what a model learnt from."""
    data, _ = trained
    async with house_on(database_dsn, policy=policy, data_dir=data) as house:
        given = {}
        for number in range(30):
            one = payment(f"a-{number % 7}", minor=1_000 + 3_000 * number)
            await house.decider.decide(one, None)
            given[one.id] = number > 20
        unlabelled = payment("a-9", minor=70_000)
        await house.decider.decide(unlabelled, None)
        await labelled(house, *(label(name, fraud) for name, fraud in given.items()))
        recorded = [(await facts_of(house, name))["model.large"] for name in given]
        models = house.program.models
    settings = Settings(database_url=database_dsn, data_dir=data)
    registry = open_models(settings)
    async with open_record(settings) as opened:
        sources = await opened.policies.sources()
        rows = await recorded_scores(opened.record, sources, models, registry)
        learnt = await recorded_scores(opened.record, sources, models, LaterCards(registry))
    assert rows.facts[:, 0].tolist() == recorded
    assert rows.fraud.tolist() == list(given.values())
    (champion,) = compare_models(rows, ["model.large"], "model.large", 1)
    assert champion.metrics["auc_roc"].value > 0.85
    assert np.isnan(learnt.facts).all()
    with pytest.raises(BadRequest, match="too_little_to_compare"):
        compare_models(learnt, ["model.large"], "model.large", 1)


def test_the_running_watch_forgets_and_tells_when_scores_move(trained, policy):
    """Kinds that the model does not score are left out; old blocks go; a mean that moves is told."""
    _, card = trained
    program = compile_for_training({"policy.yaml": (policy / "policy.yaml").read_text(encoding="utf-8")})
    watch = ModelWatch.of(program.models[0], card)
    watch.see("login", {"amount": 1})
    assert watch.drifts() == []
    chance = np.random.default_rng(2)
    facts = {"today": 2, "times_usual": None}
    for number in range(BLOCK_ROWS * (BLOCKS_KEPT + 2)):
        late = number >= 2 * BLOCK_ROWS
        score = float(chance.beta(9 if late else 2, 30))
        watch.see("payment", {**facts, "amount": 500 if late else None, "model.large": score})
    drifts = {one.name: one for one in watch.drifts()}
    assert drifts["amount"].rows == BLOCK_ROWS * BLOCKS_KEPT
    assert drifts["amount"].unknown_now == 0
    assert drifts["model.large"].mean_moved
    assert abs(drifts["model.large"].mean_now - 9 / 39) < 0.01
