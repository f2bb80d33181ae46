"""A case as the desk sees it: the whole state, every event, masked messages, files, promises, clocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from countermand.cases.numbers import spoken
from countermand.flows.show_case import Dossier, looked
from countermand.kernel.clock import rfc3339

# What is shown of each thing, by the names that the view gives them.
_INSTANTS = frozenset({"at", "due_at", "until", "ends_at", "kept_at", "given_at", "ended_at"})
_TASK = {name: name for name in ("id", "title", "role", "owner", "due_at", "done_by")}
_LOOK = {
    "id": "id", "verb": "verb", "asked_by": "asked_by", "until": "ends_at", "agreed": "agreed",
    "answered_by": "answered_by",
}  # fmt: skip
_EVENT = {name: name for name in ("seq", "kind", "at", "actor", "body")}
_MESSAGE = {
    name: name for name in ("id", "direction", "channel", "author", "at", "language", "secret_said")
} | {"text": "masked"}
_FILE = {"id": "id", "message": "message", "name": "name", "media_type": "media_type", "bytes": "size"}
_GRANT = {
    "id": "id", "to": "staff", "purpose": "purpose", "reason": "reason", "given_at": "given_at",
    "given_by": "given_by", "until": "ends_at", "ended_at": "ended_at", "ended_by": "ended_by",
}  # fmt: skip
_PROMISE = {name: name for name in ("id", "code", "due_at", "made_by", "kept_at")}


def for_desk(dossier: Dossier, clocks: Sequence[Any] = ()) -> dict[str, Any]:
    """Everything of a case; `clocks` as `show_clocks` gives them. Instants are RFC 3339."""
    state: dict[str, Any] = msgspec.to_builtins(dossier.case, order="deterministic")
    for name in ("opened_at", "first_at", "updated_at", "closed_at", "snoozed_until", "settled_at"):
        if state.get(name) is not None:
            state[name] = rfc3339(state[name])
    return {
        "case": {**state, "number": spoken(dossier.case.number)},
        "clocks": list(clocks),
        "disclosures": [looked(one) for one in dossier.disclosures],
        "tasks": _told(dossier.tasks, _TASK),
        "looks": _told(dossier.looks, _LOOK),
        "events": _told(dossier.events, _EVENT),
        "messages": _told(dossier.messages, _MESSAGE),
        "files": [
            {**told, "sha256": one.digest.hex()}
            for told, one in zip(_told(dossier.files, _FILE), dossier.files, strict=True)
        ],
        "promises": _told(dossier.promises, _PROMISE),
        "grants": _told(dossier.grants, _GRANT),
    }


def _told(things: Iterable[Any], names: dict[str, str]) -> list[dict[str, Any]]:
    return [{shown: _value(shown, getattr(one, name)) for shown, name in names.items()} for one in things]


def _value(name: str, value: Any) -> Any:
    if name in _INSTANTS and value is not None:
        return rfc3339(value)
    return getattr(value, "value", value)
