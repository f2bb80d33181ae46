"""How many answers settled the matter: counted from events alone, with its interval, silence told apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from countermand.kernel.shares import Interval, share
from countermand.vocabulary.answers import CONTACT_AGAIN_MICROS, ReplyEventKind

# Of basic questions; a figure to be measured against, which nothing here can change.
TARGET = 0.98
_AGAINST = frozenset(
    {
        ReplyEventKind.SAID_NO,
        ReplyEventKind.ASKED_PERSON,
        ReplyEventKind.CONTACTED_AGAIN,
        ReplyEventKind.CHECKED_WRONG,
    }
)


class Outcomes(NamedTuple):
    """Answers by what became of them. `waiting`: their seven days are not over, so nothing is known yet.

    `checked` were read again by a person, `wrong` of them found wrong; `held_out` reached a person first.
    """

    waiting: int = 0
    confirmed: int = 0
    denied: int = 0
    silent: int = 0
    checked: int = 0
    wrong: int = 0
    held_out: int = 0


class ConfirmedRate(NamedTuple):
    """The figures with their Wilson intervals (95 %); each None where nothing was counted.

    `confirmed`: said yes and did not come back, of all answers; silence counts against it.
    `confirmed_of_heard`: the same, of those who said anything. `silent`: the share of those who said nothing.
    `reached`: even the lower end of `confirmed` is at the target.
    """

    outcomes: Outcomes
    confirmed: Interval | None
    confirmed_of_heard: Interval | None
    silent: Interval | None
    wrong_of_checked: Interval | None
    target: float
    reached: bool


def outcome_of(sent_at: int, events: Iterable[tuple[ReplyEventKind, int]], now: int) -> str:
    """What became of one answer: `waiting`, `confirmed`, `denied` or `silent`. Events: kind and instant.

    One “no” outweighs any “yes”; whoever comes back later than seven days asks something new.
    """
    if now < sent_at + CONTACT_AGAIN_MICROS:
        return "waiting"
    known = {
        kind
        for kind, at in events
        if kind is not ReplyEventKind.CONTACTED_AGAIN or at < sent_at + CONTACT_AGAIN_MICROS
    }
    if known & _AGAINST:
        return "denied"
    return "confirmed" if ReplyEventKind.SAID_YES in known else "silent"


def confirmed_rate(outcomes: Outcomes) -> ConfirmedRate:
    """The figures of these counts.

    >>> found = confirmed_rate(Outcomes(confirmed=495, denied=5))
    >>> round(found.confirmed.value, 3), found.reached
    (0.99, False)
    """
    heard = outcomes.confirmed + outcomes.denied
    ended = heard + outcomes.silent
    confirmed = share(outcomes.confirmed, ended)
    return ConfirmedRate(
        outcomes,
        confirmed,
        share(outcomes.confirmed, heard),
        share(outcomes.silent, ended),
        share(outcomes.wrong, outcomes.checked),
        TARGET,
        confirmed is not None and confirmed.low >= TARGET,
    )
