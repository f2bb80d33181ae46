"""Evidence of one's own case: what is missing, and a way to send it that also works without scripts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile

from countermand.evidence.exhibits import About, ExhibitKind, Origin
from countermand.flows.case_desk import HOLDER
from countermand.flows.receipt_sessions import Entered, check_form
from countermand.flows.show_checklist import show_checklist
from countermand.flows.show_exhibits import accesses_of
from countermand.flows.unlock_document import unlock_document
from countermand.flows.uploads import Announced, begin_upload, begun_shown, go_on
from countermand.kernel.errors import BadRequest, CountermandError, Unavailable
from countermand.surfaces.http.peers import address_of
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.upload_routes import PLACE
from countermand.surfaces.http.visits import visit_of
from countermand.surfaces.web.answers import HEADERS, Asked, page, see_other
from countermand.surfaces.web.case_pages import not_open
from countermand.surfaces.web.filled import Filled, filled
from countermand.surfaces.web.receipt_cookie import entered, house_of
from countermand.surfaces.web.telling import instant_of

# Without scripts a file comes whole, in one request; with them it comes bit by bit, and may be much larger.
PLAIN_BYTES_MAX = 32 * 1024 * 1024
FILES_MAX = 10
PIECE_BYTES = 64 * 1024
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9.+-]{1,100}/[A-Za-z0-9.+-]{1,100}")
# What people send; what only machines make is not offered.
KINDS = (
    ExhibitKind.SCREENSHOT, ExhibitKind.SMS, ExhibitKind.CALL_RECORD, ExhibitKind.POLICE_RECEIPT,
    ExhibitKind.PDF, ExhibitKind.OTHER,
)  # fmt: skip


@get("/case/evidence", open=True, page="open")
async def read_evidence(request: Asked) -> Response[bytes]:
    """What we have, what we collect, what only you can give; and what you have sent."""
    found = await entered(request)
    return not_open(request) if found is None else await _shown(request, found, Filled())


async def _shown(request: Asked, found: Entered, form: Filled, *, status: int = 200) -> Response[bytes]:
    house = house_of(request)
    checklist = await show_checklist(house.reading_desk, found.case.number, HOLDER)
    sent = (await accesses_of(house.room, found.case))["exhibits"]
    return page(
        request,
        "case/evidence.html",
        status=status,
        entered=found,
        form=form,
        kinds=[one.value for one in KINDS],
        checklist=checklist,
        sent=[{**one, "at": instant_of(one["captured_at"])} for one in sent],
        limit_mebibytes=PLAIN_BYTES_MAX // 1024**2,
    )


@post(
    "/case/evidence",
    open=True,
    page="open",
    status_code=200,
    request_max_body_size=PLAIN_BYTES_MAX + 64 * 1024,
)
async def send_evidence(request: Asked) -> Response[bytes]:
    """Files as a form without scripts sends them; each becomes an exhibit, or says why not."""
    form = await filled(request)
    found = await entered(request, form)
    if found is None:
        return not_open(request)
    kind = _kind(form["kind"])
    files = [one for one in (await request.form()).values() if isinstance(one, UploadFile) and one.filename]
    if kind is None:
        form.wrong("kind", "Choose what it shows.", "请选择材料类型。")
    if not files:
        form.wrong("file", "Choose a file, or take a picture.", "请选择文件或拍照。")
    if len(files) > FILES_MAX:
        form.wrong("file", f"At most {FILES_MAX} files at once.", f"一次最多 {FILES_MAX} 个文件。")
    if form.faults or kind is None:
        return await _shown(request, found, form, status=400)
    try:
        for file in files:
            await _take(request, found, kind, file)
    except Unavailable:
        raise
    except CountermandError as error:
        form.faults["file"] = error.text
        return await _shown(request, found, form, status=error.http_status)
    return see_other("/case/evidence?sent=yes")


async def _take(request: Asked, found: Entered, kind: ExhibitKind, file: UploadFile) -> None:
    room, trace = house_of(request).room, visit_of(request.scope).trace_id
    length = await _length(file)
    told = _announced(request, kind, file.filename, file.content_type, length)
    begun = await begin_upload(room, found.case.number, told, HOLDER, trace)
    await go_on(room, begun.token, 0, _pieces(file), trace)


async def _length(file: UploadFile) -> int:
    await file.seek(0)
    length = 0
    while piece := await file.read(PIECE_BYTES):
        length += len(piece)
    await file.seek(0)
    return length


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(PIECE_BYTES):
        yield piece


@post("/case/evidence/begin", open=True, page="open", status_code=201)
async def begin_evidence(request: Asked) -> Response[bytes]:
    """For the page's script: where the bytes of a file go, in pieces that may be cut and go on (tus)."""
    form = await filled(request)
    found = await entered(request)
    if found is None:
        return Response(b"{}", status_code=401, media_type="application/json", headers=HEADERS)
    check_form(found, form["form"])
    kind = _kind(form["kind"])
    if kind is None or not form["bytes"].isascii() or not form["bytes"].isdigit() or len(form["bytes"]) > 15:
        raise invalid_request("it says what a file shows and how long it is", "kind")
    told = _announced(request, kind, form["name"], form["media_type"], int(form["bytes"]))
    trace = visit_of(request.scope).trace_id
    try:
        begun = await begin_upload(house_of(request).room, found.case.number, told, HOLDER, trace)
    except BadRequest as error:
        said = {"en": error.text.en, "zh": error.text.zh}
        return _json({"text": said}, 400)
    return _json(begun_shown(begun, f"{PLACE}/{begun.token}"), 201)


@post("/case/evidence/unlock", open=True, page="open", status_code=303)
async def unlock_evidence(request: Asked) -> Response[bytes]:
    """A PDF that asks for a password: typed here, and nowhere else; what it opens into is sent too."""
    form = await filled(request)
    found = await entered(request, form)
    if found is None:
        return not_open(request)
    given = (found.case.number, form["document"], form.values.pop("password", ""))
    try:
        await unlock_document(house_of(request).room, *given, HOLDER, visit_of(request.scope).trace_id)
    except Unavailable:
        raise
    except CountermandError as error:
        form.faults["password"] = error.text
        return await _shown(request, found, form, status=error.http_status)
    return see_other("/case/evidence?sent=yes")


def _json(told: object, status: int) -> Response[bytes]:
    return Response(
        msgspec.json.encode(told), status_code=status, media_type="application/json", headers=HEADERS
    )


def _announced(request: Asked, kind: ExhibitKind, name: str, media_type: str, length: int) -> Announced:
    address = address_of(request, house_of(request).public_door.trusted)
    origin = Origin(actor=HOLDER.name, channel="portal", device=None, address=address, context={})
    plain = "".join(one for one in name if one.isprintable())[-255:] or "file"
    declared = media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"
    return Announced(kind, About.HOLDER, plain, declared, length, origin)


def _kind(written: str) -> ExhibitKind | None:
    return next((one for one in KINDS if one.value == written), None)


EVIDENCE_PAGES = (read_evidence, send_evidence, begin_evidence, unlock_evidence)
