"""The policies that decided what is recorded, and which windows of theirs serve another policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from countermand.policy.package import compile_recorded
from countermand.policy.program import Program
from countermand.policy.window_identity import window_identities


@dataclass(slots=True)
class RecordedPolicies:
    """The policies that decided what is recorded, compiled when they are first met."""

    sources: Mapping[int, Mapping[str, str]]
    _programs: dict[int, Program] = field(default_factory=dict)
    _places: dict[int, Mapping[str, int]] = field(default_factory=dict)

    def of(self, policy_id: int) -> Program:
        """The program that decided under this number."""
        if policy_id not in self._programs:
            self._programs[policy_id] = compile_recorded(self.sources[policy_id])
        return self._programs[policy_id]

    @property
    def lateness_micros_max(self) -> int:
        """How late operations may arrive under any of the policies met so far."""
        return max((program.plan.lateness_micros for program in self._programs.values()), default=0)

    def window_places(self, policy_id: int) -> Mapping[str, int]:
        """Where the facts recorded under this number hold which window, by the window's identity."""
        if policy_id not in self._places:
            then = self.of(policy_id)
            identities = window_identities(then.package)
            self._places[policy_id] = {
                identity: then.given_count + number for number, identity in enumerate(identities)
            }
        return self._places[policy_id]

    def with_windows_of(self, program: Program, *, met: bool = False) -> set[int]:
        """The policies whose operations enter the windows in the same way; with `met` of those met so far."""
        numbers = list(self._programs if met else self.sources)
        return {number for number in numbers if self.of(number).windows_digest == program.windows_digest}
