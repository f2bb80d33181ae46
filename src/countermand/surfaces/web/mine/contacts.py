"""Where a customer's notices go: seen masked, added by a code sent there, removed after a wait."""

from __future__ import annotations

from datetime import time
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.flows.contact_removals import ContactDesk
from countermand.flows.keep_own_contacts import (
    LANGUAGES,
    Manner,
    WantedAddress,
    begin_address,
    choose_manner,
    finish_address,
    remove_address,
    show_own_contacts,
    take_back_change,
)
from countermand.kernel.errors import BadRequest, CountermandError, NotFound
from countermand.surfaces.http.visits import holder_of_visit, identifier
from countermand.surfaces.web.answers import Asked, page, page_language, see_other
from countermand.surfaces.web.filled import Filled, filled
from countermand.surfaces.web.mine.devices import keeping_of
from countermand.surfaces.web.mine.own import refused_form
from countermand.vocabulary.notices import NoticeChannel

DONE = frozenset({"added", "asked", "kept", "chosen"})
ZONES = (
    "Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo",
    "Asia/Dubai", "Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles",
    "Australia/Sydney", "UTC",
)  # fmt: skip
_ADD, _MANNER = "add", "manner"


def desk_of(request: Asked) -> ContactDesk:
    """The desk of customers' own addresses."""
    desk: ContactDesk = request.app.state["house"].contact_desk
    return desk


@get("/me/contacts", page="holder")
async def read_contacts(request: Asked, done: FromQuery[str] = "") -> Response[Any]:
    """Every address, how far it is theirs, and what is to change."""
    return await _contacts_page(request, done=done)


@post("/me/contacts", page="holder", status_code=303)
async def add_contact(request: Asked) -> Response[Any]:
    """A code goes to the address; the next page asks for it."""
    form = await filled(request)
    try:
        wanted = _wanted(form)
        change = await begin_address(
            desk_of(request), await keeping_of(request), wanted, page_language(request)
        )
    except CountermandError as refusal:
        about = form["key"] or _ADD
        return await _contacts_page(request, refused_form(form, refusal), refusal.http_status, about)
    return see_other(f"/me/contacts/{quote(change, safe='')}")


@get("/me/contacts/{change:str}", page="holder")
async def read_code(request: Asked, change: FromPath[str]) -> Response[Any]:
    """Where the code is typed. Raises NotFound (`unknown_contact`) where none is awaited any more."""
    return await _code_page(request, identifier(change, "change"), Filled(), 200)


@post("/me/contacts/{change:str}/verify", page="holder", status_code=303)
async def verify_contact(request: Asked, change: FromPath[str]) -> Response[Any]:
    """The code came back: the address hears from now on. Raises NotFound (`unknown_contact`)."""
    form, name = await filled(request), identifier(change, "change")
    try:
        code = "".join(form["code"].split())
        await finish_address(desk_of(request), await keeping_of(request), name, code)
    except NotFound:
        raise
    except CountermandError as refusal:
        return await _code_page(request, name, refused_form(form, refusal), refusal.http_status)
    return see_other("/me/contacts?done=added")


@post("/me/contacts/{change:str}/end", page="holder", status_code=303)
async def end_change(request: Asked, change: FromPath[str]) -> Response[Any]:
    """Nothing comes of it: the address stays, or is not added."""
    await take_back_change(desk_of(request), await keeping_of(request), identifier(change, "change"))
    return see_other("/me/contacts?done=kept")


@post("/me/contacts/remove", page="holder", status_code=303)
async def remove_contact(request: Asked) -> Response[Any]:
    """It is to go, and every address hears so. Raises NotFound (`unknown_contact`)."""
    form = await filled(request)
    try:
        await remove_address(desk_of(request), await keeping_of(request), form["key"])
    except NotFound:
        raise
    except CountermandError as refusal:
        form = refused_form(form, refusal)
        return await _contacts_page(request, form, refusal.http_status, form["key"])
    return see_other("/me/contacts?done=asked")


@post("/me/contacts/manner", page="holder", status_code=303)
async def write_manner(request: Asked) -> Response[Any]:
    """The language, the clock and the night of notices that are no warnings."""
    form = await filled(request)
    try:
        manner = Manner(form["words"], form["timezone"], _quiet(form))
        await choose_manner(desk_of(request), await keeping_of(request), manner)
    except CountermandError as refusal:
        return await _contacts_page(request, refused_form(form, refusal), refusal.http_status, _MANNER)
    return see_other("/me/contacts?done=chosen")


def _wanted(form: Filled) -> WantedAddress:
    """One that is there and never was verified, or a new one: with an @ it is a mailbox."""
    if form["key"]:
        channel = NoticeChannel.EMAIL if form["channel"] == NoticeChannel.EMAIL.value else NoticeChannel.SMS
        return WantedAddress(channel, key=form["key"])
    address = form["address"]
    return WantedAddress(NoticeChannel.EMAIL if "@" in address else NoticeChannel.SMS, address)


def _quiet(form: Filled) -> tuple[time, time] | None:
    """From when until when; both empty is none. Raises BadRequest (`bad_contacts`)."""
    if form["night"] != "yes":
        return None
    try:
        return time.fromisoformat(form["begins"]), time.fromisoformat(form["ends"])
    except ValueError:
        raise BadRequest(
            "bad_contacts",
            "Type both times like 22:00 and 07:00.",
            "请填写两个时间，例如 22:00 和 07:00。",
            field="begins",
        ) from None


async def _code_page(request: Asked, change: str, form: Filled, status: int) -> Response[Any]:
    holder = holder_of_visit(request)
    shown = await show_own_contacts(desk_of(request), holder.account)
    pending = next((one for one in shown["pending"] if one["change"] == change), None)
    if pending is None:
        raise NotFound("unknown_contact", "There is no such address here.", "没有该联系方式。")
    return page(
        request,
        "mine/contact_code.html",
        status=status,
        holder=holder,
        pending=pending,
        ref=quote(change, safe=""),
        form=form,
    )


async def _contacts_page(
    request: Asked, form: Filled | None = None, status: int = 200, about: str = "", *, done: str = ""
) -> Response[Any]:
    holder, typed = holder_of_visit(request), form or Filled()
    shown = await show_own_contacts(desk_of(request), holder.account)
    ways = await request.app.state["house"].authenticators.all(holder.account)
    quiet = shown["quiet"]
    manner = {
        "words": shown["language"],
        "timezone": shown["timezone"],
        "night": "no" if quiet is None else "yes",
        "begins": "22:00" if quiet is None else quiet["begins"],
        "ends": "07:00" if quiet is None else quiet["ends"],
    }
    if about == _MANNER:
        manner |= {name: typed[name] for name in manner}
    return page(
        request,
        "mine/contacts.html",
        status=status,
        holder=holder,
        points=[one for one in shown["points"] if one["former_until"] is None],
        former=[one for one in shown["points"] if one["former_until"] is not None],
        pending=shown["pending"],
        channels=shown["channels"],
        proves=any(one["state"] == "active" for one in ways),
        manner=manner,
        languages=LANGUAGES,
        zones=sorted({*ZONES, shown["timezone"]}),
        form=typed,
        about=about,
        done=done if done in DONE else None,
    )


CONTACT_PAGES = (
    read_contacts,
    add_contact,
    remove_contact,
    write_manner,
    read_code,
    verify_contact,
    end_change,
)
