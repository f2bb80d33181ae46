"""What a form of a page sent: fields as text, each at most so long."""

from __future__ import annotations

from litestar.datastructures import UploadFile

from countermand.kernel.errors import BadRequest
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.web.answers import Asked
from countermand.work.record import is_recordable, unrecordable_text

FIELD_CHARACTERS_MAX = 20_000


async def field_of(request: Asked, name: str) -> str:
    """A field, without white space around it; empty where it was not sent.

    Raises BadRequest (`invalid_request`: a file in its place, or longer than can be; `unrecordable_text`).
    """
    found = (await request.form()).get(name)
    if found is None:
        return ""
    if isinstance(found, UploadFile) or len(found) > FIELD_CHARACTERS_MAX:
        raise invalid_request("this is not what the form asks for", name)
    if not is_recordable(found):
        raise unrecordable_text()
    return str(found).strip()


async def needed(request: Asked, name: str) -> str:
    """A field that must be there. Raises BadRequest as `field_of`, and where it is empty."""
    found = await field_of(request, name)
    if not found:
        raise _empty(name)
    return found


def _empty(name: str) -> BadRequest:
    return BadRequest("invalid_request", "Fill this in, please.", "请填写此项。", field=name)
