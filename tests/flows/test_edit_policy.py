"""Goal: what a writer is told of a text is what the check says, and what it changes; two do not collide."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from countermand.flows.edit_policy import (
    CHARACTERS_MAX,
    ROWS_SHOWN_MAX,
    changed_files,
    check_size,
    look_at,
    next_version,
    open_text,
    renumbered,
)
from countermand.flows.house import House
from countermand.flows.publish_policy import checked, draft_policy
from countermand.kernel.errors import BadRequest, Conflict
from countermand.policy.package import check_policy
from flows.test_publish_policy import version

SOUND = version(5)
BROKEN = {"policy.yaml": SOUND["policy.yaml"] + "\nnonsense: 1\n"}


def test_a_look_says_what_the_check_says() -> None:
    """Each finding with its place; nothing may be kept, nothing is compared in words, the text is."""
    look = look_at(BROKEN, SOUND)
    assert [(one.code, one.file, one.line) for one in look.told] == [
        (one.code, one.at.file, one.at.line) for one in check_policy(BROKEN)
    ]
    assert look.drafted is None
    assert look.changes is None
    assert [one.file for one in look.files] == ["policy.yaml"]
    assert {one.origin for one in look.words} >= {"field", "feature", "function"}


def test_a_look_says_what_a_sound_text_changes() -> None:
    """Rule by rule in words, line by line as text; what it may be recorded as is what the draft would be."""
    after = {"policy.yaml": SOUND["policy.yaml"].replace("then: hold", "then: deny", 1)}
    assert after != SOUND
    look = look_at(after, SOUND)
    assert look.drafted == checked(after)
    assert look.changes is not None
    assert {one.change for one in look.changes} == {"changed"}
    rows = [row for row in look.files[0].rows if row.kind == "changed"]
    assert [(row.before.strip() != row.after.strip(), row.before_line == row.after_line) for row in rows] == [
        (True, True)
    ]


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ("a\nb\n", "a\nb\n", []),
        ("a\nb\n", "a\nx\n", ["same", "changed"]),
        ("a\n", "a\nb\nc\n", ["same", "added", "added"]),
        ("a\nb\nc\n", "a\n", ["same", "removed", "removed"]),
        ("a\nb\n", "", ["removed", "removed"]),
        ("", "a\n", ["added"]),
    ],
)
def test_lines_stand_beside_each_other(before: str, after: str, kinds: list[str]) -> None:
    """Each line once, on its own side, under its own number."""
    found = changed_files({"one": before}, {"one": after})
    assert [row.kind for file in found for row in file.rows] == kinds


def test_a_long_difference_is_cut_and_says_so() -> None:
    """What is not shown is counted, over all files."""
    long = "\n".join(f"line {number}" for number in range(3 * ROWS_SHOWN_MAX))
    found = changed_files({}, {"a": long, "b": "one\n"})
    assert [(len(one.rows), one.left_out) for one in found] == [(ROWS_SHOWN_MAX, 2 * ROWS_SHOWN_MAX), (0, 1)]


@pytest.mark.parametrize(
    ("files", "fits"),
    [
        ({"a": "x" * 10}, True),
        ({"a": "x" * CHARACTERS_MAX}, False),
        ({str(number): "" for number in range(65)}, False),
    ],
)
def test_too_much_is_refused(files: Mapping[str, str], fits: bool) -> None:
    """Before any computing."""
    if fits:
        check_size(files)
    else:
        with pytest.raises(BadRequest, match="policy_too_large"):
            check_size(files)


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ('version: "3"', 'version: "4"'),
        ("version: 3   # why", 'version: "4"   # why'),
        ("version: '3'", 'version: "4"'),
        ('version: "30"', 'version: "30"'),
        ("  version: 3", "  version: 3"),
    ],
)
def test_a_text_is_numbered_again_where_its_number_stands_plainly(line: str, becomes: str) -> None:
    """Comments stay; other numbers, and a key that is not the head's, stay as they are."""
    assert renumbered({"p": f"a: 1\n{line}\nb: 2\n"}, "3", next_version("3", ())) == {
        "p": f"a: 1\n{becomes}\nb: 2\n"
    }


async def test_of_two_at_once_one_is_told(house: House) -> None:
    """Both opened the same version; one is recorded, the other learns whose is."""
    await draft_policy(house, checked(version(7)), "the first", "ann")
    seen = await newest(house)
    other = {"policy.yaml": version(8)["policy.yaml"].replace("then: hold", "then: deny", 1)}
    for mine, theirs in ((version(8), other), (version(9), version(10))):
        told = await asyncio.gather(
            draft_policy(house, checked(mine), "mine", "ann", seen),
            draft_policy(house, checked(theirs), "theirs", "bob", seen),
            return_exceptions=True,
        )
        refused = [one for one in told if isinstance(one, Conflict)]
        assert [one.code for one in refused] in (["policy_changed"], ["policy_overtaken"])
        assert len([one for one in told if isinstance(one, dict)]) == 1
        seen = await newest(house)


async def newest(house: House) -> int:
    """The number of the newest version, as the editor knows it when it opens."""
    known = await house.publications.publications()
    files, seen = await open_text(house, known[0])
    assert files != await house.policy_shelf.source(known[0].policy_id)
    return seen
