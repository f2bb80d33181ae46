"""The report of a backtest as one page: no other file, no request, both languages."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from countermand.kernel.text import Text
from countermand.oversight.report import BacktestReport, PolicyReport, RuleLine
from countermand.surfaces.reports import plots
from countermand.surfaces.reports.verdict import direction, verdict_of
from countermand.surfaces.reports.words import BUDGET, FIGURES, GROUPS, OUTCOMES, STATES
from countermand.surfaces.reports.writing import Writer, both, percent, plain, short, worded

RULES_MAX = 200
CARDS_LABELLED = (
    "loss_stopped_share",
    "disturbed_share",
    "precision",
    "recall",
    "alerts_a_day",
    "seconds_asked",
)
CARDS_UNLABELLED = ("alerts_a_day", "alert_share", "step_up_rate", "seconds_asked")


def render_html(report: BacktestReport) -> str:
    """The page, under 3 MB however large the policies: long tables show their first lines and say so.

    Every text of a policy is escaped; style and script stand inside, and the page's own Content-
    Security-Policy, by their hashes, lets nothing else run or load.
    """
    style, script = _asset("style.css"), _asset("behaviour.js")
    writer = Writer(report.data.currency, report.data.exponent)
    main = report.q or report.p
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            data=report.data,
            main=main,
            policies=[("P", report.p), *([("Q", report.q)] if report.q else [])],
            comparison=report.comparison,
            cards=_cards(report),
            figures=_figures(report),
            verdict=verdict_of(report, writer),
            drawn=_drawn(report, main, writer),
            shown_rules=_shown_rules,
            rules_max=RULES_MAX,
            writer=writer,
            style=style,
            script=script,
            policy=f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'",
        )
    )


def _figures(report: BacktestReport) -> list[str]:
    """The names of the figures there are, in the order of the words."""
    there = {**report.p.figures, **(report.q.figures if report.q else {})}
    return [*(name for name in FIGURES if name in there), *(name for name in there if name not in FIGURES)]


def _cards(report: BacktestReport) -> list[dict[str, Any]]:
    """The figures that stand large, each with its difference where two policies are compared."""
    main = report.q or report.p
    names = CARDS_LABELLED if "loss_total" in report.p.figures else CARDS_UNLABELLED
    cards: list[dict[str, Any]] = []
    for name in names:
        figure = main.figures.get(name)
        if figure is None:
            continue
        difference = report.comparison.differences.get(name) if report.comparison else None
        cards.append(
            {
                "name": name,
                "figure": figure,
                "before": report.p.figures.get(name) if report.q else None,
                "difference": difference,
                "direction": "" if difference is None else direction(name, difference),
            }
        )
    return cards


def _drawn(report: BacktestReport, main: PolicyReport, writer: Writer) -> dict[str, Markup]:
    """The plots, by the id of the heading that names each."""
    other = report.p if report.q else None
    bands = [
        (threshold, word)
        for point in (main.trade_off.points if main.trade_off else [])
        if point.is_current and main.trade_off
        for threshold, word in zip(point.thresholds, main.trade_off.bands, strict=True)
    ]
    found = {
        "days": plots.days_plot("days", main, other),
        "hours": plots.hours_plot("hours", main),
        "scores": plots.scores_plot("scores", main, bands),
        "overlap": plots.overlap_plot("overlap", main.overlap),
    }
    if main.trade_off is not None:
        found["trade-off"] = plots.trade_off_plot("trade-off", main, other, writer)
    if report.comparison is not None:
        found["rule-changes"] = plots.changes_plot("rule-changes", report.comparison.rules)
    return found


def _shown_rules(policy: PolicyReport) -> list[RuleLine]:
    """All rules, or the busiest where there are too many."""
    if len(policy.rules) <= RULES_MAX:
        return policy.rules
    return sorted(policy.rules, key=lambda line: -line.fired)[:RULES_MAX]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("countermand.surfaces.reports", "page"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def inline(en: str, zh: str) -> Markup:
        return both(Text(en=en, zh=zh))

    environment.globals |= {
        "t": inline, "both": both, "worded": worded, "plain": plain, "percent": percent, "short": short,
        "grouped": plots.grouped, "thresholds_of": plots.thresholds_of, "direction": direction,
        "FIGURES": FIGURES, "OUTCOMES": OUTCOMES, "BUDGET": BUDGET, "GROUPS": GROUPS, "STATES": STATES,
    }  # fmt: skip
    return environment


@cache
def _asset(name: str) -> str:
    return (files("countermand.surfaces.reports") / "page" / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    """The source expression of inline content (Content Security Policy Level 3, 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
