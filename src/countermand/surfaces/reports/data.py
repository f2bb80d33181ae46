"""The report of a backtest as JSON: stable names, one schema, and the way back."""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.kernel.errors import BadRequest
from countermand.oversight.report import FORMAT, BacktestReport

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(BacktestReport)


def report_json(report: BacktestReport) -> bytes:
    """The report as UTF-8 JSON with sorted keys; the same report, the same bytes."""
    return _ENCODER.encode(report)


def read_report(data: bytes) -> BacktestReport:
    """A report from its JSON. Raises BadRequest `report_unreadable`, also for a figure without its source."""
    try:
        report = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest(
            "report_unreadable", f"This is no report: {error}.", f"这不是有效的报告：{error}。"
        ) from None
    if report.format != FORMAT:
        raise BadRequest(
            "report_unreadable",
            f"This report has the format {report.format!r}, not {FORMAT!r}.",
            f"报告格式为 {report.format!r}，而不是 {FORMAT!r}。",
        )
    return report


def report_schema() -> dict[str, Any]:
    """The JSON schema (2020-12) of a report, as docs/reference/backtest-report.schema.json holds it."""
    schema = msgspec.json.schema(BacktestReport)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Backtest report",
        **schema,
    }
