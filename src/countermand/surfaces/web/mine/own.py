"""What is the customer's own: holds, operations, where they are; and the report that stops it all."""

from __future__ import annotations

from typing import Any

from countermand.flows.decided_operations import recorded_operation
from countermand.flows.proving import Visitor
from countermand.flows.receive_report import receive_report
from countermand.kernel.canonical import canonical_bytes
from countermand.kernel.errors import CountermandError, NotFound
from countermand.surfaces.http.page_safety import NEVER_SHOWN_AGAIN
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.visits import holder_of_visit, identifier, visit_of
from countermand.surfaces.web.answers import Asked, page_language
from countermand.surfaces.web.filled import Filled
from countermand.vocabulary.holds import Hold
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.operations import MOVES_MONEY, OPENS_DEBT
from countermand.vocabulary.reports import Channel, Report, Sender, Standing
from countermand.vocabulary.triage import Answers

_MONEY = {kind.value for kind in MOVES_MONEY | OPENS_DEBT}


def house_of(request: Asked) -> House:
    """The house behind the pages."""
    house: House = request.app.state["house"]
    return house


def visitor_of(request: Asked) -> Visitor:
    """Where the customer is, as the institution said when it let them in."""
    session = holder_of_visit(request).session
    return Visitor(session=session.session, device=session.device)


async def own_hold(request: Asked, segment: str) -> Hold:
    """A hold of theirs. Raises NotFound (`unknown_hold`) for another account's as for none."""
    operation = identifier(segment, "operation_id")
    hold = await house_of(request).holds.find(operation)
    if hold is None or hold.account != holder_of_visit(request).account:
        raise NotFound(
            "unknown_hold", "This operation is not on hold.", "该操作未被暂缓。", operation=operation
        )
    return hold


async def own_operation(house: House, account: str, operation: str) -> dict[str, Any]:
    """An operation of this account. Raises NotFound (`unknown_operation`) for another's as for none."""
    refusal = NotFound(
        "unknown_operation", "There is no such operation on your account.", "您的账户没有这笔操作。"
    )
    try:
        found = await recorded_operation(house.archive, operation)
    except NotFound:
        raise refusal from None
    if found.row.account != account or found.row.id != operation:
        raise refusal
    return {"id": found.row.id, "kind": found.row.kind, "at": found.row.occurred_at}


def stop_for(kind: str) -> Preset:
    """What stops a kind that was not them: money, for money; whoever else is in the account, everything."""
    return Preset.OUTGOING if kind in _MONEY else Preset.EVERYTHING


async def report_not_me(request: Asked, operation: str, stop: Preset) -> dict[str, Any]:
    """It is stopped, and the case is open; again by the same session about the same: the same report."""
    house, holder = house_of(request), holder_of_visit(request)
    now, trace = house.clock.now(), visit_of(request.scope).trace_id
    said = {"account": holder.account, "operation": operation, "stop": stop.value}
    report = Report(
        channel=Channel.APP,
        key=f"{holder.session.id} {operation or 'account'} {stop.value}",
        received_at=now,
        raw=canonical_bytes(said),
        text="这不是我本人操作。" if page_language(request) == "zh" else "That was not me.",
        sender=Sender(address=holder.account, standing=Standing.PROVEN),
        language=page_language(request),
        account=holder.account,
        operations=(operation,) if operation else (),
        stop=stop,
        answers=Answers(),
    )
    received = await receive_report(house.reception, report, "portal", trace, with_secret=True)
    return received.answer


def refused_form(form: Filled, refusal: CountermandError) -> Filled:
    """The form with why it was not taken; what was secret in it is gone. Raises what is not a refusal."""
    if refusal.http_status >= 500:
        raise refusal
    form.refuse(refusal)
    for name in NEVER_SHOWN_AGAIN & form.values.keys():
        form.values[name] = ""
    return form
