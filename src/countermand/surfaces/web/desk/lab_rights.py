"""Who may do what in the policy lab: looking, proposing, judging, and what changes how the house decides."""

from __future__ import annotations

from countermand.cases.permissions import may_ever, role_lacks
from countermand.vocabulary.publishing import PolicyStep
from countermand.vocabulary.staff import Staff, Verb

LOOKS = (Verb.CONFIGURE, Verb.APPROVE, Verb.READ_AUDIT)
WORKS = (Verb.CONFIGURE, Verb.APPROVE)
JUDGES = (Verb.APPROVE,)
_OF_STEP = {PolicyStep.APPROVE: JUDGES, PolicyStep.REJECT: JUDGES}


def may_take(staff: Staff, step: PolicyStep) -> bool:
    """Whether somebody may take a step at all; that nobody judges their own the story sees to."""
    return _has(staff, _OF_STEP.get(step, WORKS))


def may_work(staff: Staff) -> bool:
    """Whether somebody may begin backtests, shadows and canaries."""
    return _has(staff, WORKS)


def require_look(staff: Staff) -> None:
    """Raises Forbidden (`role_lacks_verb`)."""
    _require(staff, LOOKS)


def require_work(staff: Staff) -> None:
    """Raises Forbidden (`role_lacks_verb`)."""
    _require(staff, WORKS)


def require_step(staff: Staff, step: PolicyStep) -> None:
    """Raises Forbidden (`role_lacks_verb`)."""
    _require(staff, _OF_STEP.get(step, WORKS))


def _has(staff: Staff, verbs: tuple[Verb, ...]) -> bool:
    return any(may_ever(staff.roles, verb) for verb in verbs)


def _require(staff: Staff, verbs: tuple[Verb, ...]) -> None:
    if not _has(staff, verbs):
        raise role_lacks(verbs[0])
