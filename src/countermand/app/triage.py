"""Triage as an installation has it: the model and rules that come with the product, or its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from countermand.intake.triage import Triage

_PACKAGE = Path(__file__).parent.parent
TRIAGE_DATA = _PACKAGE / "triage_data"
TRIAGE_MODEL = _PACKAGE / "triage_model" / "triage.msgpack"
TRIAGE_RULES = _PACKAGE / "triage_rules"


def read_triage_rules(folder: Path = TRIAGE_RULES) -> Mapping[str, str]:
    """The files of a rule pack, name -> text."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))}


def open_triage(model: Path = TRIAGE_MODEL, rules: Path = TRIAGE_RULES) -> Triage:
    """A model and rules, ready to read messages.

    Raises SetupError: `triage_model_unfit`, `triage_rules_refused`.
    """
    return Triage.load(model.read_bytes(), read_triage_rules(rules))
