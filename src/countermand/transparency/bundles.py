"""What a bundle says of itself (`bundle.json`): its case, chains, logs, exhibits and documents.

It is the institution's own word under its seal; the verifier holds every line of it to the log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from countermand.transparency import jcs
from countermand.transparency.receipts import Opened, Proved
from countermand.vocabulary.bundle_names import MEMBERS_MAX

VERSION = 1
EVERYONE, COURT = "everyone", "court"
_HEX = re.compile(r"[0-9a-f]{64}")
_T = TypeVar("_T")
_ENTRY = re.compile(r"entries/[1-9][0-9]{0,5}-[1-9][0-9]{0,18}\.json")


class Chain(NamedTuple):
    """A case, or one that became part of it: how many entries the log has of it, and its last one's hash."""

    case: str
    entries: int
    last: str


class LogEnd(NamedTuple):
    """Up to where a log is proved here: everything in the bundle leads to this one checkpoint."""

    origin: str
    size: int
    root: str


class ExhibitLine(NamedTuple):
    """An exhibit: the entry that captured it, what it was said to be, what its bytes show, and where it is.

    `sha256` and `file` are there where its bytes are, else `withheld` says why they are not.
    """

    exhibit: str
    entry: str
    kind: str
    declared: str
    sniffed: str
    lies: bool
    size: str
    sha256: str | None = None
    withheld: str | None = None


class DocumentLine(NamedTuple):
    """A document, and for whose eyes it is."""

    path: str
    media: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """All of it; `made_at` as RFC 3339 says it, `shown` is `everyone` or `court`."""

    case: str
    institution: str
    shown: str
    made_at: str
    chains: tuple[Chain, ...]
    logs: tuple[LogEnd, ...]
    exhibits: tuple[ExhibitLine, ...] = ()
    documents: tuple[DocumentLine, ...] = ()

    def __bytes__(self) -> bytes:
        return jcs.canonical(
            {
                "v": VERSION,
                "case": self.case,
                "institution": self.institution,
                "shown": self.shown,
                "made_at": self.made_at,
                "chains": [one._asdict() for one in self.chains],
                "logs": [one._asdict() for one in self.logs],
                "exhibits": [
                    {name: value for name, value in one._asdict().items() if value is not None}
                    for one in self.exhibits
                ],
                "documents": [one._asdict() for one in self.documents],
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Statement:
        """The statement in a file. Raises ValueError where it is none, or not in canonical form."""
        try:
            said = jcs.parsed(data)
        except RecursionError as error:
            raise ValueError("too deep") from error
        if not isinstance(said, dict) or said.get("v") != VERSION:
            raise ValueError(f"this is no statement of version {VERSION}")
        _only(
            said, {"v", "case", "institution", "shown", "made_at", "chains", "logs", "exhibits", "documents"}
        )
        if said["shown"] not in (EVERYONE, COURT):
            raise ValueError("it is for everyone or for a court")
        chains = _list(said["chains"], _chain)
        # Whoever checks chains counts to these numbers: no more than a bundle can hold.
        if len(chains) > MEMBERS_MAX or sum(one.entries for one in chains) > MEMBERS_MAX:
            raise ValueError(f"a bundle has at most {MEMBERS_MAX} entries")
        return cls(
            case=_text(said["case"]),
            institution=_text(said["institution"]),
            shown=said["shown"],
            made_at=_text(said["made_at"]),
            chains=chains,
            logs=_list(said["logs"], _log_end),
            exhibits=_list(said["exhibits"], _exhibit),
            documents=_list(said["documents"], _document),
        )


@dataclass(frozen=True, slots=True)
class Contents:
    """What is proved in a bundle: entries by name, and the statement."""

    statement: Statement
    items: Mapping[str, Proved] = field(default_factory=lambda: MappingProxyType({}))


def openings_of(data: bytes) -> dict[str, dict[str, Opened]]:
    """`openings.json`: by entry, then by name. Raises ValueError (also ArchiveError, which is one)."""
    said = jcs.parsed(data)
    if not isinstance(said, dict) or set(said) != {"v", "openings"} or said["v"] != VERSION:
        raise ValueError(f"these are no openings of version {VERSION}")
    if not isinstance(said["openings"], dict) or not all(
        isinstance(one, dict) for one in said["openings"].values()
    ):
        raise ValueError("openings are kept by entry and name")
    return {
        entry: {name: Opened.of_told(told) for name, told in named.items()}
        for entry, named in said["openings"].items()
    }


def openings_said(openings: Mapping[str, Mapping[str, Opened]]) -> bytes:
    """`openings.json`, as `openings_of` reads it."""
    told = {
        entry: {name: one.told for name, one in named.items()} for entry, named in openings.items() if named
    }
    return jcs.canonical({"v": VERSION, "openings": told})


def _only(said: Any, names: set[str], optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    if not isinstance(said, dict) or not names <= set(said) <= names | optional:
        raise ValueError(f"it does not say {', '.join(sorted(names))}, or says more")
    return said


def _list(said: Any, read: Callable[[Any], _T]) -> tuple[_T, ...]:
    if not isinstance(said, list):
        raise ValueError("a list is due")  # noqa: TRY004 - whoever reads a file refuses its values
    return tuple(read(one) for one in said)


def _text(said: Any, pattern: re.Pattern[str] | None = None) -> str:
    if not isinstance(said, str) or len(said) > 1000 or (pattern is not None and not pattern.fullmatch(said)):
        raise ValueError("a text is due, in its form")
    return said


def _count(said: Any) -> int:
    if type(said) is not int or said < 0:
        raise ValueError("a number is due")
    return said


def _chain(said: Any) -> Chain:
    one = _only(said, {"case", "entries", "last"})
    return Chain(_text(one["case"]), _count(one["entries"]), _text(one["last"], _HEX))


def _log_end(said: Any) -> LogEnd:
    one = _only(said, {"origin", "size", "root"})
    return LogEnd(_text(one["origin"]), _count(one["size"]), _text(one["root"], _HEX))


def _exhibit(said: Any) -> ExhibitLine:
    texts = {"exhibit", "kind", "declared", "sniffed", "size"}
    one = _only(said, texts | {"entry", "lies"}, frozenset({"sha256", "withheld"}))
    if ("sha256" in one) == ("withheld" in one) or type(one["lies"]) is not bool:
        raise ValueError("an exhibit is there, or it is said why not")
    return ExhibitLine(
        **{name: _text(one[name]) for name in texts},
        entry=_text(one["entry"], _ENTRY),
        lies=one["lies"],
        sha256=_text(one["sha256"], _HEX) if "sha256" in one else None,
        withheld=_text(one["withheld"]) if "withheld" in one else None,
    )


def _document(said: Any) -> DocumentLine:
    one = _only(said, {"path", "media", "shown"})
    return DocumentLine(_text(one["path"]), _text(one["media"]), _text(one["shown"]))
