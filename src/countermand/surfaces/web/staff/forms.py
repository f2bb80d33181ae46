"""What the pages of staff have in common: the way on, and what a passkey answered."""

from __future__ import annotations

import json
from typing import Any

import segno
from litestar import Response

from countermand.flows.invite_staff import Joining
from countermand.flows.proving import Answer
from countermand.flows.staff_access import SignedIn, StaffAccess
from countermand.kernel.errors import CountermandError
from countermand.surfaces.http.page_safety import STEP, TYPED_CHARACTERS_MAX, keep_cookie, keep_session
from countermand.surfaces.http.visits import csrf_of, visit_of
from countermand.surfaces.web.answers import HEADERS, HTML, Asked, is_ours, page, see_other
from countermand.surfaces.web.filled import typed, typed_credential
from countermand.vocabulary.authenticators import Method

HOME = "/staff"
STEP_SECONDS = 600


def access_of(request: Asked) -> StaffAccess:
    """How staff come in here."""
    access: StaffAccess = request.app.state["house"].access
    return access


def form_page(
    request: Asked, template: str, /, *, refused: CountermandError | None = None, **values: Any
) -> Response[bytes]:
    """A page with forms; `refused` is why the last one was not taken."""
    status = 200 if refused is None else refused.http_status
    shown = {"csrf": csrf_of(request.scope), "refused": refused, **values}
    return page(request, template, status=status, **shown)


def way_on(given: str | None) -> str:
    """Where to go on to: a page of ours, or one's own start."""
    return given if given and len(given) <= TYPED_CHARACTERS_MAX and is_ours(given) else HOME


async def second_answer(request: Asked) -> Answer:
    """A code, or what a passkey answered; what is neither is a wrong code."""
    code, credential = await typed(request, "code", "credential")
    if credential:
        return Answer(method=Method.WEBAUTHN, credential=await typed_credential(request) or {})
    return Answer(method=Method.TOTP, code="".join(code.split()))


def go_signed_in(request: Asked, signed_in: SignedIn, back: str) -> Response[bytes]:
    """On, with a session."""
    answer = see_other(way_on(back))
    keep_session(answer, visit_of(request.scope), signed_in)
    return answer


def step_on(request: Asked, answer: Response[bytes], token: str) -> Response[bytes]:
    """The answer, and the cookie of whoever is half through."""
    keep_cookie(answer, visit_of(request.scope), STEP, token, STEP_SECONDS)
    return answer


def leave(address: str) -> Response[bytes]:
    """To another site, by the person's own wish."""
    return Response(b"", status_code=303, media_type=HTML, headers={**HEADERS, "location": address})


def setting_up(joining: Joining) -> dict[str, Any]:
    """What a page shows to set a second factor up: a picture and its text, or what the browser is given."""
    if joining.otpauth is None:
        return {"method": joining.method.value, "options": json.dumps(joining.webauthn)}
    picture = segno.make(joining.otpauth, error="m").svg_data_uri(scale=5, border=4, light="white")
    assert joining.secret is not None, "the same to type"
    typed = " ".join(joining.secret[at : at + 4] for at in range(0, len(joining.secret), 4))
    return {"method": joining.method.value, "picture": picture, "typed": typed}
