"""What the ordinary routes know about the request they serve: its trace and who is asking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import msgspec

from countermand.flows.holder_access import OpenHolder
from countermand.flows.keep_acts import check_key
from countermand.flows.staff_access import OpenSession
from countermand.flows.staff_sessions import sign_in_needed
from countermand.kernel.errors import BadRequest
from countermand.surfaces.http.problems import invalid_request
from countermand.vocabulary.operations import Identifier
from countermand.vocabulary.staff import Staff
from countermand.work.claims import Claim


class Visit:
    """One request to the ordinary application; `actor` is the name of the key, once it was checked.

    With a personal key, `staff` is who acts, and the actor is their name, whichever of their keys it was.
    `claim` is what it does under an idempotency key, `release` lets the next request with that key go on.
    Of a browser, `opened` is the session of whoever is signed in; `page`: the answer is one that browsers
    show, and `secure`: it came by HTTPS (`local`: from this machine, where that is not needed). `holder` is
    the customer who looks at their own pages, `typed` what they typed into a form that came too late.
    """

    __slots__ = (
        "actor", "claim", "holder", "local", "opened", "page", "release", "secure", "staff", "trace_id",
        "traceparent", "typed",
    )  # fmt: skip

    def __init__(self, trace_id: str, traceparent: str) -> None:
        self.trace_id = trace_id
        self.traceparent = traceparent
        self.actor = ""
        self.staff: Staff | None = None
        self.claim: Claim | None = None
        self.release: Callable[[], None] | None = None
        self.opened: OpenSession | None = None
        self.holder: OpenHolder | None = None
        self.page = False
        self.typed: dict[str, str] = {}
        self.secure = False
        self.local = False


def staff_of(request: Any) -> Staff:
    """Who acts at the desk: on routes of its scope the guard has made sure that there is somebody."""
    staff = visit_of(request.scope).staff
    assert staff is not None, "the guard lets only staff in at the desk"
    return staff


def csrf_of(scope: Any) -> str:
    """The token that every form of a page carries as `csrf`, or a script's request as `X-CSRF-Token`.

    Empty where nobody is signed in: the forms of open pages are told from foreign ones by their origin.
    """
    visit = visit_of(scope)
    signed_in = visit.opened or visit.holder
    return "" if signed_in is None else signed_in.csrf


def holder_of_visit(request: Any) -> OpenHolder:
    """Whose own pages these are: on pages for holders the guard has made sure that there is somebody."""
    holder = visit_of(request.scope).holder
    assert holder is not None, "the guard lets only holders in"
    return holder


def opened_of(request: Any) -> OpenSession:
    """The session that a page was asked for in. Raises Unauthenticated (`sign_in_needed`): it came by key."""
    opened = visit_of(request.scope).opened
    if opened is None:
        raise sign_in_needed()
    return opened


def visit_of(scope: Any) -> Visit:
    """The visit that the front put into the ASGI scope."""
    visit = scope["state"]["visit"]
    assert isinstance(visit, Visit), "every request comes through the front"
    return visit


def identifier(segment: str, field: str) -> str:
    """A path segment, decoded once: the application routes on the undecoded path, so `%2F` stays inside.

    Raises BadRequest (`invalid_request`) unless it has 1 to 128 printable characters.
    """
    try:
        return msgspec.convert(unquote(segment, errors="strict"), Identifier)
    except (msgspec.ValidationError, UnicodeDecodeError):
        raise invalid_identifier(field) from None


def invalid_identifier(field: str) -> BadRequest:
    """400 for a name that cannot be one."""
    return invalid_request("an identifier has 1 to 128 printable characters", field)


def key_of(request: Any) -> str:
    """The idempotency key; without one the request stands for itself: nobody is refused a stop for that.

    Raises BadRequest (`invalid_key`).
    """
    given = request.headers.get("idempotency-key")
    if given is not None:
        check_key(given)
        return str(given)
    house = request.app.state["house"]
    return str(house.ids.new("key", house.clock.now()))
