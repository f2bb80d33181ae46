"""Reports as people and programs read them: a backtest's figures as JSON and as one page."""

from countermand.flows.assess_backtest import assess
from countermand.surfaces.reports.data import read_report, report_json, report_schema

__all__ = ["assess", "read_report", "report_json", "report_schema"]
