"""Goal: every query in the product has a name and says what it does. Method: malformed files are refused."""

from __future__ import annotations

import pytest

from countermand.adapters.postgres.queries import FOLDER, Queries
from countermand.kernel.errors import SetupError

GOOD = """\
-- name: first_one
-- The first.
SELECT 1;

-- name: second_one
-- The second.
SELECT 2
  FROM t;
"""


def test_queries_are_attributes_with_a_description(tmp_path):
    """A query is found by its name, without its comment lines."""
    (tmp_path / "good.sql").write_text(GOOD)
    queries = Queries("good.sql", tmp_path)
    assert queries.first_one == "SELECT 1;"
    assert queries.second_one == "SELECT 2\n  FROM t;"
    assert queries.described() == {"first_one": "The first.", "second_one": "The second."}


def test_an_unknown_query_is_an_attribute_error(tmp_path):
    """A misspelt query name fails where it is asked for, and names the file."""
    (tmp_path / "good.sql").write_text(GOOD)
    with pytest.raises(AttributeError, match=r"good\.sql has no query named 'third_one'"):
        _ = Queries("good.sql", tmp_path).third_one


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-- name: first_one\nSELECT 1;", "has no description"),
        ("-- name: first_one\n\n-- name: second_one\n-- The second.\nSELECT 2;", "has no description"),
        (GOOD + GOOD, "is named twice"),
        ("-- name: first_one\n-- The first.\n", "has no text"),
        ("-- name: first_one\n-- The first.\n-- Only comments.\n", "has no text"),
        ("-- name: FirstOne\n-- The first.\nSELECT 1;", "is not named word_word"),
        ("-- name: one\n-- The first.\nSELECT 1;", "is not named word_word"),
        ("SELECT 0;\n" + GOOD, "has no name"),
    ],
)
def test_malformed_files_are_refused(tmp_path, text, said):
    """A file with a nameless, undescribed, empty or doubled query does not load."""
    (tmp_path / "bad.sql").write_text(text)
    with pytest.raises(SetupError, match=said) as refusal:
        Queries("bad.sql", tmp_path)
    assert refusal.value.code == "database_queries_malformed"
    assert refusal.value.text.zh.startswith("bad.sql：")


def test_every_query_file_of_the_product_loads():
    """All shipped query files are well formed, and there is at least one."""
    files = sorted(FOLDER.glob("*.sql"))
    assert files
    for path in files:
        assert Queries(path.name).described()
