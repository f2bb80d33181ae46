"""Goal: chains have no gap, holds hold, retention has its reasons, zones stay shut. Method: tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import countermand
from countermand.evidence.custody import CustodyEvent, Touch, fold, is_look
from countermand.evidence.exhibits import About, ExhibitKind, field_of, type_lies
from countermand.evidence.holds import HoldReason, LegalHold, binding
from countermand.evidence.retention import Kept, may_go, read_retention
from countermand.evidence.zones import Sight, Zone, require_sight, sight_of
from countermand.kernel.clock import MICROS_PER_DAY
from countermand.kernel.errors import Conflict, Forbidden, SetupError
from countermand.vocabulary.staff import FieldClass, Purpose, Role

PACK = Path(countermand.__file__).parent / "evidence_packs" / "retention-cn.yaml"
TEXT = PACK.read_text(encoding="utf-8")


def chain(*touches: Touch | tuple[Touch, dict[str, Any]]) -> list[CustodyEvent]:
    """Touches numbered in their order."""
    told = [one if isinstance(one, tuple) else (one, {}) for one in touches]
    return [
        CustodyEvent(exhibit="exh-1", seq=seq, touch=touch, at=seq, actor=f"p{seq}", body=body)
        for seq, (touch, body) in enumerate(told, 1)
    ]


HELD, RELEASED = (Touch.HELD, {"hold": "lh-1"}), (Touch.RELEASED, {"hold": "lh-1"})


def test_a_chain_comes_to_who_opened_what_was_made_and_what_holds() -> None:
    """The fold of a whole life."""
    done = fold(chain(Touch.CAPTURED, Touch.OPENED, (Touch.DERIVED, {"into": "exh-2"}), HELD, Touch.EXPORTED))
    assert (done.seq, done.opened_by, done.derived) == (5, {"p2"}, ("exh-2",))
    assert (done.held_by, done.exported, done.shredded) == ({"lh-1"}, 1, False)
    assert fold(chain(Touch.CAPTURED, HELD, RELEASED, Touch.SHREDDED)).shredded


@pytest.mark.parametrize(
    ("events", "code"),
    [
        (chain(Touch.SNIFFED), "custody_gap"),
        (chain(Touch.CAPTURED, Touch.CAPTURED), "custody_gap"),
        (chain(Touch.CAPTURED, Touch.VIEWED, Touch.OPENED)[::2], "custody_gap"),
        (chain(Touch.CAPTURED, HELD, Touch.SHREDDED), "exhibit_held"),
        (chain(Touch.CAPTURED, Touch.SHREDDED, Touch.VIEWED), "exhibit_shredded"),
        (chain(Touch.CAPTURED, Touch.SHREDDED, Touch.SHREDDED), "exhibit_shredded"),
    ],
)
def test_a_chain_that_cannot_be_is_refused(events: list[CustodyEvent], code: str) -> None:
    """A gap, a life after the end, an end under a hold."""
    with pytest.raises(Conflict) as refusal:
        fold(events)
    assert refusal.value.code == code


def test_only_looks_are_told_as_looks() -> None:
    """The person reads who saw something; machines that hash and scan see nothing."""
    assert {touch for touch in Touch if is_look(touch)} == {Touch.VIEWED, Touch.OPENED, Touch.EXPORTED}


@pytest.mark.parametrize(
    ("declared", "sniffed", "lies"),
    [
        ("image/png", "image/png", False),
        ("IMAGE/JPG; q=1", "image/jpeg", False),
        ("application/octet-stream", "image/png", False),
        ("", "image/png", False),
        ("image/png", "application/pdf", True),
        ("application/pdf", "application/zip", True),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/zip", False),
        ("text/plain", "text/html", True),
        ("application/json", "text/plain", False),
        ("image/png", "application/octet-stream", True),
        ("application/x-call-detail", "application/octet-stream", False),
    ],
)
def test_what_is_a_lie_about_the_type(declared: str, sniffed: str, lies: bool) -> None:
    """Another name for the same is none; a page that calls itself a text is one."""
    assert type_lies(declared, sniffed) is lies


def test_every_kind_has_its_class_of_data() -> None:
    """And what holds others' data is theirs first."""
    assert {field_of(kind, About.THIRD_PARTY) for kind in ExhibitKind} == {FieldClass.THIRD_PARTY}
    assert field_of(ExhibitKind.ID_COPY, About.HOLDER) is FieldClass.CONTACT


def test_the_pack_that_comes_with_the_product_is_whole() -> None:
    """One rule for each kind of data, each with purpose, basis and law in both languages."""
    pack = read_retention(PACK.name, TEXT)
    assert {rule.kept for rule in pack.rules} == set(Kept)
    assert len(pack.version) == 16
    assert pack.ends_at(Kept.CASE_DATA, 0) >= 3652 * MICROS_PER_DAY, "ten years, leap days included"


@pytest.mark.parametrize(
    "damaged",
    [
        TEXT.replace("- kept: upload", "- kept: instrument"),
        TEXT.replace("days: 7", "days: 0"),
        TEXT.replace("not legal advice", "law"),
        TEXT.replace("days: 7", "day: 7"),
        "nothing",
    ],
)
def test_a_pack_that_lacks_something_is_refused(damaged: str) -> None:
    """A missing or double rule, no time, no stamp, a word nobody knows."""
    with pytest.raises(SetupError, match="retention_refused"):
        read_retention("x.yaml", damaged)


def hold(ended_at: int | None = None) -> LegalHold:
    """A hold of the police."""
    by = None if ended_at is None else "li"
    return LegalHold(
        id="lh-1", case="c", reason=HoldReason.POLICE, basis="", begun_at=0, begun_by="li",
        ended_at=ended_at, ended_by=by,
    )  # fmt: skip


def test_what_may_go_is_over_its_time_and_free() -> None:
    """Not before its time, not while held, not before it has ended."""
    pack = read_retention(PACK.name, TEXT)
    end = pack.ends_at(Kept.UPLOAD, 100)
    table = [(100, end - 1, [], False), (100, end, [], True), (None, end, [], False)]
    table += [(100, end, [hold()], False), (100, end, [hold(5)], True)]
    for ended_at, now, holds, goes in table:
        assert may_go(pack, Kept.UPLOAD, ended_at, now, holds) is goes
    assert binding([hold(), hold(5)]) == (hold(),)


def test_nobody_reaches_the_zone_of_keys() -> None:
    """Neither alone nor together, for whatever purpose."""
    for role in Role:
        assert sight_of({role}, Zone.KEYS) is Sight.NOTHING
    assert sight_of(set(Role), Zone.KEYS) is Sight.NOTHING
    for purpose in Purpose:
        with pytest.raises(Forbidden, match="zone_closed"):
            require_sight(set(Role), Zone.KEYS, Sight.EXISTENCE, purpose)


MATRIX = """
consumer          MASKED      MASKED
representative    MASKED      MASKED
agent             MASKED      MASKED
investigator      RAW_BY_TWO  RAW_BY_TWO
payments_ops      MASKED      RAW_BY_TWO
approver          MASKED      MASKED
custodian         RAW_BY_TWO  MASKED
kb_editor         NOTHING     NOTHING
quality           MASKED      NOTHING
auditor           EXISTENCE   EXISTENCE
regulator_viewer  MASKED      NOTHING
peer              NOTHING     NOTHING
admin             NOTHING     NOTHING
"""


def test_each_role_sees_the_least_it_needs() -> None:
    """The whole matrix of roles and zones; a role that stands alone gains nothing from a second one."""
    rows = [line.split() for line in MATRIX.strip().splitlines()]
    assert [row[0] for row in rows] == [role.value for role in Role]
    for role, personal, payment in rows:
        assert sight_of({Role(role)}, Zone.PERSONAL).name == personal
        assert sight_of({Role(role)}, Zone.PAYMENT).name == payment
    assert sight_of({Role.ADMIN, Role.INVESTIGATOR}, Zone.PERSONAL) is Sight.NOTHING


def test_a_purpose_must_fit_the_zone() -> None:
    """Tracing money opens numbers, not faces."""
    require_sight({Role.INVESTIGATOR}, Zone.PAYMENT, Sight.RAW_BY_TWO, Purpose.TRACE_FUNDS)
    with pytest.raises(Forbidden):
        require_sight({Role.INVESTIGATOR}, Zone.PERSONAL, Sight.RAW_BY_TWO, Purpose.TRACE_FUNDS)
