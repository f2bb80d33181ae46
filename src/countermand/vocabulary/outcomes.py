"""The five answers an operation can get, ordered by how much they protect."""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """A higher outcome wins when several rules disagree.

    >>> max(Outcome.CHALLENGE, Outcome.HOLD).name
    'HOLD'
    """

    ALLOW = 0
    CHALLENGE = 1
    HOLD = 2
    APPROVE = 3
    DENY = 4

    @property
    def word(self) -> str:
        """The word on the wire and in policies."""
        return self.name.lower()


OUTCOMES_ZH = {
    Outcome.ALLOW: "放行",
    Outcome.CHALLENGE: "加验",
    Outcome.HOLD: "暂缓",
    Outcome.APPROVE: "审批",
    Outcome.DENY: "拒绝",
}
OUTCOME_OF_WORD = {outcome.word: outcome for outcome in Outcome}
