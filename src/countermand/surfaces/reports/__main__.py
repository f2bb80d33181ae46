"""Print the JSON schema of a backtest's report, as docs/reference/backtest-report.schema.json keeps it."""

from __future__ import annotations

import sys

import msgspec

from countermand.surfaces.reports import report_schema

if __name__ == "__main__":
    schema = msgspec.json.encode(report_schema(), order="sorted")
    sys.stdout.write(msgspec.json.format(schema, indent=1).decode() + "\n")
