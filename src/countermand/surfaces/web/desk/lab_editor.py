"""Writing a policy in the console: its files as text, checked as they are typed, kept as a new version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from countermand.flows.edit_policy import (
    CHARACTERS_MAX,
    FILE_NAME,
    Look,
    newest_of,
    next_version,
    open_text,
    renumbered,
)
from countermand.flows.publish_policy import draft_policy
from countermand.kernel.errors import CountermandError, NotFound, PolicyError
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import identifier, staff_of
from countermand.surfaces.web.answers import see_other
from countermand.surfaces.web.desk.frame import Asked, desk_page, house_of
from countermand.surfaces.web.desk.lab_checks import looked
from countermand.surfaces.web.desk.lab_rights import require_work
from countermand.vocabulary.publishing import Publication
from countermand.vocabulary.staff import Verb

# Characters of other scripts take three bytes, and a form writes each of them as `%..`.
TEXT_BYTES_MAX = 10 * CHARACTERS_MAX
_POLICY = "/desk/lab/policies/{label:str}"
_FILE, HEAD_FILE = "file:", "policy.yaml"
# Refusals that say: somebody else has written meanwhile.
_TWO_HANDS = frozenset({"policy_changed", "policy_overtaken"})


class Typed(NamedTuple):
    """What came with the form: the files, why, and which version was the newest when it was opened."""

    files: dict[str, str]
    why: str
    seen: int | None
    renumber: bool


@get(_POLICY + "/edit", page="staff", verb=Verb.READ_CASE)
async def edit_policy(request: Asked, label: FromPath[str]) -> Response[bytes]:
    """A recorded policy as text under its next free number; nothing is kept until it is saved."""
    require_work(staff_of(request))
    found = await _publication(request, identifier(label, "policy"))
    files, seen = await open_text(request.app.state["house"], found)
    return await _editor(request, found, Typed(files, "", seen, False))


@post(
    _POLICY + "/check", page="staff", verb=Verb.READ_CASE, status_code=200,
    request_max_body_size=TEXT_BYTES_MAX,
)  # fmt: skip
async def check_text(request: Asked, label: FromPath[str], part: FromQuery[str] = "") -> Response[bytes]:
    """What the check says of a text; nothing is kept. With `part=look` only that, else the whole page."""
    require_work(staff_of(request))
    found, typed = await _publication(request, identifier(label, "policy")), await _typed(request)
    return await _editor(request, found, typed, template="lab/look.html" if part == "look" else None)


@post(
    _POLICY + "/drafts", page="staff", verb=Verb.READ_CASE, status_code=303,
    request_max_body_size=TEXT_BYTES_MAX,
)  # fmt: skip
async def save_draft(request: Asked, label: FromPath[str]) -> Response[bytes]:
    """Record the text under its name and version; refused, it comes back as it was typed, with the reason."""
    staff, house = staff_of(request), request.app.state["house"]
    require_work(staff)
    found, typed = await _publication(request, identifier(label, "policy")), await _typed(request)
    look: Look | None = None
    try:
        if typed.renumber:
            typed = typed._replace(files=await _next_number(request, found, typed.files))
        look = await looked(_filled(typed.files), await _source(request, found), staff.name)
        if look.drafted is None:
            raise _unfit(look)
        seen = typed.seen if look.drafted.name == found.name else None
        made = await draft_policy(house, look.drafted, typed.why, staff.name, seen)
    except CountermandError as refusal:
        return await _editor(request, found, typed, look=look, refusal=refusal)
    return see_other(f"/desk/lab/policies/{quote(made['policy'], safe='')}")


async def _editor(
    request: Asked,
    found: Publication,
    typed: Typed,
    *,
    template: str | None = None,
    look: Look | None = None,
    refusal: CountermandError | None = None,
) -> Response[bytes]:
    """The editor, or a part of it, with what the check says, beside what somebody else has kept if so."""
    other, theirs, unlooked = found, None, refusal
    if refusal is not None and refusal.code in _TWO_HANDS:
        theirs = other = await _publication(request, str(refusal.details["policy"]))
        typed = typed._replace(seen=_newest(await _known(request), found.name, typed.seen))
        look = None
    if look is None:
        try:
            whole = _filled(typed.files)
            look = await looked(whole, await _source(request, other), staff_of(request).name)
        except CountermandError as unchecked:
            unlooked = unchecked
    values: dict[str, Any] = {
        "policy": found.label,
        "state": found.state.value,
        "against": other.label,
        # The head first: it says whose rules these are, and which number they get.
        "files": dict(sorted(typed.files.items(), key=lambda one: (one[0] != HEAD_FILE, one[0]))),
        "why": typed.why,
        "seen": typed.seen,
        "look": look,
        "places": _places(look),
        "refusal": refusal,
        "unlooked": unlooked,
        "theirs": theirs,
        "room": "lab",
    }
    wrong = refusal or (unlooked if template else None)
    status = 200 if wrong is None else wrong.http_status
    return desk_page(request, template or "lab/edit.html", status=status, **values)


def _places(look: Look | None) -> Mapping[str, int]:
    """How many findings and warnings each file has."""
    counted: dict[str, int] = defaultdict(int)
    for one in () if look is None else look.told:
        counted[one.file] += one.level != "remark"
    return counted


async def _typed(request: Asked) -> Typed:
    """What came with the form. Raises BadRequest (`invalid_request`) where that is no policy's."""
    form = await request.form()
    files: dict[str, str] = {}
    for name, value in form.multi_items():
        if not str(name).startswith(_FILE) or not isinstance(value, str):
            continue
        file = str(name).removeprefix(_FILE)
        if not FILE_NAME.fullmatch(file):
            raise invalid_request("it is no file of a policy", "file")
        text = value.replace("\r\n", "\n")
        files[file] = text if not text or text.endswith("\n") else text + "\n"
    if not files:
        raise invalid_request("there is nothing to look at", "file")
    seen, why = str(form.get("seen") or ""), str(form.get("why") or "")
    number = int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= 9 else None
    return Typed(files, why.strip(), number, form.get("renumber") == "yes")


def _filled(files: Mapping[str, str]) -> dict[str, str]:
    """A file that was emptied is one that is taken out."""
    return {name: text for name, text in files.items() if text.strip()}


async def _next_number(request: Asked, found: Publication, files: dict[str, str]) -> dict[str, str]:
    """The text under the next number that is free, whichever of the known ones stands in it."""
    known = {one.version for one in await _known(request) if one.name == found.name}
    for version in known:
        files = renumbered(files, version, next_version(version, known))
    return files


async def _known(request: Asked) -> list[Publication]:
    known: list[Publication] = await house_of(request).publications.publications()
    return known


def _newest(known: list[Publication], name: str, seen: int | None) -> int | None:
    newest = newest_of(known, name)
    return seen if newest is None else newest.policy_id


async def _publication(request: Asked, label: str) -> Publication:
    found = next((one for one in await _known(request) if one.label == label), None)
    if found is None:
        raise NotFound(
            "unknown_policy_version", f"No policy {label} is recorded here.", f"此处没有策略 {label} 的记录。"
        )
    return found


async def _source(request: Asked, found: Publication) -> dict[str, str]:
    files: dict[str, str] = await house_of(request).policy_shelf.source(found.policy_id)
    return files


def _unfit(look: Look) -> PolicyError:
    count = look.count("finding")
    return PolicyError(
        "policy_refused",
        f"It is not kept yet: {count} findings forbid it. Your text stands below as you typed it.",
        f"尚未保存：有 {count} 处问题须先解决。您输入的内容原样保留在下方。",
    )


EDITOR_PAGES = (edit_policy, check_text, save_draft)
