"""Goal: nobody approves what they asked for, nobody counts twice, and a chain ends only when it is complete.

Method: tables for the choice of a chain, Hypothesis for who may speak.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.confirmation.approvals import Asked, chain_for, progress, seat_of
from countermand.kernel.errors import Conflict, CountermandError, Forbidden
from countermand.vocabulary.approvals import Approval, Approver, Chain, Delegation, Level, Verdict
from countermand.vocabulary.holds import Hold, Need
from countermand.vocabulary.operations import Amount, Kind

CHAINS = (
    Chain(id="abroad", levels=(Level(role="payments"),), corridors=("CN>*",)),
    Chain(
        id="large",
        levels=(Level(role="payments", persons=2), Level(role="manager")),
        kinds=(Kind.WITHDRAWAL, Kind.TRANSFER),
        at_least=Amount(5_000_000, "CNY"),
    ),
    Chain(id="business", levels=(Level(role="payments"),), account_types=("business",)),
)
PEOPLE = [f"person-{number}" for number in range(6)]
APPROVERS = [
    Approver(name="person-0", roles=("payments",)),
    Approver(name="person-1", roles=("payments", "manager")),
    Approver(name="person-2", roles=("manager",)),
    Approver(name="person-3", roles=("payments",)),
]


def held(kind: str = "withdrawal", minor: int | None = 6_000_000, currency: str | None = "CNY") -> Hold:
    """An operation that waits for approval."""
    return Hold(
        operation="op-1", account="a-1", person="p-1", kind=kind, amount_minor=minor, currency=currency,
        counterparty="c-1", institution=None, channel=None, session=None, device=None,
        needs=(Need.APPROVAL,), placed_at=0, until=0, expires_at=100,
    )  # fmt: skip


def word(person: str, level: int, verdict: Verdict = Verdict.APPROVE, behalf: str | None = None) -> Approval:
    """What somebody said."""
    return Approval(
        operation="op-1", level=level, by=person, on_behalf_of=behalf, verdict=verdict, reason="r", at=1
    )


@pytest.mark.parametrize(
    ("hold", "asked", "chain"),
    [
        (held(), Asked("wallet", None), "large"),
        (held(minor=4_999_999), Asked("wallet", None), "default"),
        (held(minor=5_000_000), Asked("wallet", None), "large"),
        (held(minor=1, currency="USD"), Asked("wallet", None), "large"),  # not comparable: the stricter
        (held(minor=1), Asked("wallet", "CN>US"), "abroad"),
        (held(minor=1), Asked("wallet", "US>CN"), "default"),
        (held("payment"), Asked("business", None), "business"),
        (held("payment"), Asked(None, None), "business"),  # unknown type: the stricter
        (held("payment"), Asked("wallet", None), "default"),
    ],
)
def test_the_first_chain_whose_conditions_hold_is_taken(hold: Hold, asked: Asked, chain: str) -> None:
    """By amount, corridor and account type; what is unknown does not help."""
    assert chain_for(hold, asked, CHAINS).id == chain


@pytest.mark.parametrize(
    ("person", "said", "code"),
    [
        ("maker", [], "maker_is_checker"),
        ("person-2", [], "not_an_approver"),
        ("stranger", [], "not_an_approver"),
        ("person-0", [word("person-0", 0)], "approved_already"),
        ("person-1", [word("person-0", 0), word("person-1", 0)], "approved_already"),  # the manager too
        ("person-3", [word("deputy", 0, behalf="person-3")], "approved_already"),
        ("person-3", [word("person-0", 0, Verdict.REFUSE)], "approval_refused"),
        ("person-3", [word("person-0", 0), word("person-1", 0), word("person-2", 1)], "approvals_complete"),
    ],
)
def test_who_may_not_speak_is_told_why(person: str, said: list[Approval], code: str) -> None:
    """The maker, a stranger, who has spoken, and when there is nothing left to say."""
    with pytest.raises((Forbidden, Conflict)) as refused:
        seat_of(person, CHAINS[1], said, APPROVERS, (), {"maker"}, 10)
    assert refused.value.code == code


def test_a_delegate_speaks_for_the_principal_while_it_lasts_and_once() -> None:
    """In the principal's role, from its first instant to before its last, not for a maker or a spoken one."""
    lent = [Delegation(principal="person-0", delegate="deputy", since=5, until=10)]
    assert seat_of("deputy", CHAINS[1], [], APPROVERS, lent, (), 5) == (0, "person-0")
    for now, said, makers in (
        (4, [], ()),
        (10, [], ()),
        (6, [word("person-0", 0)], ()),
        (6, [], ("person-0",)),
    ):
        with pytest.raises(Forbidden, match="not_an_approver"):
            seat_of("deputy", CHAINS[1], said, APPROVERS, lent, makers, now)


@given(
    order=st.lists(st.sampled_from(PEOPLE), max_size=20),
    lent=st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)), max_size=4),
    makers=st.sets(st.sampled_from(PEOPLE), max_size=2),
)
def test_a_complete_chain_had_as_many_different_people_as_it_asks_for(
    order: list[str], lent: list[tuple[str, str]], makers: set[str]
) -> None:
    """Whoever tries, in whatever order: the maker never spoke, nobody counted twice."""
    chain = CHAINS[1]
    delegations = [Delegation(principal=a, delegate=b, since=0, until=100) for a, b in lent if a != b]
    said: list[Approval] = []
    for person in order:
        try:
            level, behalf = seat_of(person, chain, said, APPROVERS, delegations, makers, 10)
        except CountermandError:
            continue
        said.append(word(person, level, behalf=behalf))
    persons = [one.by for one in said] + [one.on_behalf_of for one in said if one.on_behalf_of]
    assert len(persons) == len(set(persons))
    assert not makers & set(persons)
    if progress(chain, said).complete:
        assert [one.level for one in said] == [0, 0, 1]
