"""What is typed into the forms of a case, as the acts that they stand for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from countermand.cases.phrases import Phrase
from countermand.kernel.clock import moment_of
from countermand.kernel.errors import BadRequest
from countermand.surfaces.http.problems import invalid_request
from countermand.vocabulary.acts import (
    AnyAct,
    Assign,
    Close,
    Decide,
    Freeze,
    Link,
    Macro,
    Note,
    Release,
    Reply,
    SetRisk,
    Snooze,
    Take,
    Unfreeze,
)
from countermand.vocabulary.staff import Verb

Typed = dict[str, str]


class Filled(NamedTuple):
    """A form as it was filled in, by whom, when (microseconds UTC), and by which clock on the wall."""

    typed: Typed
    me: str
    now: int
    timezone: str = "UTC"

    def moment(self, name: str) -> datetime | None:
        """An instant as it was typed, by the clock of the institution. Raises BadRequest."""
        text = self.typed.get(name, "")
        try:
            return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.timezone)) if text else None
        except ValueError:
            raise invalid_request("it is a day and a time of that day", name) from None


_Act = TypeVar("_Act", bound=msgspec.Struct)
SNOOZES = {"hour": 1, "evening": 4, "day": 24, "three": 72}
VALUE = "value_"


def act_of(kind: type[_Act], /, **given: Any) -> _Act:
    """The act with what was filled in. Raises BadRequest (`invalid_request`) naming the field."""
    filled = {name: value for name, value in given.items() if value not in ("", (), {}, None)}
    try:
        return msgspec.convert(filled, kind, strict=False)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        raise invalid_request(message, place.rstrip("`").partition("[")[0] or _missing(message)) from None


def _missing(message: str) -> str | None:
    return message.split("`")[1] if "missing required field" in message else None


def _assign(form: Filled) -> AnyAct:
    to = form.typed.get("to", form.me)
    if to == form.me:
        return Take()
    return act_of(Assign, to=to)


def _snooze(form: Filled) -> AnyAct:
    length = form.typed.get("length", "hour")
    if length == "wake":
        return Snooze()
    if length not in SNOOZES:
        raise invalid_request("choose how long", "length")
    return Snooze(until=moment_of(form.now) + timedelta(hours=SNOOZES[length]))


def _write(form: Filled) -> AnyAct:
    """A note, a macro, or a reply of approved phrases and own words."""
    text = form.typed.get("text", "").strip()
    if form.typed.get("mode") == "note":
        return act_of(Note, text=text)
    values = {
        name.removeprefix(VALUE): text for name, text in form.typed.items() if name.startswith(VALUE) and text
    }
    if form.typed.get("macro"):
        return act_of(Macro, macro=form.typed["macro"], values=values)
    phrases = tuple(one for one in form.typed.get("phrase", "").split("\n") if one)
    if not (phrases or text or form.typed.get("explanation")):
        raise BadRequest(
            "reply_empty", "Say something: text or phrases.", "请填写内容或选择话术。", field="text"
        )
    told = {name: form.typed.get(name, "").strip() for name in ("explanation", "plan")}
    return act_of(Reply, text=text, phrases=phrases, values=values, **told)


def on(typed: Typed, name: str) -> bool:
    """Whether a box was ticked, or a button says yes."""
    return typed.get(name) in ("on", "yes", "true")


Reader = Callable[[Filled], AnyAct]
# The single acts of the console: the verb that the door asks for, and how the form is read.
FORMS: dict[str, tuple[Verb, Reader]] = {
    "freeze": (
        Verb.CONTAIN,
        lambda form: act_of(Freeze, why=form.typed.get("why"), whole=form.typed.get("scope") == "whole"),
    ),
    "unfreeze": (
        Verb.CONTAIN,
        lambda form: act_of(Unfreeze, why=form.typed.get("why"), incident=form.typed.get("incident")),
    ),
    "assign": (Verb.TAKE, _assign),
    "release": (Verb.TAKE, lambda _: Release()),
    "write": (Verb.WORK, _write),
    "snooze": (Verb.WORK, _snooze),
    "link": (
        Verb.LINK,
        lambda form: act_of(Link, case=form.typed.get("case"), kind=form.typed.get("kind")),
    ),
    "triage": (
        Verb.SET_RISK,
        lambda form: act_of(
            SetRisk,
            risk=form.typed.get("risk"),
            why=form.typed.get("why"),
            category=form.typed.get("category"),
            no_loss=on(form.typed, "no_loss"),
        ),
    ),
}


def resolving(form: Filled, *, decided: bool) -> list[AnyAct]:
    """What was found, where that was not said yet, and the end. Raises BadRequest (`invalid_request`)."""
    typed = form.typed
    close = act_of(
        Close,
        root_cause=typed.get("root_cause"),
        fix_owner=typed.get("fix_owner"),
        fix_due_at=form.moment("fix_due"),
    )
    if decided:
        return [close]
    return [act_of(Decide, outcome=typed.get("outcome"), why=typed.get("why")), close]


def acknowledgement(phrases: dict[str, Phrase], contained: bool, by: datetime, language: str) -> Reply:
    """That it was heard, who handles it, and by when the next word comes; what is stopped, if anything is."""
    wanted = ["heard", *(["stopped-first"] if contained else []), "never-ask"]
    said = by.strftime("%m月%d日 %H:%M" if language == "zh" else "%d %b %H:%M")
    return Reply(phrases=tuple(one for one in wanted if one in phrases), values={"by": said})
