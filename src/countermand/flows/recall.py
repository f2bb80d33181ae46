"""Recorded operations as the present policy would have known them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from countermand.flows.circumstances import Surroundings
from countermand.kernel.clock import micros_of
from countermand.policy.package import compile_recorded
from countermand.policy.program import Facts, Program
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.parties import Account
from countermand.vocabulary.places import NOWHERE, Place

_FACTS = msgspec.msgpack.Decoder(list[Any])
_OPERATION = msgspec.json.Decoder(Operation)


class Recorded(Protocol):
    """What is kept of every operation; facts in MessagePack, the body as canonical JSON."""

    @property
    def policy_id(self) -> int: ...

    @property
    def facts(self) -> bytes | None: ...

    @property
    def body(self) -> bytes | None: ...


class _Forgotten:
    """Lists and population as they were then: what was not recorded of them is unknown."""

    def contains(self, list_name: str, value: str, at: int) -> bool:
        return False

    def ip_in_any_home(self, ip: str) -> bool | None:
        return None

    def device_in_any_profile(self, device: str) -> bool | None:
        return None


def _nowhere(_ip: str) -> Place:
    return NOWHERE


@dataclass(slots=True)
class Recall:
    """Reads the given facts of recorded operations for one program.

    policy_id: the program's own number. sources: the recorded policies' files by number.
    """

    program: Program
    policy_id: int
    sources: Mapping[int, Mapping[str, str]]
    surroundings: Surroundings = field(init=False)
    _programs: dict[int, Program] = field(default_factory=dict)

    def __post_init__(self) -> None:
        forgotten = _Forgotten()
        self.surroundings = Surroundings(self.program, _nowhere, forgotten, forgotten)

    def same_windows(self, policy_id: int) -> bool:
        """Whether a policy's operations enter the windows just as this program's do."""
        return policy_id == self.policy_id or (
            self.program_of(policy_id).windows_digest == self.program.windows_digest
        )

    def program_of(self, policy_id: int) -> Program:
        """A recorded policy, compiled once."""
        if policy_id not in self._programs:
            self._programs[policy_id] = compile_recorded(self.sources[policy_id])
        return self._programs[policy_id]

    def given(self, row: Recorded) -> Facts:
        """The given facts: as recorded where the windows were the same, else read again from facts and body.

        What the policy of then did not look at is unknown, not invented.
        """
        assert row.facts is not None, "rows that are recalled come whole"
        facts = _FACTS.decode(row.facts)
        if self.same_windows(row.policy_id):
            return facts[: self.program.given_count]
        assert row.body is not None, "rows of other policies come whole"
        operation = _OPERATION.decode(row.body)
        account = Account(id=operation.account)
        circumstances = self.surroundings.of(operation, account, micros_of(operation.occurred_at))
        then = self.program_of(row.policy_id)
        return self.program.given_again(circumstances, dict(zip(then.index, facts, strict=True)))
