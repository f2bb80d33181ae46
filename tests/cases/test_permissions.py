"""Goal: nobody may more than the written table says. Method: the whole table as a file, and its laws."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.cases.permission_table import permission_lines
from countermand.cases.permissions import GLASS_VERBS, TWO_PEOPLE_VERBS, decide, may_ever
from countermand.vocabulary.staff import (
    NOT_STAFF,
    FieldClass,
    Purpose,
    Relation,
    Role,
    Verb,
    Verdict,
)

GOLDEN = Path(__file__).parent / "permissions.golden"
READS = {verb for verb in Verb if verb.name.startswith(("READ_", "LIST_"))} - {Verb.REVIEW_GLASS}
staff_roles = st.sets(st.sampled_from([role for role in Role if role not in NOT_STAFF]), min_size=1)


def table() -> str:
    """All of it, as `countermand staff permissions` prints it."""
    return "\n".join(permission_lines()) + "\n"


def test_the_table_is_the_one_that_was_agreed():
    """A change of who may do what shows in review; `GOLDEN=update` writes the new one."""
    if os.environ.get("GOLDEN") == "update":
        GOLDEN.write_text(table(), encoding="utf-8")
    assert table() == GOLDEN.read_text(encoding="utf-8")


@given(staff_roles, st.sampled_from(Verb), st.sampled_from(Purpose), st.sampled_from(FieldClass))
def test_nobody_works_on_their_own_case(roles, verb, purpose, field):
    """Whatever the roles, a case about oneself or kin is neither read nor touched, glass or not."""
    if verb in {
        Verb.LIST_CASES,
        Verb.EDIT_KNOWLEDGE,
        Verb.CONFIGURE,
        Verb.IMPORT,
        Verb.READ_AUDIT,
        Verb.ERASE,
    }:
        return
    for glass in (False, True):
        assert decide(roles, verb, Relation.SUBJECT, purpose, field, glass=glass) is Verdict.DENY


@given(staff_roles, st.sampled_from(Purpose))
def test_nobody_reviews_what_they_decided(roles, purpose):
    """A decider neither decides again nor approves."""
    for verb in (Verb.DECIDE, Verb.DECIDE_AGAINST, Verb.APPROVE, Verb.CHECK_QUALITY):
        assert decide(roles, verb, Relation.DECIDER, purpose) is Verdict.DENY


@given(staff_roles, st.sampled_from(Verb), st.sampled_from(Relation), st.sampled_from(Purpose))
def test_an_auditor_writes_nothing_and_an_admin_reads_no_body(roles, verb, relation, purpose):
    """Also where other roles were given beside, and where the glass was broken."""
    for glass, field in product((False, True), FieldClass):
        if verb not in READS:
            with_auditor = decide(
                {*roles, Role.AUDITOR} - {Role.ADMIN}, verb, relation, purpose, field, glass=glass
            )
            assert with_auditor is Verdict.DENY
        if verb in {Verb.READ_MESSAGES, Verb.UNMASK, Verb.READ_MONEY, Verb.READ_BIOMETRICS}:
            assert decide({*roles, Role.ADMIN}, verb, relation, purpose, field, glass=glass) is Verdict.DENY


@given(
    st.sampled_from(Role), st.sampled_from(Relation), st.sampled_from(Purpose), st.sampled_from(FieldClass)
)
def test_what_needs_two_people_is_never_done_by_one(role, relation, purpose, field):
    """Money, lifting, waiving, erasing, refusing a loss, a stranger's data: no single role has it alone."""
    for verb in TWO_PEOPLE_VERBS:
        assert decide([role], verb, relation, purpose, field, glass=True) <= Verdict.TWO_PEOPLE
    third = decide([role], Verb.UNMASK, relation, purpose, FieldClass.THIRD_PARTY)
    assert third <= Verdict.TWO_PEOPLE


@pytest.mark.parametrize("verb", sorted(set(Verb) - GLASS_VERBS))
def test_broken_glass_opens_looking_and_stopping_only(verb):
    """Nothing that cannot be taken back is opened by breaking the glass."""
    for role, relation in product(Role, Relation):
        calm = decide([role], verb, relation, Purpose.HANDLE)
        assert decide([role], verb, relation, Purpose.HANDLE, glass=True) == calm


@given(staff_roles, st.sampled_from(Verb), st.sampled_from(Purpose), st.sampled_from(FieldClass))
def test_the_door_is_no_stricter_than_the_case(roles, verb, purpose, field):
    """What some case would allow, the door lets in to be asked."""
    if any(decide(roles, verb, relation, purpose, field) for relation in Relation):
        assert may_ever(roles, verb)


@pytest.mark.parametrize(
    ("role", "purpose", "field", "verdict"),
    [
        (Role.AGENT, Purpose.CALL_BACK, FieldClass.CONTACT, Verdict.ALLOW),
        (Role.AGENT, Purpose.HANDLE, FieldClass.CONTACT, Verdict.DENY),
        (Role.AGENT, Purpose.INVESTIGATE, FieldClass.FINANCIAL, Verdict.DENY),
        (Role.INVESTIGATOR, Purpose.TRACE_FUNDS, FieldClass.FINANCIAL, Verdict.ALLOW),
        (Role.INVESTIGATOR, Purpose.TRACE_FUNDS, FieldClass.THIRD_PARTY, Verdict.TWO_PEOPLE),
        (Role.CUSTODIAN, Purpose.VERIFY_IDENTITY, FieldClass.BIOMETRIC, Verdict.ALLOW),
        (Role.QUALITY, Purpose.QUALITY, FieldClass.CONTACT, Verdict.DENY),
    ],
)
def test_a_text_is_unmasked_for_its_purpose_only(role, purpose, field, verdict):
    """The same person sees it to call back, and not out of interest."""
    assert decide([role], Verb.UNMASK, Relation.OWNER, purpose, field) is verdict
