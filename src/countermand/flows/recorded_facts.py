"""What was recorded with an operation, seen through another policy: its given facts, its equal windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from countermand.flows.circumstances import FORGOTTEN, Surroundings, nowhere
from countermand.kernel.clock import micros_of
from countermand.policy.facts import Facts
from countermand.policy.package import compile_recorded
from countermand.policy.program import Program
from countermand.policy.window_identity import window_identities
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.parties import Account

_OPERATION = msgspec.json.Decoder(Operation)


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


@dataclass(slots=True)
class Recall:
    """Given facts of one policy for operations that other policies decided."""

    program: Program
    _surroundings: Surroundings = field(init=False)

    def __post_init__(self) -> None:
        self._surroundings = Surroundings(self.program, nowhere, FORGOTTEN, FORGOTTEN)

    def given(self, then: Program, recorded: Facts, body: bytes | None) -> Facts:
        """The given facts, from the whole vector recorded under the program `then` and the operation's body.

        A policy whose windows are filled in the same way has the same given facts; for it the body is not
        looked at. Else what was recorded stands, the operation is read again, and the rest is unknown.
        """
        if then.windows_digest == self.program.windows_digest:
            return recorded[: self.program.given_count]
        assert body is not None, "rows of policies with other windows come with their body"
        operation = _OPERATION.decode(body)
        account = Account(id=operation.account)
        circumstances = self._surroundings.of(operation, account, micros_of(operation.occurred_at))
        named: dict[str, Any] = dict(zip(then.index, recorded, strict=True))
        return self.program.given_again(circumstances, named)
