"""A policy while somebody writes it: what the check says, what it changes, and its next version's number."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher
from typing import NamedTuple

from countermand.flows.keep_shadows import never_recorded
from countermand.flows.publish_policy import PublishingHouse
from countermand.kernel.errors import BadRequest, PolicyError
from countermand.kernel.text import Text
from countermand.policy.comparison import Difference, compare
from countermand.policy.findings import Finding
from countermand.policy.known_words import Word, known_words
from countermand.policy.package import compile_recorded, examine_policy
from countermand.policy.program import Program
from countermand.vocabulary.publishing import Drafted, Publication

CHARACTERS_MAX = 512 * 1024
FILES_MAX = 64
CONTEXT_LINES = 2
ROWS_SHOWN_MAX = 400
FINDINGS_SHOWN_MAX = 200
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
VERSION_CHARACTERS_MAX = 40
_NUMBER_LAST = re.compile(r"^(.*?)(\d{1,9})$")


class Told(NamedTuple):
    """One thing the check says: `level` is finding, warning or remark; lines and columns count from 1."""

    level: str
    code: str
    file: str
    line: int
    column: int
    text: Text


class Row(NamedTuple):
    """One line of a text beside another: `kind` is same, added, removed, changed or gap; numbers from 1."""

    kind: str
    before_line: int | None
    before: str
    after_line: int | None
    after: str


class FileChange(NamedTuple):
    """A file that differs, its lines side by side; `left_out` rows are not shown."""

    file: str
    rows: tuple[Row, ...]
    left_out: int


class Look(NamedTuple):
    """All that is said of a policy as it is typed.

    drafted: what may be recorded, None where something forbids it. changes: rule by rule against the other
    one, None where one of them is not understood. unrecorded: facts that the other one does not record.
    """

    drafted: Drafted | None
    told: tuple[Told, ...]
    left_out: int
    changes: tuple[Difference, ...] | None
    files: tuple[FileChange, ...]
    unrecorded: tuple[str, ...]
    words: tuple[Word, ...]

    def count(self, level: str) -> int:
        """How many of a level are shown."""
        return sum(1 for one in self.told if one.level == level)


def look_at(files: Mapping[str, str], other: Mapping[str, str]) -> Look:
    """Check a policy and compare it with another recorded one; what was typed raises nothing.

    It takes up to seconds of computing.
    """
    examined = examine_policy(files)
    program, then = examined.program, _understood(other)
    told = [
        *_told("finding", examined.findings),
        *_told("warning", examined.warnings),
        *_told("remark", examined.remarks),
    ]
    both = program is not None and then is not None
    drafted = None
    if program is not None:
        drafted = Drafted(
            program.name,
            program.version,
            program.digest,
            dict(files),
            len(program.rules),
            len(examined.remarks),
        )
    known = program or then
    return Look(
        drafted,
        tuple(told[:FINDINGS_SHOWN_MAX]),
        max(0, len(told) - FINDINGS_SHOWN_MAX),
        tuple(compare(then, program)) if both and then is not None and program is not None else None,
        tuple(changed_files(other, files)),
        tuple(never_recorded(program, then)) if then is not None and program is not None else (),
        tuple(known_words(None if known is None else known.package)),
    )


def _understood(files: Mapping[str, str]) -> Program | None:
    try:
        return compile_recorded(files)
    except PolicyError:
        return None


def _told(level: str, found: Iterable[Finding]) -> list[Told]:
    return [
        Told(level, one.code, one.at.file, one.at.line, one.at.column, Text(en=one.en, zh=one.zh))
        for one in found
    ]


# -- texts side by side -------------------------------------------------------------------------------


def changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> list[FileChange]:
    """The files that differ, by name, each with its lines beside each other."""
    found: list[FileChange] = []
    room = ROWS_SHOWN_MAX
    for name in sorted(before.keys() | after.keys()):
        then, now = before.get(name, ""), after.get(name, "")
        if then == now:
            continue
        rows = _rows(then.splitlines(), now.splitlines())
        found.append(FileChange(name, tuple(rows[:room]), max(0, len(rows) - room)))
        room = max(0, room - len(rows))
    return found


def _rows(before: list[str], after: list[str]) -> list[Row]:
    rows: list[Row] = []
    for group in SequenceMatcher(None, before, after).get_grouped_opcodes(CONTEXT_LINES):
        if rows:
            rows.append(Row("gap", None, "", None, ""))
        for tag, start, end, begin, stop in group:
            rows += _side_by_side(tag, before, after, (start, end), (begin, stop))
    return rows


def _side_by_side(
    tag: str, before: list[str], after: list[str], left: tuple[int, int], right: tuple[int, int]
) -> list[Row]:
    rows: list[Row] = []
    for step in range(max(left[1] - left[0], right[1] - right[0])):
        old = left[0] + step if left[0] + step < left[1] else None
        new = right[0] + step if right[0] + step < right[1] else None
        kind = (
            "same" if tag == "equal" else "added" if old is None else "removed" if new is None else "changed"
        )
        rows.append(
            Row(
                kind,
                None if old is None else old + 1,
                "" if old is None else before[old],
                None if new is None else new + 1,
                "" if new is None else after[new],
            )
        )
    return rows


# -- names and numbers --------------------------------------------------------------------------------


def check_size(files: Mapping[str, str]) -> None:
    """What is too much to be looked at as it is typed. Raises BadRequest (`policy_too_large`)."""
    size = sum(len(name) + len(text) for name, text in files.items())
    if len(files) <= FILES_MAX and size <= CHARACTERS_MAX:
        return
    raise BadRequest(
        "policy_too_large",
        f"A policy written here has at most {FILES_MAX} files and {CHARACTERS_MAX} characters; this one has "
        f"{len(files)} and {size}. Draft a larger one by the command line.",
        f"在此编写的策略最多 {FILES_MAX} 个文件、{CHARACTERS_MAX} 个字符；当前为 {len(files)} 个、{size} 个。"
        "更大的策略请用命令行起草。",
    )


def next_version(version: str, taken: Collection[str]) -> str:
    """The next number that nobody has taken.

    >>> next_version("2026.11.3", {"2026.11.4"}), next_version("first", ())
    ('2026.11.5', 'first.2')
    """
    found = _NUMBER_LAST.match(version)
    start, number = (found[1], int(found[2])) if found else (version + ".", 1)
    while True:
        number += 1
        if f"{start}{number}" not in taken:
            return f"{start}{number}"


def renumbered(files: Mapping[str, str], version: str, wanted: str) -> dict[str, str]:
    """The files with another version in the head; as they were where the old one does not stand plainly."""
    plain = re.compile(rf"^version:[ \t]*([\"']?){re.escape(version)}\1(?=[ \t]*(?:#.*)?$)", re.MULTILINE)
    return {name: plain.sub(f'version: "{wanted}"', text, count=1) for name, text in files.items()}


def newest_of(known: Collection[Publication], name: str) -> Publication | None:
    """The version of a policy that was recorded last."""
    return max((one for one in known if one.name == name), key=lambda one: one.policy_id, default=None)


async def open_text(house: PublishingHouse, found: Publication) -> tuple[dict[str, str], int]:
    """A recorded policy to be written on under its next free number, and the newest version's number."""
    known = await house.publications.publications()
    files = await house.policy_shelf.source(found.policy_id)
    taken = {one.version for one in known if one.name == found.name}
    newest = newest_of(known, found.name)
    return (
        renumbered(files, found.version, next_version(found.version, taken)),
        found.policy_id if newest is None else newest.policy_id,
    )
