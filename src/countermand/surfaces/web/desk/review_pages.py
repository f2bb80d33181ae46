"""What is looked at twice: why a decision was made, pictures and what was read of them, approvals."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.evidence.fields import FieldName
from countermand.flows.approval_inbox import approval_inbox
from countermand.flows.approve_operation import ApprovalHouse, approve_operation
from countermand.flows.confirm_reading import confirm_reading
from countermand.flows.show_case_account import shown_decided
from countermand.flows.show_case_decision import case_decision
from countermand.flows.show_readings import show_readings
from countermand.flows.waiting_looks import waiting_looks
from countermand.kernel.errors import CountermandError, Forbidden
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import identifier, staff_of
from countermand.surfaces.web.answers import page_language, see_other
from countermand.surfaces.web.desk.decision_view import decision_values
from countermand.surfaces.web.desk.frame import (
    Asked,
    desk_page,
    house_of,
    plain_number,
    rail_of,
    trace_of,
    typed_in,
)
from countermand.vocabulary.approvals import Verdict
from countermand.vocabulary.staff import Verb

_CASE = "/desk/cases/{number:str}"


@get(_CASE + "/decisions/{decision:str}", page="staff", verb=Verb.READ_MONEY)
async def read_decision(request: Asked, number: FromPath[str], decision: FromPath[str]) -> Response[bytes]:
    """Why: each reason with its values, what was not known, what would have been milder, which policy."""
    house, language = house_of(request), page_language(request)
    name = identifier(decision, "decision")
    case, stored = await case_decision(house.case_desk, house.archive, number, name, staff_of(request))
    values: dict[str, Any] = {
        **await decision_values(house, stored, language),
        "case": case,
        "number": plain_number(number),
        "operation": shown_decided(stored.row.body),
        "rail": await rail_of(request),
    }
    return desk_page(request, "desk/decision.html", **values, room="cases")


@get(_CASE + "/evidence", page="staff", verb=Verb.READ_MONEY)
async def read_evidence(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """Every picture of a case as it was read: where fields stand, how sure they are, what the record says."""
    return await _evidence(request, number, {}, None)


async def _evidence(
    request: Asked, number: str, typed: dict[str, str], refusal: CountermandError | None
) -> Response[bytes]:
    shown = await show_readings(house_of(request).reading_desk, number, staff_of(request))
    values: dict[str, Any] = {
        "files": shown["files"],
        "case": shown["case"],
        "number": plain_number(number),
        "typed": typed,
        "refusal": refusal,
        "rail": await rail_of(request),
    }
    status = 200 if refusal is None else refusal.http_status
    return desk_page(request, "desk/evidence.html", status=status, **values, room="cases")


def _typed_value(typed: dict[str, str], name: FieldName) -> str | int | None:
    """What was typed for a field; amounts are whole numbers of minor units, if they are numbers at all."""
    text = typed.get(f"field_{name.value}", "")
    if name in (FieldName.AMOUNT, FieldName.BALANCE) and text.isascii() and text.isdigit():
        return int(text)
    return text or None


@post(_CASE + "/evidence", page="staff", verb=Verb.WORK, status_code=303)
async def confirm_evidence(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """Say what a record of a picture shows; it is compared with the operations on record."""
    typed = await typed_in(request)
    try:
        record = typed.get("record", "0")
        if not (record.isascii() and record.isdigit() and len(record) <= 4):
            raise invalid_request("it is a number", "record")
        fields: dict[FieldName, str | int | None] = {
            name: value for name in FieldName if (value := _typed_value(typed, name)) is not None
        }
        await confirm_reading(
            house_of(request).reading_desk, number, typed.get("file", ""), int(record), fields,
            staff_of(request), trace_of(request),
        )  # fmt: skip
    except CountermandError as refusal:
        return await _evidence(request, number, typed, refusal)
    return see_other(f"/desk/cases/{plain_number(number)}/evidence")


@get("/desk/approvals", page="staff", verb=Verb.READ_CASE)
async def read_approvals(request: Asked, after: FromQuery[str] = "") -> Response[bytes]:
    """What waits for the word of whoever looks: acts at the desk, and operations of customers."""
    return await _approvals(request, after, {}, None)


async def _approvals(
    request: Asked, after: str, typed: dict[str, str], refusal: CountermandError | None
) -> Response[bytes]:
    house, staff = house_of(request), staff_of(request)
    try:
        inbox = await approval_inbox(house, staff.name, None, after)
    except Forbidden:
        inbox = {"roles": [], "waiting": [], "next": None}
    looks = await waiting_looks(house.case_desk, staff)
    values: dict[str, Any] = {
        "inbox": inbox,
        "looks": looks,
        "typed": typed,
        "refusal": refusal,
        "room": "approvals",
    }
    status = 200 if refusal is None else refusal.http_status
    return desk_page(request, "desk/approvals.html", status=status, **values)


@post("/desk/approvals/{operation:str}", page="staff", verb=Verb.READ_CASE, step_up=True, status_code=303)
async def answer_approval(request: Asked, operation: FromPath[str]) -> Response[bytes]:
    """Approve or refuse an operation, with a reason."""
    typed, name = await typed_in(request), identifier(operation, "operation")
    house: ApprovalHouse = request.app.state["house"]
    try:
        if not typed.get("reason"):
            raise invalid_request("say why", "reason")
        verdict = Verdict.APPROVE if typed.get("verdict") == "approve" else Verdict.REFUSE
        await approve_operation(
            house, name, verdict, typed["reason"], staff_of(request).name, trace_of(request)
        )
    except CountermandError as refusal:
        return await _approvals(request, "", {**typed, "operation": name}, refusal)
    return see_other("/desk/approvals")


REVIEW_PAGES = (
    read_decision, read_evidence, confirm_evidence, read_approvals, answer_approval,
)  # fmt: skip
