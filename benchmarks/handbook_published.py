"""What the Fraud Detection Handbook publishes (Le Borgne, Siblini, Lebichot, Bontempi 2022); our goals."""

from __future__ import annotations


def _row(auc: float, ap: float, cp: float) -> dict[str, float]:
    return {"auc": auc, "ap": ap, "cp": cp}


PUBLISHED = {
    "week": {
        "logistic regression": _row(0.871, 0.606, 0.291),
        "random forest": _row(0.867, 0.658, 0.287),
        "XGBoost": _row(0.862, 0.639, 0.273),
    },
    "prequential": {
        "XGBoost, best when validated": _row(0.869, 0.687, 0.303),
        "XGBoost, best on the test": _row(0.872, 0.694, 0.304),
        "LSTM": _row(0.876, 0.665, 0.297),
    },
}
GOALS = {"auc": 0.872, "ap": 0.70, "cp": 0.305}
