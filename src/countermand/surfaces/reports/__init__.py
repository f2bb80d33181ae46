"""Reports as people and programs read them: a backtest's figures as JSON and as one page."""

from countermand.flows.assess_backtest import assess
from countermand.surfaces.reports.data import read_report, report_json, report_schema
from countermand.surfaces.reports.html import render_html

__all__ = ["assess", "read_report", "render_html", "report_json", "report_schema"]
