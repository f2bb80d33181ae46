"""A policy folder's files, checked and compiled; or everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from countermand.kernel.canonical import canonical_bytes, digest
from countermand.policy.binding import bind
from countermand.policy.bound import Package
from countermand.policy.checks import check_package, remarks_on, warnings_on
from countermand.policy.findings import Finding, Findings
from countermand.policy.folder import read_declarations
from countermand.policy.models import UNTRAINED_MODEL
from countermand.policy.ports import Scorers
from countermand.policy.prelude import with_prelude
from countermand.policy.program import Program


def check_policy(files: Mapping[str, str]) -> list[Finding]:
    """Every finding of a folder given as file name -> text; an empty list may be published."""
    findings, _ = _understood(files)
    return findings.found


@dataclass(frozen=True, slots=True)
class Examination:
    """All that is to be said about a folder.

    findings: what forbids publishing. warnings: what is probably wrong, and not accepted by the policy.
    remarks: what does no harm. program: None where there are findings.
    """

    findings: list[Finding]
    warnings: list[Finding]
    remarks: list[Finding]
    program: Program | None


def examine_policy(files: Mapping[str, str]) -> Examination:
    """Check a folder once and say everything that can be said of it as it is."""
    findings, package = _understood(files)
    if package is None:
        return Examination(findings.found, [], [], None)
    warnings = warnings_on(package, findings.found)
    if findings.found:
        return Examination(findings.found, warnings, [], None)
    program = Program(package, digest(canonical_bytes(dict(files))))
    return Examination([], warnings, remarks_on(package), program)


def remarks_on_policy(files: Mapping[str, str]) -> list[Finding]:
    """What does no harm but is worth a second look, for a folder without findings."""
    return examine_policy(files).remarks


def compile_policy(files: Mapping[str, str], scorers: Scorers | None = None) -> Program:
    """The program of a folder. Raises PolicyError (`policy_refused`) with all findings.

    `scorers` raise SetupError for a model that cannot be trusted. Without them the policy's models say
    nothing: good for looking at a policy, not for deciding.
    """
    findings, package = _understood(files)
    findings.raise_if_any()
    assert package is not None, "a policy without findings is understood"
    return Program(package, digest(canonical_bytes(dict(files))), scorers)


def compile_recorded(files: Mapping[str, str], scorers: Scorers | None = None) -> Program:
    """The program of a folder that was published before: today's stricter checks do not apply to it.

    Raises PolicyError where even its words are no longer understood.
    """
    findings = Findings()
    package = bind(read_declarations(with_prelude(files), findings), findings)
    findings.raise_if_any()
    return Program(package, digest(canonical_bytes(dict(files))), scorers)


def compile_for_training(files: Mapping[str, str]) -> Program:
    """The program of a folder whose models may still be untrained; they say nothing yet.

    Raises PolicyError (`policy_refused`) with all other findings.
    """
    found, _ = _understood(files)
    findings = Findings([one for one in found.found if one.code != UNTRAINED_MODEL])
    findings.raise_if_any()
    return compile_recorded(files)


def _understood(files: Mapping[str, str]) -> tuple[Findings, Package | None]:
    """What is wrong with a folder, and what it means, if that can be said at all."""
    findings = Findings()
    package = bind(read_declarations(with_prelude(files), findings), findings)
    if findings.found:
        return findings, None
    check_package(package, findings)
    return findings, package
