"""The registry of official channels at its well-known address, signed, for whoever checks without us."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import JSONBody

from countermand.intake.official_check import VALUE_CHARACTERS_MAX, Claim
from countermand.kernel.text import Text
from countermand.surfaces.http.ports import House

Asked = Request[Any, Any, Any]
JWS, KEYS = "/.well-known/official-channels.jws", "/.well-known/official-channels-keys.json"
_MEDIA = "application/jose"
_HEADERS = {"cache-control": "public, max-age=300", "access-control-allow-origin": "*"}


class OfficialQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A link, number, account, staff number, message or fingerprint; its kind is found if none is given."""

    value: Annotated[str, msgspec.Meta(min_length=1, max_length=VALUE_CHARACTERS_MAX)]
    kind: Claim | None = None


class OfficialFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one thing in it, and why."""

    kind: str
    verdict: str
    code: str
    shown: str
    text: Text
    use: Text | None


class OfficialAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`ours`, `not_ours` or `unknown`, and what that rests on."""

    verdict: str
    findings: list[OfficialFinding]


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


@get(JWS, open=True, media=_MEDIA)
async def read_registry(request: Asked) -> Response[bytes]:
    """Everything that is really ours, as a compact JWS over canonical JSON (RFC 7515)."""
    return Response(_house(request).official.signed.encode(), media_type=_MEDIA, headers=_HEADERS)


@get(KEYS, open=True, media="application/json")
async def read_registry_keys(request: Asked) -> Response[bytes]:
    """The public keys it is checked with (JWK Set, RFC 7517)."""
    keys = msgspec.json.encode(dict(_house(request).official.keys))
    return Response(keys, media_type="application/json", headers=_HEADERS)


@post("/v1/official/check", open=True, status_code=200, gives=OfficialAnswer)
async def check_official_channel(request: Asked, data: JSONBody[OfficialQuestion]) -> OfficialAnswer:
    """Is this really you: what is asked about is kept nowhere."""
    checked = _house(request).official.check(data.value, data.kind)
    return OfficialAnswer(
        verdict=checked.verdict.value,
        findings=[
            OfficialFinding(
                kind=one.kind.value,
                verdict=one.verdict.value,
                code=one.code,
                shown=one.shown,
                text=one.text,
                use=one.use,
            )
            for one in checked.findings
        ],
    )


OFFICIAL_HANDLERS = (read_registry, read_registry_keys, check_official_channel)
