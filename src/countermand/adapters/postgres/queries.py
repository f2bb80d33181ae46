"""Named queries from `.sql` files: a file per chapter, each query with its name and one line about it.

-- name: active_freeze
-- The freeze that binds an account now, if any.
SELECT id, reason, placed_at FROM standing_order WHERE account = $1 AND lifted_at IS NULL;
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from countermand.kernel.errors import SetupError

FOLDER = Path(__file__).parent / "sql"
_NAME_LINE = re.compile(r"^-- name:(.*)$", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
_DESCRIPTION = re.compile(r"-- (?!name:)(\S.*)")


class Query(NamedTuple):
    """One query: what it does, and its text."""

    description: str
    text: str


class Queries:
    """The queries of one file, as attributes: `Queries("accounts.sql").active_freeze` is a str.

    Raises SetupError `database_queries_malformed` on loading a file in which a query has no description, no
    text, a malformed or a duplicate name; AttributeError on asking for a query that is not there.
    """

    def __init__(self, file_name: str, folder: Path = FOLDER) -> None:
        path = folder / file_name
        self._file_name = file_name
        self._queries = parse(path.read_text(encoding="utf-8"), file_name)

    def __getattr__(self, name: str) -> str:
        if name.startswith("_") or name not in self._queries:
            raise AttributeError(f"{self._file_name} has no query named {name!r}")
        return self._queries[name].text

    def described(self) -> dict[str, str]:
        """Name -> description of every query, in the order of the file."""
        return {name: query.description for name, query in self._queries.items()}


def parse(text: str, file_name: str) -> dict[str, Query]:
    r"""The queries of a file's text, by name.

    >>> parse("-- name: answer_all\n-- The answer.\nSELECT 42;", "x.sql")["answer_all"]
    Query(description='The answer.', text='SELECT 42;')
    """
    head, *parts = _NAME_LINE.split(text)
    if any(line.strip() and not line.startswith("--") for line in head.splitlines()):
        raise _malformed(file_name, "the first query", "has no name", "没有名称")
    queries: dict[str, Query] = {}
    for raw_name, body in zip(parts[::2], parts[1::2], strict=True):
        name = raw_name.strip()
        if not _NAME.fullmatch(name):
            raise _malformed(file_name, repr(name), "is not named word_word", "的名称不是 word_word 形式")
        if name in queries:
            raise _malformed(file_name, name, "is named twice", "重名")
        first, _, rest = body.strip().partition("\n")
        description = _DESCRIPTION.fullmatch(first.strip())
        if description is None:
            raise _malformed(file_name, name, "has no description line", "缺少说明行")
        if not any(line.strip() and not line.lstrip().startswith("--") for line in rest.splitlines()):
            raise _malformed(file_name, name, "has no text", "没有查询内容")
        queries[name] = Query(description.group(1), rest.strip())
    return queries


def _malformed(file_name: str, query: str, en: str, zh: str) -> SetupError:
    return SetupError(
        "database_queries_malformed",
        f"{file_name}: query {query} {en}.",
        f"{file_name}：查询 {query} {zh}。",
        file=file_name,
        query=query,
    )
