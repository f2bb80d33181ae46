"""What a typed policy may still get wrong: conditions that decide nothing, rules that never show."""

from __future__ import annotations

from countermand.policy.bound import Package
from countermand.policy.findings import Findings


def check_package(package: Package, findings: Findings) -> None:
    """Conditions that are always or never true, and rules that repeat earlier ones."""
