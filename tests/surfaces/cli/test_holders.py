"""Goal: what a holder may change from the app can be done for them from the desk, with the same proofs asked.

Method: the command line in this process, on a database of the test's own.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from countermand.surfaces.cli.main import main


@pytest.fixture
def run(database_dsn: str, tmp_path: Any) -> Any:
    """A run of the command line: exit code, and the JSON it printed or the refusal."""

    def running(*arguments: str, language: str = "en") -> tuple[int, Any]:
        environment = {"COUNTERMAND_DATABASE_URL": database_dsn, "COUNTERMAND_DATA_DIR": str(tmp_path)}
        done = CliRunner(env={"LC_ALL": "C", **environment}).invoke(main, ["--lang", language, *arguments])
        as_json = "--json" in arguments and done.exit_code == 0
        return done.exit_code, json.loads(done.stdout) if as_json else done.output

    return running


def test_a_limit_goes_down_at_once_and_up_only_with_a_proof(run: Any) -> None:
    """Lowered, shown in words, not raised without the holder; a word that is no amount is refused."""
    assert run("limit", "lower", "a-1", "2000")[0] == 0
    assert run("limit", "show", "a-1", "--json")[1]["limit"] == {"minor": 200_000, "currency": "CNY"}
    assert "2,000.00 yuan for each operation" in run("limit", "show", "a-1")[1]
    assert "每笔2,000.00元" in run("limit", "show", "a-1", language="zh")[1]
    assert "confirmation_needed" in run("limit", "raise", "a-1", "5000", "--confirmation", "none")[1]
    assert "confirmation_needed" in run("limit", "lower", "a-1", "5000")[1]
    assert run("limit", "cancel", "a-1", "--json")[1]["raise"] is None
    assert "is no amount" in run("limit", "lower", "a-1", "much")[1]


def test_a_mandate_goes_off_at_once_and_on_only_with_a_proof(run: Any) -> None:
    """Also one that nobody has told of; the list says so in the reader's language."""
    assert "No automatic debit" in run("mandate", "list", "a-1")[1]
    assert run("mandate", "off", "a-1", "gym", "--json")[1]["on"] is False
    assert "已关闭" in run("mandate", "list", "a-1", language="zh")[1]
    code, said = run("mandate", "on", "a-1", "gym")
    assert (code, "confirmation_needed" in said) == (1, True)


def test_an_authenticator_that_is_not_there_cannot_be_removed(run: Any) -> None:
    """The refusal names what is wrong; nothing was removed."""
    code, said = run("authenticator", "remove", "a-1", "aut-1")
    assert (code, "unknown_authenticator" in said) == (1, True)
