"""What keeps pages and cookies safe: HTTPS, our origin, tokens of forms, headers, and where else to go."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from limits import RateLimitItemPerMinute
from litestar import Request, Response
from litestar.datastructures import UploadFile

from countermand.flows.staff_access import Browser, SignedIn, StaffAccess
from countermand.flows.staff_sessions import Form, keep_form
from countermand.kernel.errors import CountermandError, Forbidden, TooMany
from countermand.surfaces.http.peers import address_of, is_in
from countermand.surfaces.http.visits import Visit, visit_of

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
SIGN_IN_PATH, PROVE_PATH, KEPT_PATH = "/staff/sign-in", "/staff/prove", "/staff/kept/"
SESSION, STEP, BROWSER = "countermand-staff", "countermand-step", "countermand-browser"
HOLDER = "countermand-holder"
BROWSER_SECONDS = 400 * 86_400  # as long as browsers keep any cookie
REQUESTS_A_MINUTE, OPEN_WRITES_A_MINUTE = 1200, 300
# What is never shown again once it was typed, and what nobody typed.
NEVER_SHOWN_AGAIN = frozenset({"csrf", "password", "old", "again", "proof", "code", "credential", "token"})
HIDDEN = frozenset({"digest", "language", "purpose", "method"})
TYPED_CHARACTERS_MAX = 4096
_LOOPBACK = ("127.", "::1", "::ffff:127.")
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
_HSTS_SECONDS = 2 * 365 * 86_400
# Nothing runs, shows, loads or frames that is not ours, and nothing of it is inline.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_ARMOUR = {
    b"content-security-policy": CONTENT_SECURITY_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    # Not `no-referrer`: with that, browsers send forms with the origin `null`.
    b"referrer-policy": b"same-origin",
    b"permissions-policy": b"accelerometer=(), camera=(self), geolocation=(), gyroscope=(), magnetometer=(), "
    b"microphone=(), midi=(), payment=(), usb=(), publickey-credentials-get=(self), "
    b"publickey-credentials-create=(self)",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}


class Elsewhere(CountermandError):
    """Not here: `details["location"]` says where to go."""

    http_status = 303


class HttpsOnly(Elsewhere):
    """The same address by HTTPS."""

    http_status = 308


def armoured(headers: list[tuple[bytes, bytes]], visit: Visit) -> list[tuple[bytes, bytes]]:
    """The headers of a page's answer with those that keep it safe; what a page says itself stays."""
    said = {name.lower() for name, _ in headers}
    more = [(name, value) for name, value in _ARMOUR.items() if name not in said]
    if visit.secure and b"strict-transport-security" not in said:
        more.append((b"strict-transport-security", b"max-age=%d; includeSubDomains" % _HSTS_SECONDS))
    return [*headers, *more]


def is_local(connection: Any) -> bool:
    """Whether the machine itself asks, and for nobody else."""
    client = connection.client
    forwarded = any(name in connection.headers for name in _FORWARDED)
    return client is not None and client.host.startswith(_LOOPBACK) and not forwarded


def require_https(connection: Any, access: StaffAccess, visit: Visit) -> None:
    """Pages and cookies go by HTTPS, as a proxy that we trust says; on the machine itself plain HTTP will do.

    Raises HttpsOnly (what was only read), Forbidden (`https_needed`).
    """
    peer = "" if connection.client is None else connection.client.host
    told = connection.headers.get("x-forwarded-proto", "").split(",")[-1].strip().lower()
    by_proxy = is_in(peer, access.trusted) and told == "https"
    visit.secure = by_proxy or connection.scope.get("scheme") == "https"
    visit.local = not visit.secure and is_local(connection)
    if visit.secure or visit.local:
        return
    if access.address.startswith("https://") and connection.scope["method"] in ("GET", "HEAD"):
        raise HttpsOnly(
            "https_needed", "By HTTPS only.", "仅支持 HTTPS。", location=_here(connection, access.address)
        )
    raise Forbidden(
        "https_needed",
        "Pages are shown by HTTPS only. A proxy before us sends X-Forwarded-Proto, and its network stands in "
        "COUNTERMAND_TRUSTED_PROXIES.",
        "页面仅通过 HTTPS 提供。经代理访问时，代理须发送 X-Forwarded-Proto，"
        "其网段须列入 COUNTERMAND_TRUSTED_PROXIES。",
    )


def require_our_origin(connection: Any, access: StaffAccess, visit: Visit) -> None:
    """What a browser writes, it writes from a page of ours. Raises Forbidden (`origin_refused`)."""
    origin = connection.headers.get("origin", "").lower()
    fetched = connection.headers.get("sec-fetch-site")
    ours = origin in access.origins or (visit.local and origin == _own_origin(connection))
    if fetched in (None, "same-origin") and (ours or (not origin and fetched == "same-origin")):
        return
    raise Forbidden(
        "origin_refused",
        "This did not come from a page of ours, so nothing was done.",
        "该请求并非来自本系统页面，未执行任何操作。",
        origin=origin[:128],
    )


def _own_origin(connection: Any) -> str | None:
    """What a browser on this machine calls us."""
    host = connection.headers.get("host", "").lower()
    name = urlsplit(f"http://{host}").hostname
    return f"http://{host}" if name in _LOOPBACK_NAMES else None


async def given_csrf(connection: Any) -> str | None:
    """The token that came with a write, in its header or as a field of its form."""
    header = connection.headers.get("x-csrf-token")
    if header is not None or not _is_form(connection):
        return None if header is None else str(header)
    field = (await connection.form()).get("csrf")
    return field if isinstance(field, str) else None


async def typed_fields(connection: Any) -> dict[str, str]:
    """What somebody typed into a form that comes too late, without what is secret in it."""
    if not _is_form(connection):
        return {}
    form = await connection.form()
    return {
        str(name): value[:TYPED_CHARACTERS_MAX]
        for name, value in form.multi_items()
        if isinstance(value, str) and value and name not in NEVER_SHOWN_AGAIN | HIDDEN
    }


def csrf_refused() -> Forbidden:
    """A form without the token of this session, or with another one's."""
    return Forbidden(
        "csrf_refused",
        "This form belongs to another session, so nothing was done. Load the page again, and send it there.",
        "该表单不属于当前登录会话，未执行任何操作。请刷新页面后重新提交。",
    )


def check_pace(connection: Any, access: StaffAccess, name: str | None) -> None:
    """A person, or for open pages a network, sends so much a minute and no more.

    Raises TooMany (`too_many_requests`).
    """
    most = OPEN_WRITES_A_MINUTE if name is None else REQUESTS_A_MINUTE
    whose = f"from {address_of(connection, access.trusted)}" if name is None else name
    if not access.limiter.hit(RateLimitItemPerMinute(most), "pages", whose):
        raise TooMany(
            "too_many_requests",
            "Too much in a short time; wait a minute.",
            "请求过于频繁，请一分钟后再试。",
            retry_after_seconds=60,
        )


async def from_elsewhere(
    connection: Any, access: StaffAccess, visit: Visit, refusal: CountermandError
) -> CountermandError:
    """Where somebody goes who must sign in, or show their second factor, first; a form waits for them."""
    codes = {"sign_in_needed": SIGN_IN_PATH, "session_over": SIGN_IN_PATH, "step_up_needed": PROVE_PATH}
    target = codes.get(refusal.code)
    if target is None:
        return refusal
    back = _here(connection)
    if connection.scope["method"] in WRITES:
        back = await _kept(connection, access, visit) or _referer_path(connection)
    location = f"{target}?next={quote(back, safe='')}"
    return Elsewhere(refusal.code, refusal.text.en, refusal.text.zh, location=location)


async def _kept(connection: Any, access: StaffAccess, visit: Visit) -> str | None:
    """Where the form waits that was sent too late; its files are not kept."""
    cookie = session_cookie(connection, visit)
    if cookie is None or connection.scope["method"] != "POST" or not _is_form(connection):
        return None
    fields = tuple(
        (str(name), str(value))
        for name, value in (await connection.form()).multi_items()
        if not isinstance(value, UploadFile) and name != "csrf"
    )
    kept = await keep_form(access, cookie, Form(_here(connection), fields))
    return None if kept is None else f"{KEPT_PATH}{kept}"


def elsewhere(request: Request[Any, Any, Any], error: CountermandError) -> Response[bytes] | None:
    """The answer that sends a browser on; None for every other refusal."""
    if not isinstance(error, Elsewhere):
        return None
    location = error.details["location"]
    if request.headers.get("hx-request") == "true":
        # A script would follow a redirect by itself, and put the sign-in page into the middle of another.
        return Response(b"", status_code=401, headers={"HX-Redirect": location})
    return Response(b"", status_code=error.http_status, headers={"location": location})


def browser_of(request: Any) -> Browser:
    """Where somebody is who signs in."""
    access: StaffAccess = request.app.state["house"].access
    visit = visit_of(request.scope)
    place = _place(request.headers.get("user-agent", ""))
    return Browser(address_of(request, access.trusted), place, _cookie(request, visit, BROWSER))


def session_cookie(connection: Any, visit: Visit) -> str | None:
    """The cookie of a session, if one came under the name that it has here."""
    return _cookie(connection, visit, SESSION)


def holder_cookie(connection: Any, visit: Visit) -> str | None:
    """The cookie of a customer on their own pages."""
    return _cookie(connection, visit, HOLDER)


def step_cookie(connection: Any) -> str | None:
    """The cookie of whoever is half through signing in."""
    return _cookie(connection, visit_of(connection.scope), STEP)


def keep_session(answer: Response[Any], visit: Visit, signed_in: SignedIn) -> None:
    """Give the browser a new session: its cookie, the browser's own, and no step any more."""
    keep_cookie(answer, visit, SESSION, signed_in.cookie)
    keep_cookie(answer, visit, BROWSER, signed_in.browser, BROWSER_SECONDS)
    keep_cookie(answer, visit, STEP, "", 0)


def keep_cookie(
    answer: Response[Any], visit: Visit, name: str, value: str, seconds: int | None = None
) -> None:
    """One more cookie of an answer, as `set_cookie` makes them."""
    answer.set_cookie(
        key=_named(visit, name), value=value, max_age=seconds, secure=visit.secure, httponly=True,
        samesite="lax",
    )  # fmt: skip


def set_cookie(visit: Visit, name: str, value: str, seconds: int | None = None) -> str:
    """A cookie that no script reads, no other site sends along with a write, and no other host sets.

    Over HTTPS its name begins with `__Host-` (RFC 6265bis): only this very host can set it, over HTTPS.
    """
    age = "" if seconds is None else f"; Max-Age={seconds}"
    secure = "; Secure" if visit.secure else ""
    return f"{_named(visit, name)}={value}; Path=/{age}; HttpOnly; SameSite=Lax{secure}"


def _cookie(connection: Any, visit: Visit, name: str) -> str | None:
    return connection.cookies.get(_named(visit, name)) or None


def _named(visit: Visit, name: str) -> str:
    return f"__Host-{name}" if visit.secure else name


def _here(connection: Any, address: str = "") -> str:
    query = connection.scope.get("query_string", b"").decode("latin-1")
    return f"{address}{connection.scope['path']}{'?' if query else ''}{query}"


def _referer_path(connection: Any) -> str:
    parts = urlsplit(connection.headers.get("referer", ""))
    return f"{parts.path}{'?' if parts.query else ''}{parts.query}"


def _is_form(connection: Any) -> bool:
    kind = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in FORMS


def _place(agent: str) -> str:
    """A browser and its system in two words, as far as it says so itself."""
    browsers = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"))
    systems = (
        ("Windows", "Windows"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"),
        ("Mac OS", "macOS"), ("Linux", "Linux"),
    )  # fmt: skip
    browser = next((name for mark, name in browsers if mark in agent), "")
    system = next((name for mark, name in systems if mark in agent), "")
    return " · ".join(filter(None, (browser or ("Safari" if "Safari/" in agent else ""), system)))
