"""Who may enter: every route names its scope or verb, or says that it is open; else it stays shut.

Systems and tools come by key, a person's browser by the cookie of a session. Browsers send a cookie along
whoever asks, so what it writes needs the token of a form of ours too, and our own origin.
"""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from countermand.cases.permissions import may_ever, role_lacks
from countermand.flows.holder_access import HolderAccess, fits, holder_needed, holder_of
from countermand.flows.sign_in_staff import step_up_needed
from countermand.flows.staff_access import OpenSession, StaffAccess
from countermand.flows.staff_sessions import enter, fits_csrf, sign_in_needed
from countermand.kernel.errors import CountermandError, Forbidden, Unauthenticated
from countermand.surfaces.http.keeper import Keeper
from countermand.surfaces.http.page_safety import (
    WRITES,
    check_pace,
    csrf_refused,
    from_elsewhere,
    given_csrf,
    holder_cookie,
    is_local,
    require_https,
    require_our_origin,
    session_cookie,
    typed_fields,
)
from countermand.surfaces.http.ports import KnownKey
from countermand.surfaces.http.visits import Visit, visit_of
from countermand.vocabulary.access import Scope
from countermand.vocabulary.staff import GRANTABLE, Verb
from countermand.vocabulary.staff_access import STEP_UP_VERBS, is_recent
from countermand.work.members import MEMBER, member_text

_Connection = ASGIConnection[Any, Any, Any, Any]


async def guard(connection: _Connection, handler: BaseRouteHandler) -> None:
    """Let in or raise; who came stands in the visit afterwards.

    `/metrics` is open to the machine itself (a peer on loopback that forwards for nobody), else wants `read`.
    """
    visit, opt = visit_of(connection.scope), handler.opt
    if opt.get("page"):
        await _admit_to_page(connection, handler, visit)
        return
    scope = opt.get("scope")
    if scope is None and opt.get("open"):
        return
    if opt.get("open_on_loopback") and is_local(connection):
        return
    assert isinstance(scope, str), f"{handler} names no scope"
    if scope == Scope.DESK and "authorization" not in connection.headers and "cookie" in connection.headers:
        access: StaffAccess = connection.app.state["house"].access
        require_https(connection, access, visit)
        if session_cookie(connection, visit) is not None:
            await _admit_session(connection, handler, visit, access)
            _require_verb(connection, handler, visit)
            return
    _admit_key(connection, handler, visit, scope)


async def _admit_to_page(connection: _Connection, handler: BaseRouteHandler, visit: Visit) -> None:
    """A page is open, for a customer, or for staff: with a `verb`, for roles that may ever do that.

    Without one it is `own`: about nobody but whoever is signed in. What is open takes forms from pages of
    ours, or, where it says so, from `anywhere`: then what it takes must prove itself.
    """
    visit.page = True
    access: StaffAccess = connection.app.state["house"].access
    require_https(connection, access, visit)
    if handler.opt["page"] == "open":
        if _method(connection) in WRITES:
            if not handler.opt.get("anywhere"):
                _noting(connection, require_our_origin, connection, access, visit)
            check_pace(connection, access, None)
        return
    if handler.opt["page"] == "holder":
        await _admit_holder(connection, visit, access)
        return
    assert handler.opt["page"] == "staff", f"{handler} is for whom?"
    assert handler.opt.get("own") or isinstance(handler.opt.get("verb"), Verb), f"{handler} is for what?"
    if "authorization" in connection.headers:
        _admit_key(connection, handler, visit, Scope.DESK)
        return
    try:
        await _admit_session(connection, handler, visit, access)
    except (Unauthenticated, Forbidden) as refusal:
        raise await from_elsewhere(connection, access, visit, refusal) from None
    _require_verb(connection, handler, visit)


async def _admit_holder(connection: _Connection, visit: Visit, access: StaffAccess) -> None:
    """A customer's own pages, for whoever the institution has let in.

    Raises Unauthenticated (`holder_needed`, `holder_over`), Forbidden (`origin_refused`, `csrf_refused`),
    TooMany (`too_many_requests`), Unavailable.
    """
    cookie = holder_cookie(connection, visit)
    doors: HolderAccess = connection.app.state["house"].holder_access
    try:
        if cookie is None:
            raise holder_needed()
        holder = await holder_of(doors, cookie, connection.headers.get("user-agent", ""))
    except Unauthenticated:
        if _method(connection) in WRITES:  # nothing is lost: the page that says why not shows it again
            visit.typed = await typed_fields(connection)
        raise
    check_pace(connection, access, f"holder {holder.session.id}")
    if _method(connection) in WRITES:
        _noting(connection, require_our_origin, connection, access, visit)
        if not fits(holder, await given_csrf(connection)):
            _keeper(connection).note("csrf_refused", _route(connection))
            raise csrf_refused()
    visit.holder, visit.actor = holder, f"holder:{holder.session.id}"


async def look_who_is_in(connection: Any) -> OpenSession | None:
    """Who is signed in where an open page is asked for, if anybody is. Raises Unavailable."""
    visit = visit_of(connection.scope)
    cookie = session_cookie(connection, visit)
    if cookie is not None:
        access: StaffAccess = connection.app.state["house"].access
        try:
            _remember(visit, await enter(access, cookie))
        except Unauthenticated:
            return None
    return visit.opened


async def _admit_session(
    connection: _Connection, handler: BaseRouteHandler, visit: Visit, access: StaffAccess
) -> None:
    """Let in by cookie.

    Raises Unauthenticated (`sign_in_needed`, `session_over`), Forbidden (`origin_refused`, `csrf_refused`,
    `step_up_needed`), TooMany (`too_many_requests`), Unavailable.
    """
    cookie = session_cookie(connection, visit)
    if cookie is None:
        raise sign_in_needed()
    opened = await enter(access, cookie)
    check_pace(connection, access, opened.staff.name)
    if _method(connection) in WRITES:
        _noting(connection, require_our_origin, connection, access, visit)
        if not fits_csrf(opened, await given_csrf(connection)):
            _keeper(connection).note("csrf_refused", _route(connection))
            raise csrf_refused()
        asks = handler.opt.get("verb") in STEP_UP_VERBS or handler.opt.get("step_up")
        if asks and not is_recent(opened.session, access.clock.now()):
            raise step_up_needed()
    _remember(visit, opened)


def _remember(visit: Visit, opened: OpenSession) -> None:
    visit.opened, visit.staff, visit.actor = opened, opened.staff, opened.staff.name
    MEMBER.set(member_text(opened.staff.roles))


def _admit_key(connection: _Connection, handler: BaseRouteHandler, visit: Visit, scope: str) -> None:
    authorization = connection.headers.get("authorization")
    sent = None if authorization is None else authorization.encode("latin-1")
    key: KnownKey = _keeper(connection).admit(sent, scope, _route(connection))
    visit.staff = key.holder
    visit.actor = key.name if key.holder is None else key.holder.name
    if key.holder is not None:
        MEMBER.set(member_text(key.holder.roles))
    if scope == Scope.DESK:
        if key.holder is None:
            raise Forbidden(
                "staff_needed",
                f"The desk takes personal keys only; {key.name} is nobody's.",
                f"客服台仅接受个人密钥；{key.name} 不属于任何人员。",
                key=key.name,
            )
        _require_verb(connection, handler, visit)


def _require_verb(connection: _Connection, handler: BaseRouteHandler, visit: Visit) -> None:
    """A door of the desk is for people whose roles may ever do what it is for; which case, the story asks.

    Who is let in to look (auditor, regulator, peer) writes through none, whatever it asks for. Raises
    Forbidden (`role_lacks_verb`).
    """
    verb, staff = handler.opt.get("verb"), visit.staff
    assert staff is not None, "somebody was let in"
    if verb is None and handler.opt.get("own"):
        return
    assert isinstance(verb, Verb), f"{handler} names no verb"
    looks = _method(connection) in WRITES and staff.roles & GRANTABLE
    if looks or not may_ever(staff.roles, verb):
        raise role_lacks(verb)


def _noting(connection: _Connection, check: Any, *given: Any) -> None:
    """A refusal of this check is noted as one at the door."""
    try:
        check(*given)
    except CountermandError as refusal:
        _keeper(connection).note(refusal.code, _route(connection))
        raise


def _keeper(connection: _Connection) -> Keeper:
    keeper: Keeper = connection.app.state["keeper"]
    return keeper


def _method(connection: _Connection) -> str:
    return str(connection.scope.get("method"))


def _route(connection: _Connection) -> str:
    return str(connection.scope.get("path_template", ""))
