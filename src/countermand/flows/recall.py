"""Recorded operations as the present policy would have known them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from countermand.flows.circumstances import FORGOTTEN, Surroundings, nowhere
from countermand.flows.recorded_policies import RecordedPolicies
from countermand.kernel.clock import micros_of
from countermand.policy.plan import Observation
from countermand.policy.program import Facts, Program
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.parties import Account

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


class Onlooker:
    """What a policy's windows take from an operation that another policy decided.

    It knows the operation and the facts that were recorded with it, and nothing else: what the other policy
    did not look at is unknown, not invented. So windows kept beside the live policy, windows rebuilt after a
    restart and windows computed offline are the same.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._surroundings = Surroundings(program, nowhere, FORGOTTEN, FORGOTTEN)

    def given(self, operation: Operation, at: int, recorded: Mapping[str, Any]) -> Facts:
        """The given facts, from `recorded`: the facts by name as the other policy had them."""
        circumstances = self._surroundings.of(operation, Account(id=operation.account), at)
        return self.program.given_again(circumstances, recorded)

    def recalled(self, then: Program, facts: Facts, body: bytes | None) -> Facts:
        """The given facts, from the whole vector recorded under the program `then` and the operation's body.

        A policy whose windows are filled in the same way has the same given facts; for it the body is not
        looked at.
        """
        if then.windows_digest == self.program.windows_digest:
            return facts[: self.program.given_count]
        assert body is not None, "rows of policies with other windows come with their body"
        operation = _OPERATION.decode(body)
        recorded = dict(zip(then.index, facts, strict=True))
        return self.given(operation, micros_of(operation.occurred_at), recorded)

    def observation(
        self, operation: Operation, at: int, recorded: Mapping[str, Any], outcome: str
    ) -> Observation:
        """`recorded`: the facts by name as the other policy had them; `outcome`: the word it answered."""
        given = self.given(operation, at, recorded)
        return self.program.observed(given, self.program.observation(given), outcome)


@dataclass(slots=True)
class Recall:
    """Reads the given facts of recorded operations for one program.

    policy_id: the program's own number. sources: the recorded policies' files by number.
    """

    program: Program
    policy_id: int
    sources: Mapping[int, Mapping[str, str]]
    onlooker: Onlooker = field(init=False)
    _policies: RecordedPolicies = field(init=False)

    def __post_init__(self) -> None:
        self.onlooker = Onlooker(self.program)
        self._policies = RecordedPolicies(self.sources)

    def same_windows(self, policy_id: int) -> bool:
        """Whether a policy's operations enter the windows just as this program's do."""
        return policy_id == self.policy_id or (
            self._policies.of(policy_id).windows_digest == self.program.windows_digest
        )

    def given(self, row: Recorded) -> Facts:
        """The given facts: as recorded where the windows were the same, else read again from facts and body.

        What the policy of then did not look at is unknown, not invented.
        """
        assert row.facts is not None, "rows that are recalled come whole"
        then = self.program if row.policy_id == self.policy_id else self._policies.of(row.policy_id)
        return self.onlooker.recalled(then, _FACTS.decode(row.facts), row.body)
