"""Goal: a facts table is whole or absent, belongs to one writer, and makes room for others in time.

Method: folders left behind in every state, and two shelves on one directory.
"""

import os

import pytest

from countermand.adapters.offline import facts_shelf
from countermand.adapters.offline.facts_shelf import FactsShelf
from countermand.kernel.errors import Conflict, SetupError
from countermand.vocabulary.facts_table import FIRST_COLUMNS

NAMES = [one.name for one in FIRST_COLUMNS]


def columns(first, count=3):
    """A few rows; the last columns are unknown."""
    numbers = list(range(first, first + count))
    unknown = [None] * count
    texts = [f"o{number}" for number in numbers]
    values = [numbers, texts, numbers, numbers, texts, texts, unknown, unknown, unknown, unknown]
    return dict(zip(NAMES, values, strict=True))


def test_parts_come_back_with_their_state(tmp_path):
    """What was written is there for the next run, which knows how far it went."""
    with FactsShelf(tmp_path).folder("k", FIRST_COLUMNS) as folder:
        folder.write(columns(0), {"rows": 3})
        folder.write(columns(3), {"rows": 6})
    with FactsShelf(tmp_path).folder("k", FIRST_COLUMNS) as folder:
        assert folder.state == {"rows": 6}
        assert not folder.complete
        assert [list(one) for one in folder.ids()] == [["o0", "o1", "o2"], ["o3", "o4", "o5"]]
        assert folder.known(1, ["o4", "o1"]) == {"o4"}
        folder.finish({"kept": 6})
        assert (folder.complete, folder.table().rows, folder.summary()) == (True, 6, {"kept": 6})


@pytest.mark.parametrize("damage", ["cut", "empty", "other"])
def test_a_part_that_is_not_whole_is_written_again(tmp_path, damage):
    """From the first damaged part on nothing is taken up, and temporary files are removed."""
    with FactsShelf(tmp_path).folder("k", FIRST_COLUMNS) as folder:
        for number in range(3):
            folder.write(columns(3 * number), {"rows": 3 * number + 3})
        second, path = folder.parts[1], folder.path
    data = second.read_bytes()
    second.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "other": b"PAR1 and more"}[damage])
    (path / "part-00004.tmp").write_bytes(b"half")
    with FactsShelf(tmp_path).folder("k", FIRST_COLUMNS) as folder:
        assert folder.state == {"rows": 3}
        assert not (path / "part-00004.tmp").exists()
        folder.write(columns(3), {"rows": 6})
        assert folder.read(1, ["seq"])["seq"].tolist() == [3, 4, 5]


def test_labels_are_replaced_and_corrections_kept(tmp_path):
    """A part gets other labels without changing anything else; corrections stand in a file of their own."""
    with FactsShelf(tmp_path).folder("k", FIRST_COLUMNS) as folder:
        folder.write(columns(0), {"rows": 3})
        folder.relabel(0, [True, None, False], [7, None, 9])
        found = folder.read(0, ["seq", "label", "label_seq"])
        assert found["label"].tolist() == [1, -1, 0]
        assert found["label_seq"].tolist() == [7, -(2**63), 9]
        assert folder.state == {"rows": 3}
        folder.correct([(0, 5, False), (0, 7, None)])
        assert folder.table().corrections is not None
        folder.correct([])
        assert folder.table().corrections is None


def test_one_writes_and_then_all_read(tmp_path):
    """While one process writes, the next is refused; once it only reads, others read beside it."""
    shelf = FactsShelf(tmp_path)
    with shelf.folder("k", FIRST_COLUMNS) as folder:
        with pytest.raises(Conflict, match="facts_in_use"), shelf.folder("k", FIRST_COLUMNS):
            pass
        folder.write(columns(0), {"rows": 3})
        folder.finish({"kept": 3})
        folder.share()
        with shelf.folder("k", FIRST_COLUMNS) as reader:
            assert reader.complete
            with pytest.raises(Conflict, match="facts_in_use"):
                reader.write(columns(3), {"rows": 6})
            assert reader.complete


def test_the_tables_used_longest_ago_make_room(tmp_path, monkeypatch):
    """There are never more than so many; one that is being read stays."""
    monkeypatch.setattr(facts_shelf, "FOLDERS_MAX", 3)
    shelf = FactsShelf(tmp_path)
    for age, key in enumerate(["read", "old", "newer"]):
        with shelf.folder(key, FIRST_COLUMNS):
            os.utime(tmp_path / key, (age, age))
    with shelf.folder("read", FIRST_COLUMNS) as folder:
        folder.share()
        os.utime(tmp_path / "read", (0, 0))
        for key in ("one", "two"):
            with shelf.folder(key, FIRST_COLUMNS):
                pass
        assert {one.name for one in tmp_path.iterdir()} == {"read", "one", "two"}


def test_a_value_that_does_not_fit_is_told_by_name(tmp_path):
    """Beyond 64 bits nothing can be kept exactly."""
    with FactsShelf(tmp_path).folder("k", FIRST_COLUMNS) as folder, pytest.raises(SetupError) as refused:
        folder.write({**columns(0), "at": [2**63, 1, 1]}, {})
    assert (refused.value.code, refused.value.details["fact"]) == ("fact_out_of_range", "at")


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    """A file where the folder should be."""
    (tmp_path / "data").write_text("in the way")
    shelf = FactsShelf(tmp_path / "data")
    with pytest.raises(SetupError, match="facts_not_written"), shelf.folder("k", FIRST_COLUMNS):
        pass
