"""Where the customer is signed in and on which devices: to look at, to name, to take off, to end."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.flows.holder_proofs import Keeping
from countermand.flows.keep_devices import (
    DeviceDesk,
    end_visit,
    list_devices,
    name_device,
    remove_device,
    say_all_mine,
)
from countermand.flows.proving import Answer
from countermand.flows.show_orders import show_orders
from countermand.kernel.errors import CountermandError, NotFound
from countermand.surfaces.http.visits import holder_of_visit, identifier, visit_of
from countermand.surfaces.web.answers import Asked, page, see_other
from countermand.surfaces.web.filled import Filled, filled, typed
from countermand.surfaces.web.mine.challenges import asking_of
from countermand.surfaces.web.mine.own import house_of, refused_form, visitor_of
from countermand.vocabulary.authenticators import Method, Purpose
from countermand.vocabulary.orders import OWN_CAUSES

DONE = frozenset({"named", "removed", "ended", "looked"})
# The cause of what is left behind where an account was given back: nobody is in it any more.
_GIVEN_BACK = "recovering"


def desk_of(request: Asked) -> DeviceDesk:
    """The desk of devices."""
    desk: DeviceDesk = request.app.state["house"].devices
    return desk


@get("/me/devices", page="holder")
async def read_devices(request: Asked, done: FromQuery[str] = "") -> Response[Any]:
    """The devices, the open visits, and a way out for what is not theirs."""
    return await _devices_page(request, done=done)


@post("/me/devices/{device:str}/name", page="holder", status_code=303)
async def write_name(request: Asked, device: FromPath[str]) -> Response[Any]:
    """What its holder calls it."""
    form, name = await filled(request), identifier(device, "device")
    try:
        await name_device(desk_of(request), holder_of_visit(request).account, name, form["name"])
    except CountermandError as refusal:
        return await _refused(request, form, refusal, name)
    return see_other("/me/devices?done=named")


@post("/me/devices/{device:str}/remove", page="holder", status_code=303)
async def take_off(request: Asked, device: FromPath[str]) -> Response[Any]:
    """Signed out, unknown, and what it proved with is worth nothing; where it proves, by another proof."""
    form, name = await filled(request), identifier(device, "device")
    try:
        await remove_device(desk_of(request), await keeping_of(request), name)
    except CountermandError as refusal:
        return await _refused(request, form, refusal, name)
    return see_other("/me/devices?done=removed")


@post("/me/devices/looked", page="holder", status_code=303)
async def all_mine(request: Asked) -> Response[Any]:
    """They looked, and all of it is theirs."""
    visit = visit_of(request.scope)
    await say_all_mine(desk_of(request), holder_of_visit(request).account, visit.actor, visit.trace_id)
    return see_other("/me/devices?done=looked")


@post("/me/visits/{visit_id:str}/end", page="holder", status_code=303)
async def end_one(request: Asked, visit_id: FromPath[str]) -> Response[Any]:
    """One open visit ends; one that is none, or another's, has ended as far as anybody can tell."""
    visit, account = visit_of(request.scope), holder_of_visit(request).account
    await end_visit(desk_of(request), account, identifier(visit_id, "visit_id"), visit.actor, visit.trace_id)
    return see_other("/me/devices?done=ended")


async def keeping_of(request: Asked) -> Keeping:
    """Who asks for a change of what they prove with, and what they show for it: in the form, or before it."""
    visit, visitor = visit_of(request.scope), visitor_of(request)
    account, (shown,) = holder_of_visit(request).account, await typed(request, "proof")
    return Keeping(
        account=account,
        visitor=visitor,
        actor=visit.actor,
        suspect=await is_suspect(request),
        proof=proof_of(shown),
        confirmation=await _shown_before(request) if not shown else None,
        trace=visit.trace_id,
    )


def proof_of(shown: str) -> Answer | None:
    """A code has digits alone, and no password does: it has three kinds of characters."""
    if not shown:
        return None
    digits = "".join(shown.split())
    if digits.isascii() and digits.isdigit():
        return Answer(method=Method.TOTP, code=digits)
    return Answer(method=Method.PASSWORD, password=shown)


async def is_suspect(request: Asked) -> bool:
    """Whether the account is contained and the device is none that the institution knows as theirs."""
    house, holder = house_of(request), holder_of_visit(request)
    orders = (await show_orders(house, holder.account))["orders"]
    if all(one["code"] in OWN_CAUSES | {_GIVEN_BACK} for one in orders):
        return False
    profile = await house.profiles.find(holder.account)
    known = (profile.devices if profile is not None else None) or ()
    return holder.session.device not in known


async def _shown_before(request: Asked) -> str | None:
    """The confirmation of a challenge passed for the purpose enrol, fresh or not: the story looks at it."""
    asking = await asking_of(request, "ways", Purpose.ENROL.value)
    try:
        shown = await house_of(request).challenges.status(asking)
    except NotFound:
        return None
    given = shown["confirmation"]
    return given if isinstance(given, str) else None


async def _refused(request: Asked, form: Filled, refusal: CountermandError, device: str) -> Response[Any]:
    if isinstance(refusal, NotFound):
        raise refusal
    return await _devices_page(request, refused_form(form, refusal), refusal.http_status, device)


async def _devices_page(
    request: Asked, form: Filled | None = None, status: int = 200, about: str = "", *, done: str = ""
) -> Response[Any]:
    holder = holder_of_visit(request)
    found = await list_devices(desk_of(request), holder.account)
    return page(
        request,
        "mine/devices.html",
        status=status,
        holder=holder,
        devices=found.devices,
        visits=found.visits,
        looked_at=found.looked_at,
        form=form or Filled(),
        about=about,
        done=done if done in DONE else None,
    )


DEVICE_PAGES = (read_devices, write_name, take_off, all_mine, end_one)
