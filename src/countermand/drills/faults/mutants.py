"""One fault in a real pack: which, where, what must find it, and how it is shown to be a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from countermand.drills.faults.pack import Edit, Pack
from countermand.policy.terms import Term

# What shows that the fault is one, by evaluation:
NEVER = "never"  # the probes are never TRUE
ALWAYS = "always"  # the probes are never FALSE
IDLE = "idle"  # without the probe (a rule) nothing is decided differently, and the rule does fire
HIDDEN = "hidden"  # the rule's outcome is never the one that is given while another rule speaks
TWIN = "twin"  # two rules fire on the same operations and both count
POINTS = "points"  # arithmetic over points or amounts says so
DIFFERS = "differs"  # something is decided or counted differently from the original
UNKNOWN = "unknown"  # something is decided differently, and only where something is unknown
REFUSED = "refused"  # the language itself cannot read it
TEXT = "text"  # people would read it


@dataclass(frozen=True)
class Mutant:
    """A pack with one fault of a class.

    expected: the codes of which one must be found at `edit.file` and one of `edit.lines`.
    proof: how evaluation shows that it is a fault. probes: the conditions that the proof looks at.
    rule: the rule it looks at. streams: only histories count as facts, because it is about how windows
    lie within each other.
    """

    fault: str
    what: str
    pack: Pack
    edit: Edit
    expected: frozenset[str]
    proof: str
    probes: tuple[Term, ...] = ()
    rule: str = ""
    streams: bool = False


Planter = Callable[[Pack], "list[Mutant]"]
