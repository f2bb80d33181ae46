"""Goal: the ONNX file is the model that was trained, to the branch; a file that changed is never used.

Method: LightGBM on seeded rows with unknowns, repeated values and neighbouring doubles; its own predictions as
the oracle.
"""

import numpy as np
import pytest

lightgbm = pytest.importorskip("lightgbm", reason="NOT CHECKED: the extra `train` is not installed")

from countermand.adapters.models.lightgbm_learner import LightGbmLearner  # noqa: E402
from countermand.adapters.models.onnx_scorer import open_model  # noqa: E402
from countermand.adapters.models.onnx_writer import Line, Steps, onnx_model  # noqa: E402
from countermand.adapters.models.registry import ModelRegistry  # noqa: E402
from countermand.kernel.errors import NotFound, SetupError  # noqa: E402
from countermand.kernel.text import Text  # noqa: E402
from countermand.policy.bound import BoundModel  # noqa: E402
from countermand.policy.findings import Place  # noqa: E402
from countermand.vocabulary.models import ModelCard, Rows, Training  # noqa: E402

INPUTS = 6
PLAIN = {"objective": "binary", "verbose": -1, "num_threads": 1, "seed": 3}


def rows(count, seed=1):
    """Seeded rows: money in whole units, microseconds, a flag, a constant, and unknowns in two columns."""
    chance = np.random.default_rng(seed)
    facts = np.column_stack(
        [
            chance.integers(0, 50, count) * 100.0,
            chance.integers(0, 9 * 10**12, count).astype(float),
            chance.integers(0, 2, count).astype(float),
            np.zeros(count),
            np.nextafter(1.0, chance.choice([0.0, 2.0], count)),
            chance.normal(size=count),
        ]
    )
    facts[chance.random(count) < 0.2, 0] = np.nan
    facts[chance.random(count) < 0.2, 5] = np.nan
    odds = np.nan_to_num(facts[:, 0]) / 2000 + 3 * (facts[:, 1] > 6e12) + 2 * (facts[:, 4] > 1) - 4
    fraud = (chance.random(count) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    return Rows(facts, fraud, np.arange(count), np.arange(count) % 97)


@pytest.fixture(scope="module")
def fitted():
    """A calibrated model of some rows."""
    return LightGbmLearner().fit(rows(4000), rows(1000, 2), rows(1000, 3), Training(rounds=60))


@pytest.mark.parametrize("more", [{}, {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1}])
def test_the_file_scores_as_the_booster_does(more):
    """Also for rows with unknowns where training saw none, and for values one double apart."""
    learnt = rows(3000)
    boosters = [
        lightgbm.train({**PLAIN, **more, "seed": seed}, lightgbm.Dataset(learnt.facts, learnt.fraud), 40)
        for seed in (1, 2)
    ]
    asked = rows(2000, 9).facts
    asked[::7, 1] = np.nan
    asked[::11, 2] = np.nan
    chances = [one.predict(asked) for one in boosters]
    raw = np.mean([np.log(one / (1 - one)) for one in chances], axis=0)
    scorer = open_model(onnx_model([one.dump_model() for one in boosters], INPUTS, Line()), "test")
    assert np.abs(scorer.many(asked) - 1 / (1 + np.exp(-raw))).max() < 1e-6
    curve = Steps([-2.0, 0.0, 0.5, 3.0], [0.1, 0.2, 0.7, 0.9])
    scorer = open_model(onnx_model([one.dump_model() for one in boosters], INPUTS, curve), "test")
    assert np.abs(scorer.many(asked) - np.interp(raw, curve.raw, curve.score)).max() < 1e-6


def test_one_row_scores_as_the_batch_does(fitted):
    """The memory that stays in place gives the same score, call after call."""
    scorer = open_model(fitted.content, "test")
    asked = rows(50, 4).facts
    assert [scorer(*row) for row in asked] == [pytest.approx(one, abs=1e-7) for one in scorer.many(asked)]


def test_training_again_gives_the_same_bytes(fitted):
    """Same rows, same seed, same file; another seed, another file."""
    again = LightGbmLearner().fit(rows(4000), rows(1000, 2), rows(1000, 3), Training(rounds=60))
    other = LightGbmLearner().fit(rows(4000), rows(1000, 2), rows(1000, 3), Training(rounds=60, seed=2))
    assert again.content == fitted.content
    assert other.content != fitted.content


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_calibration_brings_scores_to_the_share_of_fraud(method):
    """On fresh rows the mean score is near the share of fraud, and the order of the raw scores is kept."""
    learner = LightGbmLearner()
    training = Training(rounds=60, calibration=method, parameters={"scale_pos_weight": 20})
    with_it = learner.fit(rows(4000), rows(1000, 2), rows(3000, 3), training)
    without = learner.fit(
        rows(4000), rows(1000, 2), rows(3000, 3),
        Training(rounds=60, calibration="none", parameters={"scale_pos_weight": 20}),
    )  # fmt: skip
    fresh = rows(4000, 8)
    share = fresh.fraud.mean()
    calibrated = open_model(with_it.content, "test").many(fresh.facts)
    plain = open_model(without.content, "test").many(fresh.facts)
    assert with_it.calibration == method
    assert abs(calibrated.mean() - share) < 0.03 < abs(plain.mean() - share)
    order = np.argsort(plain, kind="stable")
    assert (np.diff(calibrated[order]) > -1e-6).all()


def bound(file, inputs=INPUTS):
    """A policy's model that names this file."""
    names = tuple(f"i{number}" for number in range(inputs))
    return BoundModel("risk", Text(en="r", zh="r"), file, None, names, frozenset(), True, Place("p.yaml"))


def test_a_registered_model_scores_and_is_found_by_the_start_of_its_hash(fitted, tmp_path):
    """The file is named by its hash; the card is beside it."""
    registry = ModelRegistry(tmp_path / "models")
    card = registry.add(fitted.content, ModelCard(inputs=[f"i{n}" for n in range(INPUTS)], name="risk"))
    assert registry.find(f"sha256:{card.file[:8]}") == card
    assert [one.name for one in registry.cards()] == ["risk"]
    assert 0 <= registry.scorer(bound(card.file))(*rows(1).facts[0]) <= 1
    assert [one.fault for one in registry.verify()] == [None]
    with pytest.raises(NotFound, match="unknown_model"):
        registry.find("ff")


def test_a_changed_missing_or_unfit_file_is_refused(fitted, tmp_path):
    """Each with its code; the remedy stands in the text."""
    registry = ModelRegistry(tmp_path)
    card = registry.add(fitted.content, None)
    with pytest.raises(SetupError, match="model_missing.*countermand model add"):
        registry.scorer(bound("0" * 64))
    with pytest.raises(SetupError, match="model_unfit"):
        registry.scorer(bound(card.file, INPUTS + 1))
    with pytest.raises(SetupError, match="model_unfit"):
        registry.add(b"no model", None)
    with pytest.raises(SetupError, match="model_unfit"):
        registry.add(fitted.content, ModelCard(inputs=["one"]))
    path = tmp_path / f"{card.file}.onnx"
    path.write_bytes(fitted.content + b"\0")
    with pytest.raises(SetupError, match="model_changed"):
        registry.scorer(bound(card.file))
    assert [one.fault for one in registry.verify()] == ["model_changed"]
    registry.add(fitted.content, None)
    assert [one.fault for one in registry.verify()] == [None]
