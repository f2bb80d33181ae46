"""A recorded policy as people read it: every rule in its own words, bands, thresholds, features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.policy.package import compile_recorded


def described(files: Mapping[str, str]) -> dict[str, Any]:
    """Title, rules, bands, thresholds; texts in both languages. Takes up to a second of computing."""
    program = compile_recorded(dict(files))
    rules = [
        {
            "rule": bound.id,
            "when": bound.text,
            "then": None if bound.then is None else bound.then.word,
            "score": bound.score,
            "kinds": [] if bound.kinds is None else sorted(kind.value for kind in bound.kinds),
            "if_unknown": "fire" if bound.fires_unknown else "skip",
            "hold_seconds": bound.hold_micros // MICROS_PER_SECOND,
            "scenario": bound.scenario,
            "reason": {"en": bound.reason.en, "zh": bound.reason.zh},
        }
        for bound in program.bound
    ]
    bands = [
        {
            "at_least": band.at_least,
            "then": band.then.word,
            "reason": {"en": band.reason.en, "zh": band.reason.zh},
        }
        for band in program.bands
    ]
    thresholds = [{"name": name, "value": value} for name, value in sorted(program.thresholds.items())]
    return {
        "label": program.label,
        "title": {"en": program.title.en, "zh": program.title.zh},
        "currency": program.currency,
        "rules": rules,
        "bands": bands,
        "thresholds": thresholds,
        "models": [one.name for one in program.models],
    }
