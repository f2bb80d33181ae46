"""Learning: LightGBM's trees, stopped early, calibrated on later rows, written as ONNX and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from countermand.adapters.models.onnx_scorer import open_model
from countermand.adapters.models.onnx_writer import Line, Steps, onnx_model
from countermand.kernel.errors import SetupError
from countermand.vocabulary.models import Fitted, Rows, Training

PARAMETERS: Mapping[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    "lambda_l2": 5.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
}
COMPARED_ROWS_MAX = 20_000
DIFFERENCE_MAX = 1e-4  # a steep step of the calibration magnifies the last digit of the sum
_KNOTS_MAX = 200
_TILT = 1e-3  # the share of the plain logistic in a step curve: equal steps keep their order


@dataclass(frozen=True, slots=True)
class LightGbmLearner:
    """Deterministic for equal rows, training and versions: one thread, one seed."""

    trainer: str = "LightGBM"

    def fit(self, rows: Rows, tune: Rows, calibrate: Rows, training: Training) -> Fitted:
        """Trees from `rows`, as many as do best on `tune`, calibrated on `calibrate` (either may be empty).

        Raises SetupError (`model_inexact`) where the ONNX file scores differently.
        """
        parameters = {**PARAMETERS, **training.parameters}
        fixed = {"verbose": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}
        boosters = [
            self._boosted({**parameters, **fixed, "seed": training.seed + bag}, rows, tune, training)
            for bag in range(training.bags)
        ]
        dumps = [booster.dump_model() for booster in boosters]
        plain = onnx_model(dumps, rows.facts.shape[1], Line())
        calibration, method = _calibration(_raw(boosters, calibrate.facts), calibrate.fraud, training)
        content = plain if method == "none" else onnx_model(dumps, rows.facts.shape[1], calibration)
        sample = rows.facts[:: max(1, len(rows.fraud) // COMPARED_ROWS_MAX)]
        difference = _difference(content, sample, _applied(calibration, _raw(boosters, sample)))
        if difference > DIFFERENCE_MAX:
            raise SetupError(
                "model_inexact",
                f"The ONNX file and LightGBM differ by {difference:.2e} on one row; the file is not kept.",
                f"ONNX 文件与 LightGBM 在同一行上相差 {difference:.2e}；不保存该文件。",
            )
        gains = np.sum([booster.feature_importance("gain") for booster in boosters], axis=0)
        return Fitted(
            content,
            trees=sum(len(dump["tree_info"]) for dump in dumps),
            importance=[round(float(one), 6) for one in gains / max(gains.sum(), 1e-300)],
            calibration=method,
            difference_max=difference,
            parameters={**parameters, "bags": training.bags, "rounds": training.rounds},
            trainer=f"{self.trainer} {lightgbm.__version__}",
        )

    def _boosted(self, parameters: Mapping[str, Any], rows: Rows, tune: Rows, training: Training) -> Any:
        learn = lightgbm.Dataset(rows.facts, rows.fraud, free_raw_data=False)
        if not tune.fraud.any():
            return lightgbm.train(dict(parameters), learn, training.rounds)
        watched = lightgbm.Dataset(tune.facts, tune.fraud, reference=learn, free_raw_data=False)
        stop = lightgbm.early_stopping(training.patience, verbose=False)
        measured = {**parameters, "metric": "average_precision"}
        booster = lightgbm.train(measured, learn, training.rounds, valid_sets=[watched], callbacks=[stop])
        return lightgbm.Booster(model_str=booster.model_to_string(num_iteration=booster.best_iteration))


def _raw(boosters: list[Any], facts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the boosters before the logistic; shape (n, inputs) to (n,)."""
    if len(facts) == 0:
        return np.zeros(0)
    told = [
        booster.predict(facts, raw_score=True, num_threads=1) / _trees_averaged(booster)
        for booster in boosters
    ]
    raw: NDArray[np.float64] = np.mean(told, axis=0)
    return raw


def _trees_averaged(booster: Any) -> int:
    """A random forest is the mean of its trees; LightGBM's raw score is their sum."""
    return int(booster.num_trees()) if booster.params.get("boosting") == "rf" else 1


def _calibration(
    raw: NDArray[np.float64], fraud: NDArray[np.int8], training: Training
) -> tuple[Line | Steps, str]:
    """What the training asked for, where the rows allow it; a falling line is no calibration."""
    positive = int(fraud.sum())
    if training.calibration == "none" or positive == 0 or positive == len(fraud):
        return Line(), "none"
    if training.calibration == "isotonic":
        return _isotonic(raw, fraud), "isotonic"
    fitted = LogisticRegression(C=np.inf).fit(raw.reshape(-1, 1), fraud)
    slope, offset = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return (Line(slope, offset), "platt") if slope > 0 else (Line(), "none")


def _isotonic(raw: NDArray[np.float64], fraud: NDArray[np.int8]) -> Steps:
    """Pool adjacent violators (scikit-learn), as a curve with few knots that never falls and never rests."""
    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(raw, fraud)
    knots = np.unique(fitted.X_thresholds_)
    if len(knots) < 2:
        knots = np.array([knots[0], knots[0] + 1.0])
    if len(knots) > _KNOTS_MAX:
        knots = knots[np.unique(np.linspace(0, len(knots) - 1, _KNOTS_MAX).round().astype(int))]
    plain = 1 / (1 + np.exp(-knots))
    score = (1 - _TILT) * fitted.predict(knots) + _TILT * plain
    return Steps([float(one) for one in knots], [float(one) for one in score])


def _applied(calibration: Line | Steps, raw: NDArray[np.float64]) -> NDArray[np.float64]:
    if isinstance(calibration, Line):
        line: NDArray[np.float64] = 1 / (1 + np.exp(-(calibration.slope * raw + calibration.offset)))
        return line
    curve: NDArray[np.float64] = np.interp(raw, calibration.raw, calibration.score)
    return curve


def _difference(content: bytes, facts: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    """The largest difference between the file's scores and the wanted ones."""
    scored = open_model(content, "being trained").many(np.ascontiguousarray(facts))
    return float(np.abs(scored - wanted).max()) if len(wanted) else 0.0
