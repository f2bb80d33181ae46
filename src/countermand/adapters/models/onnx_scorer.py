"""One ONNX model, one row at a time, in a few microseconds: ONNX Runtime over memory that stays in place."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countermand.kernel.errors import SetupError

THREADS = 1  # a row takes microseconds; waking another thread takes longer


class OnnxScorer:
    """Scores rows of doubles; unknown inputs are NaN. Not to be shared between threads."""

    def __init__(self, session: Any) -> None:
        (taken,), (given,) = session.get_inputs(), session.get_outputs()
        self.inputs = int(taken.shape[1])
        self._session, self._taken, self._given = session, taken.name, given.name
        self._row: NDArray[np.float64] = np.zeros((1, self.inputs))
        self._score: NDArray[np.float64] = np.zeros((1, 1))
        self._pack: Any = struct.Struct(
            f"{self.inputs}d"
        ).pack_into  # an array is a buffer; numpy's types do not say so
        self._binding = session.io_binding()
        self._binding.bind_input(taken.name, "cpu", 0, np.float64, self._row.shape, self._row.ctypes.data)
        self._binding.bind_output(
            given.name, "cpu", 0, np.float64, self._score.shape, self._score.ctypes.data
        )
        self._run = session.run_with_iobinding

    def __call__(self, *inputs: float) -> float:
        """The score of one row, from 0 to 1."""
        self._pack(self._row, 0, *inputs)
        self._run(self._binding)
        return self._score.item()

    def many(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The scores of many rows at once; shape (n, inputs) to (n,)."""
        given: NDArray[np.float64] = self._session.run([self._given], {self._taken: rows})[0][:, 0]
        return given


def open_model(content: bytes, called: str) -> OnnxScorer:
    """A model from its bytes, ready to score.

    Raises SetupError: `models_extra_missing`, `model_unfit` for anything that is no model of ours.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise SetupError(
            "models_extra_missing",
            "Scoring with a model needs ONNX Runtime; install it with: pip install 'countermand[models]'.",
            "使用模型评分需要 ONNX Runtime；请安装：pip install 'countermand[models]'。",
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = THREADS
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        scorer = OnnxScorer(session)
        scorer(*([float("nan")] * scorer.inputs))
    except Exception as error:  # ONNX Runtime's refusals share no class of their own
        raise SetupError(
            "model_unfit",
            f"The file of model {called} is no model this product can use "
            f"({type(error).__name__}): one table of doubles in, one column of scores out.",
            f"模型 {called} 的文件无法使用（{type(error).__name__}）：应输入一张双精度表、输出一列评分。",
            model=called,
        ) from error
    return scorer
