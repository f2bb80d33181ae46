"""Boosted trees and their calibration as one ONNX model: doubles in, one score from 0 to 1 out.

Thresholds stay doubles, so every row takes the very branches it takes in LightGBM; ONNX Runtime adds the
leaves to a 32-bit sum, which is the only difference left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper

OPSET, TREE_OPSET, IR_VERSION = 17, 3, 8
_DOUBLE = TensorProto.DOUBLE
_COLUMNS = ("treeids", "nodeids", "featureids", "truenodeids", "falsenodeids", "missing_value_tracks_true")


@dataclass(frozen=True, slots=True)
class Line:
    """Platt's calibration: the logistic of `slope * raw + offset`."""

    slope: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Steps:
    """A rising curve through the points (raw[i], score[i]), straight between them, level outside."""

    raw: Sequence[float]
    score: Sequence[float]


@dataclass(slots=True)
class _Trees:
    """The nodes of all trees as the columns that ONNX wants."""

    columns: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in _COLUMNS})
    modes: list[str] = field(default_factory=list)
    thresholds: list[float] = field(default_factory=list)
    leaves: dict[str, list[int]] = field(default_factory=lambda: {"tree": [], "node": []})
    weights: list[float] = field(default_factory=list)
    count: int = 0

    def add(self, tree: Mapping[str, Any], share: float) -> None:
        """One tree of LightGBM's dump, its leaves multiplied by `share`."""
        number, self.count = self.count, self.count + 1
        waiting: list[tuple[Mapping[str, Any], int | None, str]] = [(tree, None, "")]
        node = 0
        while waiting:
            part, parent, side = waiting.pop()
            place = len(self.modes)
            for name in _COLUMNS:
                self.columns[name].append(0)
            self.columns["treeids"][place], self.columns["nodeids"][place] = number, node
            if parent is not None:
                self.columns[side][parent] = node
            if "split_feature" in part:
                self._branch(part, place)
                waiting += [
                    (part["right_child"], place, "falsenodeids"),
                    (part["left_child"], place, "truenodeids"),
                ]
            else:
                self.modes.append("LEAF")
                self.thresholds.append(0.0)
                self.leaves["tree"].append(number)
                self.leaves["node"].append(node)
                self.weights.append(float(part["leaf_value"]) * share)
            node += 1

    def _branch(self, part: Mapping[str, Any], place: int) -> None:
        """A split; where training never met an unknown value, LightGBM takes one for zero."""
        assert part["decision_type"] == "<=", "the trainer makes no categorical splits"
        threshold = float(part["threshold"])
        unknown_left = part["default_left"] if part["missing_type"] == "NaN" else threshold >= 0
        self.modes.append("BRANCH_LEQ")
        self.thresholds.append(threshold)
        self.columns["featureids"][place] = int(part["split_feature"])
        self.columns["missing_value_tracks_true"][place] = int(unknown_left)

    def node(self, taken: str, given: str) -> Any:
        columns: dict[str, Any] = {f"nodes_{name}": values for name, values in self.columns.items()}
        return helper.make_node(
            "TreeEnsembleRegressor",
            [taken],
            [given],
            domain="ai.onnx.ml",
            n_targets=1,
            aggregate_function="SUM",
            post_transform="NONE",
            nodes_modes=self.modes,
            nodes_values_as_tensor=helper.make_tensor("t", _DOUBLE, [len(self.thresholds)], self.thresholds),
            target_weights_as_tensor=helper.make_tensor("w", _DOUBLE, [len(self.weights)], self.weights),
            target_ids=[0] * len(self.weights),
            target_treeids=self.leaves["tree"],
            target_nodeids=self.leaves["node"],
            **columns,
        )


def onnx_model(dumps: Sequence[Mapping[str, Any]], inputs: int, calibration: Line | Steps) -> bytes:
    """The mean of some boosters (`Booster.dump_model()`), calibrated; the same input gives the same bytes."""
    trees = _Trees()
    for dump in dumps:
        share = 1 / len(dumps)
        if dump.get("average_output"):
            share /= len(dump["tree_info"])
        for info in dump["tree_info"]:
            trees.add(info["tree_structure"], share)
    nodes = [
        trees.node("facts", "sum"),
        helper.make_node("Cast", ["sum"], ["raw"], to=_DOUBLE),
    ]
    constants: dict[str, NDArray[np.float64]] = {}
    if isinstance(calibration, Line):
        constants = {"slope": _column(calibration.slope), "offset": _column(calibration.offset)}
        nodes += [
            helper.make_node("Mul", ["raw", "slope"], ["stretched"]),
            helper.make_node("Add", ["stretched", "offset"], ["moved"]),
            helper.make_node("Sigmoid", ["moved"], ["score"]),
        ]
    else:
        constants = _curve(calibration)
        nodes += [
            helper.make_node("Sub", ["raw", "from"], ["past"]),
            helper.make_node("Max", ["past", "zero"], ["begun"]),
            helper.make_node("Min", ["begun", "width"], ["inside"]),
            helper.make_node("MatMul", ["inside", "rise"], ["risen"]),
            helper.make_node("Add", ["risen", "least"], ["score"]),
        ]
    graph = helper.make_graph(
        nodes,
        "countermand",
        [helper.make_tensor_value_info("facts", _DOUBLE, [None, inputs])],
        [helper.make_tensor_value_info("score", _DOUBLE, [None, 1])],
        [helper.make_tensor(name, _DOUBLE, value.shape, value.ravel()) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", TREE_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="countermand")
    model.ir_version = IR_VERSION
    checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _curve(steps: Steps) -> dict[str, NDArray[np.float64]]:
    """The curve as a sum of ramps, one for each piece."""
    raw, score = np.asarray(steps.raw, dtype=float), np.asarray(steps.score, dtype=float)
    width = np.diff(raw)
    return {
        "from": raw[:-1].reshape(1, -1),
        "width": width.reshape(1, -1),
        "rise": (np.diff(score) / width).reshape(-1, 1),
        "zero": _column(0.0),
        "least": _column(float(score[0])),
    }


def _column(value: float) -> NDArray[np.float64]:
    return np.array([[value]])
