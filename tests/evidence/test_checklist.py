"""Goal: nobody is asked for what is held. Method: every category of the pack, and laws over holdings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermand.evidence.checklist import Basis, Fact, Held, Source, State, checklist_of, read_checklists
from countermand.evidence.incident_facts import FACT_WORDS, IncidentFacts, check_facts
from countermand.kernel.errors import BadRequest, SetupError
from countermand.vocabulary.triage import Category
from evidence.screens import CHECKLISTS, PACKS

NOW = datetime(2026, 11, 22, tzinfo=UTC)
holdings = st.frozensets(st.sampled_from(Held))
TEXT = (PACKS / "checklists.yaml").read_text(encoding="utf-8")


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(Category), holdings, st.sampled_from(Held))
def test_what_is_held_is_never_asked_for(category, held, more):
    """A held item is held, ours is never asked for, and more evidence never lowers the score."""
    found = checklist_of(CHECKLISTS, category, held)
    for one in found.items:
        assert (one.state is State.HELD) == bool(set(one.wanted.held_by) & held)
        if one.state is State.ASK:
            assert one.wanted.source is not Source.OURS
            assert one.wanted.ask is not None
    richer = checklist_of(CHECKLISTS, category, held | {more})
    assert richer.score >= found.score
    assert richer.statutory_complete or not found.statutory_complete
    whole = checklist_of(CHECKLISTS, category, frozenset(Held))
    assert (whole.score, whole.statutory_complete) == (100, True)


def test_every_category_wants_the_account_of_events():
    """No category is without a checklist, and what the law names says which law."""
    for category in Category:
        found = checklist_of(CHECKLISTS, category, frozenset())
        assert "account-of-events" in {one.wanted.id for one in found.items}
        assert found.score == 0
    assert all(one.law for one in CHECKLISTS.items if one.basis is Basis.STATUTORY)
    assert any(not checklist_of(CHECKLISTS, one, {Held.REPORT}).statutory_complete for one in Category)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("for: [all]", "for: [nothing]"),
        ("held_by: [report]", "held_by: []"),
        ("weight: 2", "weight: 0"),
        ("\n    confidence: T", "\n    confidence: X"),
        ("id: own-operations", "id: account-of-events"),
    ],
)
def test_a_wrong_pack_is_refused(old, new):
    """A checklist that cannot be followed is not loaded."""
    with pytest.raises(SetupError) as refusal:
        read_checklists(TEXT.replace(old, new, 1))
    assert refusal.value.code == "evidence_pack_refused"


FACTS = {
    "noticed_at": "2026-11-06T08:00:00+08:00",
    "happened_at": ["2026-11-06T03:37:00+08:00"],
    "amounts": [{"minor": 658485}],
    "payees": ["财付通"],
}


def facts(**more):
    """Complete facts of a payment, unless told otherwise."""
    return msgspec.convert({**FACTS, **more}, IncidentFacts)


def test_complete_facts_are_taken():
    """All that the category needs is there; addresses of both kinds are."""
    check_facts(CHECKLISTS, Category.UNAUTHORISED_PAYMENT, facts(ip=["203.0.113.9", "2001:db8::1"]), NOW)
    assert set(FACT_WORDS) == set(Fact)


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"payees": []}, "incident_facts_missing", "payees"),
        ({"noticed_at": None, "amounts": []}, "incident_facts_missing", "noticed_at"),
        ({"ip": ["203.0.113.999"]}, "incident_fact_wrong", "ip"),
        ({"amounts": [{"minor": 5, "currency": "XXQ"}]}, "incident_fact_wrong", "amounts"),
        ({"happened_at": ["2027-01-01T00:00:00Z"]}, "incident_fact_wrong", "happened_at"),
        ({"noticed_at": "2026-11-01T00:00:00Z"}, "incident_fact_wrong", "noticed_at"),
    ],
)
def test_facts_that_cannot_be_are_refused(more, code, field):
    """What is missing, or cannot be, is named in both languages."""
    with pytest.raises(BadRequest) as refusal:
        check_facts(CHECKLISTS, Category.UNAUTHORISED_PAYMENT, facts(**more), NOW)
    assert refusal.value.code == code
    assert field in (refusal.value.details.get("missing") or [refusal.value.details.get("field")])
    assert refusal.value.text.zh


def test_a_category_of_nothing_needs_nothing():
    """A question needs no facts."""
    check_facts(CHECKLISTS, Category.HOW_TO_QUESTION, IncidentFacts(), NOW - timedelta(days=1))
