"""The counter of a branch: what a walk-in says is taken down, contained and printed before they leave."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.flows.act_on_case import act_on_case
from countermand.flows.hand_out_receipt import Handed, ReceiptHouse, hand_out_receipt
from countermand.flows.see_case import cover_for
from countermand.flows.show_case import dossier_of
from countermand.flows.spoken_reports import DOCUMENT_WORDS, Visit, log_visit
from countermand.kernel.errors import CountermandError, NotFound
from countermand.surfaces.http.channel_messages import VisitRequest
from countermand.surfaces.http.channel_routes import visited
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import staff_of
from countermand.surfaces.web.desk.case_answers import filled_of
from countermand.surfaces.web.desk.case_forms import Filled, act_of, on
from countermand.surfaces.web.desk.frame import Asked, desk_page, house_of, plain_number, trace_of, typed_in
from countermand.surfaces.web.receipt_view import qr_of, receipt_view
from countermand.surfaces.web.report_pages import new_key
from countermand.surfaces.web.words import said
from countermand.vocabulary.acts import AddTask
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.staff import Role, Verb

COUNTER = "/desk/counter"
PROOFS = ("card_present", "card_chip", "app_confirmed", "known_questions")
STOPS = (Preset.OUTGOING.value, Preset.EVERYTHING.value, "none")
LANGUAGES = ("zh", "en")
# Who stands at the counter: whom it is about, or somebody for them.
ITSELF, FOR_ANOTHER = "itself", "another"
AUTHORITY = frozenset({"authorisation_letter", "guardian_proof"})


@get(COUNTER, page="staff", verb=Verb.CONTAIN)
async def read_counter(request: Asked, branch: FromQuery[str] = "") -> Response[bytes]:
    """The form for somebody at the counter; `branch` is kept from the visit before."""
    return _counter(request, {"branch": branch[:64]}, None)


def _counter(request: Asked, typed: dict[str, str], refusal: CountermandError | None) -> Response[bytes]:
    values: dict[str, Any] = {
        "typed": defaultdict(str, {"key": new_key(), **typed}),
        "refusal": refusal,
        "papers": DOCUMENT_WORDS,
        "proofs": PROOFS,
        "stops": STOPS,
    }
    status = 200 if refusal is None else refusal.http_status
    return desk_page(request, "desk/counter.html", status=status, **values, room="counter")


@post(COUNTER, page="staff", verb=Verb.CONTAIN, status_code=200)
async def take_visit(request: Asked) -> Response[bytes]:
    """Taken down and contained; the answer is the paper to be printed. Sent again: the same paper."""
    typed = await typed_in(request)
    form = filled_of(request, typed)
    reception = house_of(request).reception
    try:
        visit = _visit(form)
        answer = await log_visit(reception, visit, staff_of(request).name, trace_of(request))
    except CountermandError as refusal:
        return _counter(request, typed, refusal)
    number = plain_number(answer["receipt"]["number"])
    due = form.moment("due")
    if due is not None:
        await _appoint(request, number, visit.branch, form)
    values: dict[str, Any] = {
        "answer": answer,
        "receipt": receipt_view(reception, answer["receipt"]),
        "qr": qr_of(answer["qr"]),
        "lines": _lines(answer),
        "number": number,
        "visit": visit,
        "paper_language": visit.language or "zh",
        "due": due,
        "words": _paper_words(visit.language or "zh"),
        "papers": {kind: {"en": one.en, "zh": one.zh} for kind, one in DOCUMENT_WORDS.items()},
        "shown": dict(visit.documents),
    }
    return desk_page(request, "desk/counter_paper.html", **values, room="counter")


def _lines(answer: dict[str, Any]) -> list[dict[str, str]]:
    """The lines of the paper but for those that say number and code: these stand on it by themselves.

    The code is never on a screen of ours, where whoever stands behind it could read it too.
    """
    receipt = answer["receipt"]
    apart = [one for one in (receipt["number"], receipt.get("secret")) if one]
    return [one for one in answer["paper"] if not any(word in one["en"] for word in apart)]


def _paper_words(language: str) -> dict[str, str]:
    """What stands on the paper, in the language of whoever takes it home."""
    return {
        "receipt": said("desk_counter.on_paper_receipt", language),
        "number": said("desk_counter.on_paper_number", language),
        "code": said("desk_counter.on_paper_code", language),
        "appointment": said("desk_counter.on_paper_appointment", language),
        "shown": said("desk_counter.on_paper_shown", language),
        "comma": said("desk_counter.on_paper_comma", language),
        "stopped": said("desk_counter.on_paper_stopped", language),
        "keeps": said("desk_counter.on_paper_keeps", language),
        "foot": said("desk_counter.on_paper_foot", language),
    }


def _visit(form: Filled) -> Visit:
    """What was typed, as a visit. Raises BadRequest (`invalid_request`) naming the field."""
    typed = form.typed
    another = typed.get("who") == FOR_ANOTHER
    documents = [
        {"kind": kind, "form": typed[f"paper_{kind}"]}
        for kind in DOCUMENT_WORDS
        if typed.get(f"paper_{kind}") in ("original", "copy")
    ]
    if another and not typed.get("name"):
        raise invalid_request("name who speaks for them", "name")
    if not typed.get("account") and not typed.get("document"):
        raise invalid_request("an account or the number of a document: whom it is about", "account")
    stop, due = typed.get("stop", "outgoing"), form.moment("due")
    data = act_of(
        VisitRequest,
        visit=typed.get("key"),
        branch=typed.get("branch"),
        staff=form.me,
        text=_said(typed, another=another),
        language=typed.get("language") if typed.get("language") in LANGUAGES else "zh",
        account=typed.get("account"),
        document=typed.get("document"),
        documents=documents,
        # The face that was compared is of who stands here: it proves nobody else.
        checked_by=form.me if on(typed, "compared") and not another else None,
        proofs=() if another else tuple(one for one in PROOFS if one in typed.get("proof", "").split("\n")),
        stop=None if stop == "none" else stop,
        case=typed.get("case"),
        promise=None if due is None else {"what": "contact", "due_at": due.isoformat()},
    )
    return visited(data)


def _said(typed: dict[str, str], *, another: bool) -> str:
    """Their words, and for whom they were said, where it was for somebody else."""
    text = typed.get("text", "").strip()
    if not text:
        raise invalid_request("write down what they say", "text")
    if not another:
        return text
    relation = typed.get("relation", "")
    return f"{text}\n[代办 on behalf] {typed['name']}{f' · {relation}' if relation else ''}"


async def _appoint(request: Asked, number: str, branch: str, form: Filled) -> None:
    """The appointment stands among the tasks of the case too, once."""
    title = f"[预约 appointment] {branch}"
    dossier = await dossier_of(house_of(request).reception, number)
    if any(one.title == title for one in dossier.tasks):
        return
    act = AddTask(title=title, role=Role.AGENT, due_at=form.moment("due"))
    try:
        await act_on_case(
            house_of(request).case_desk, number, act, staff_of(request), trace=trace_of(request)
        )
    except CountermandError:
        return  # the promise stands all the same: the customer's clock runs


@get(COUNTER + "/{number:str}/receipt.pdf", page="staff", verb=Verb.CONTAIN)
async def print_receipt(request: Asked, number: FromPath[str]) -> Response[bytes]:
    """The signed paper of the case's receipt, masked, checked by anybody without us; a page until it is."""
    await cover_for(house_of(request).case_desk, number, staff_of(request), trace_of(request))
    dossier = await dossier_of(house_of(request).reception, number)
    house: ReceiptHouse = request.app.state["house"]
    handed = await hand_out_receipt(house, dossier.case, to_holder=False)
    if not isinstance(handed, Handed):
        after = str(handed.retry_after_seconds)
        again = {"retry-after": after, "refresh": f"{after}; url={request.scope['path']}"}
        return desk_page(
            request, "desk/counter_soon.html", status=202, headers=again, text=handed.text, room="counter"
        )
    if handed.receipt.paper is None:
        raise NotFound(
            "no_paper",
            "No papers are made here. Print the receipt of the counter instead; it leads to the same case.",
            "此处不提供签名纸质文件；可打印柜台回执，指向同一案件。",
        )
    name = handed.file_name.replace(".zip", ".pdf")
    headers = {"content-disposition": f'inline; filename="{name}"', "cache-control": "no-store"}
    return Response(handed.receipt.paper, media_type="application/pdf", headers=headers)


COUNTER_PAGES = (read_counter, take_visit, print_receipt)
