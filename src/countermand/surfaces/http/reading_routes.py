"""The doors of reading evidence: pictures read and confirmed, checklists, and the facts of an incident."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody

from countermand.evidence.incident_facts import IncidentFacts
from countermand.flows.case_desk import HOLDER
from countermand.flows.confirm_reading import confirm_reading
from countermand.flows.read_pictures import read_file
from countermand.flows.reading_desk import ReadingDesk
from countermand.flows.show_checklist import mark_file, show_checklist
from countermand.flows.show_readings import show_readings
from countermand.flows.tell_facts import tell_facts
from countermand.surfaces.http.desk_messages import Acted
from countermand.surfaces.http.peers import address_of
from countermand.surfaces.http.reading_messages import (
    ChecklistShown,
    ConfirmRequest,
    ConfirmShown,
    FactsByReceipt,
    MarkRequest,
    ReadingsShown,
    ReadRequest,
    ReadShown,
)
from countermand.surfaces.http.report_messages import FollowRequest
from countermand.surfaces.http.visits import staff_of, visit_of
from countermand.vocabulary.staff import Verb

Asked = Request[Any, Any, Any]


def _desk(request: Asked) -> ReadingDesk:
    desk: ReadingDesk = request.app.state["house"].reading_desk
    return desk


def _trace(request: Asked) -> str:
    return visit_of(request.scope).trace_id


@get(
    "/v1/cases/{number:str}/readings", scope="desk", verb=Verb.READ_MONEY, gives=ReadingsShown, refuses=(404,)
)
async def read_readings(request: Asked, number: FromPath[str]) -> dict[str, Any]:
    """The pictures of a case: fields with boxes, what was confirmed, and how it stands to the record."""
    return await show_readings(_desk(request), number, staff_of(request))


@post("/v1/cases/{number:str}/readings", scope="desk", verb=Verb.WORK, status_code=200, gives=ReadShown,
      refuses=(404, 413))  # fmt: skip
async def read_picture(request: Asked, number: FromPath[str], data: JSONBody[ReadRequest]) -> dict[str, Any]:
    """Read a picture of the case now; it takes a second or two."""
    return await read_file(_desk(request), number, data.file, staff_of(request), _trace(request))


@post("/v1/cases/{number:str}/readings/confirm", scope="desk", verb=Verb.WORK, status_code=200,
      gives=ConfirmShown, refuses=(404, 409))  # fmt: skip
async def confirm_picture(
    request: Asked, number: FromPath[str], data: JSONBody[ConfirmRequest]
) -> dict[str, Any]:
    """Say what a picture shows, its amount and sign above all; the answer compares it with the record."""
    staff, trace = staff_of(request), _trace(request)
    return await confirm_reading(_desk(request), number, data.file, data.record, data.fields, staff, trace)


@post("/v1/cases/{number:str}/files/mark", scope="desk", verb=Verb.WORK, status_code=200, gives=Acted,
      refuses=(404, 409))  # fmt: skip
async def mark_case_file(
    request: Asked, number: FromPath[str], data: JSONBody[MarkRequest]
) -> dict[str, Any]:
    """Say what a file is evidence of, so that nobody is asked for it again."""
    return await mark_file(_desk(request), number, data.file, data.held, staff_of(request), _trace(request))


@get("/v1/cases/{number:str}/checklist", scope="desk", verb=Verb.READ_CASE, gives=ChecklistShown,
     refuses=(404,))  # fmt: skip
async def read_checklist(request: Asked, number: FromPath[str]) -> dict[str, Any]:
    """What evidence the case wants, what is held, what we collect, and what only the person can give."""
    return await show_checklist(_desk(request), number, staff_of(request))


@post("/v1/cases/{number:str}/incident-facts", scope="desk", verb=Verb.WORK, status_code=200, gives=Acted,
      refuses=(404, 409))  # fmt: skip
async def tell_incident_facts(
    request: Asked, number: FromPath[str], data: JSONBody[IncidentFacts]
) -> dict[str, Any]:
    """The facts of an incident, each in its field; refused with the list of what is missing."""
    return await tell_facts(_desk(request), number, data, staff_of(request), _trace(request))


@post("/v1/cases/follow/checklist", open=True, status_code=200, gives=ChecklistShown, refuses=(404, 429))
async def follow_checklist(request: Asked, data: JSONBody[FollowRequest]) -> dict[str, Any]:
    """The same for whoever holds the number and the secret: what we have is never asked for again."""
    house = request.app.state["house"]
    address = address_of(request, house.public_door.trusted)
    case = await house.public_door.case_of(data.number, data.secret, address)
    return await show_checklist(_desk(request), case.number, HOLDER)


@post("/v1/cases/follow/incident-facts", open=True, status_code=200, gives=Acted, refuses=(404, 409, 429))
async def follow_facts(request: Asked, data: JSONBody[FactsByReceipt]) -> dict[str, Any]:
    """The facts of an incident, by whoever holds the number and the secret."""
    house = request.app.state["house"]
    address = address_of(request, house.public_door.trusted)
    case = await house.public_door.case_of(data.number, data.secret, address)
    return await tell_facts(_desk(request), case.number, data.facts, HOLDER, _trace(request))


READING_HANDLERS = (
    read_readings, read_picture, confirm_picture, mark_case_file, read_checklist, tell_incident_facts,
    follow_checklist, follow_facts,
)  # fmt: skip
