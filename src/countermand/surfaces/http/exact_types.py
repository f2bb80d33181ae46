"""Bodies as the contract says: the framework reads "5" as 5 and a number as an instant; we refuse both."""

from __future__ import annotations

from functools import cache
from typing import Any, get_type_hints

import msgspec
from litestar import Request

from countermand.surfaces.http.problems import invalid_request

_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})


async def refuse_other_types(request: Request[Any, Any, Any]) -> None:
    """Raises BadRequest (`invalid_request`) where a JSON value is only taken for one of its type.

    What is wrong in every reading is left to the framework, which says it in its own place.
    """
    if request.method not in _BODY_METHODS:
        return
    reader = _reader_of(request.route_handler.fn)
    if reader is None:
        return
    raw = await request.body()
    try:
        reader.decode(raw)
    except msgspec.ValidationError as error:
        if _is_read_leniently(raw, reader.type):
            what, _, path = str(error).partition(" - at `")
            raise invalid_request(
                what, path.rstrip("`").removeprefix("$").removeprefix(".") or None
            ) from None
    except msgspec.DecodeError:
        return


def _is_read_leniently(raw: bytes, type_: Any) -> bool:
    try:
        msgspec.convert(msgspec.json.decode(raw), type_, strict=False)
    except msgspec.MsgspecError:
        return False
    return True


@cache
def _reader_of(function: Any) -> msgspec.json.Decoder[Any] | None:
    """A decoder of the structure that a route takes as its body; None where it takes none."""
    wanted = get_type_hints(function).get("data")
    if not isinstance(wanted, type) or not issubclass(wanted, msgspec.Struct):
        return None
    return msgspec.json.Decoder(wanted)
