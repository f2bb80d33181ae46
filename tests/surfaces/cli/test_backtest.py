"""Goal: `countermand backtest` answers like the live path, compares policies, and says what is wrong.

Method: the same small file replayed through the real flow and backtested; the record of that replay too.
"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from countermand.app import open_operation_table
from countermand.settings import Settings
from countermand.surfaces.cli.main import main
from countermand.surfaces.cli.replay import replayed_file
from flows.files_of_payments import MAPPING, csv_file

ROWS = 300
POLICIES = Path(__file__).resolve().parents[3] / "src" / "countermand" / "policies"


def lines():
    """Payments of a few cards, some of them large, late or repeated."""
    from flows.files_of_payments import at

    found = []
    for row in range(ROWS):
        hours = row - (9 if row % 17 == 3 else 0)
        amount = 240 if row % 23 == 0 else 20 + row % 40
        found.append(f"p{row},card-{row % 6},{at(hours)},{amount},shop-{row % 11},{int(row % 23 == 0)}")
    return [*found, found[-3]]


@pytest.fixture
def payments(tmp_path):
    """The file and its mapping."""
    (tmp_path / "m.yaml").write_text(MAPPING)
    return csv_file(tmp_path, lines())


@pytest.fixture
def stricter(tmp_path):
    """The policy of the handbook with one rule more."""
    folder = tmp_path / "stricter"
    folder.mkdir()
    for file in (POLICIES / "handbook-demo").glob("*.yaml"):
        text = file.read_text().replace('version: "2026.11.1"', 'version: "stricter"')
        (folder / file.name).write_text(text)
    (folder / "more.yaml").write_text(
        "rules:\n  - {id: fifty, on: [payment], when: amount > eur(50), then: challenge, "
        'reason: {en: "More than fifty", zh: "超过五十"}}\n'
    )
    return folder


def backtest(tmp_path, *words, code=0):
    """Run the command; its JSON answer, or its JSON refusal."""
    directory = ["--data-dir", str(tmp_path / "data")]
    result = CliRunner().invoke(main, ["backtest", *map(str, words), *directory, "--json"])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout if code == 0 else result.stderr)


def on_file(tmp_path, payments, *words, code=0):
    """Backtest the file by the policy of the handbook."""
    given = [payments, "--mapping", tmp_path / "m.yaml", "--policy", "handbook-demo", *words]
    return backtest(tmp_path, *given, code=code)


async def test_a_backtest_answers_like_a_replay(tmp_path, payments, database_dsn):
    """The same operations, the same outcomes, the late ones included; a repeated id counts once."""
    opened = open_operation_table(payments, tmp_path / "m.yaml", 100)
    settings = Settings(database_url=database_dsn, policy="handbook-demo", group_size_max=1000)
    replayed, label = await replayed_file(settings, opened, None)
    said = on_file(tmp_path, payments)
    assert said["policies"] == [label]
    assert said["outcomes"][0] == {word: count for word, count in replayed_once(replayed).items() if count}
    assert said["source"]["duplicates"] == 1
    assert said["source"]["late"] == 18
    assert said["report"]["data"]["operations"] == said["operations"][0] == ROWS


def replayed_once(replayed):
    """The outcomes of a replay without the repetition, which got its first answer: allow."""
    return {**replayed.outcomes, "allow": replayed.outcomes["allow"] - 1}


def test_two_policies_are_compared_and_the_page_is_written(tmp_path, payments, stricter):
    """What changes between them, as counts and as a page of one file."""
    said = on_file(tmp_path, payments, "--against", stricter, "--html", tmp_path / "report.html")
    assert said["policies"] == ["handbook-demo@2026.11.1", "handbook-demo@stricter"]
    challenged = [counts.get("challenge", 0) for counts in said["outcomes"]]
    assert challenged[1] > challenged[0]
    assert said["changed"] == said["report"]["comparison"]["changed"]["value"] > 0
    assert "<html" in (tmp_path / "report.html").read_text()


def test_a_period_is_part_of_the_whole(tmp_path, payments):
    """Days are those of the policy's zone unless an offset is given; history before them still counts."""
    first = on_file(tmp_path, payments, "--to", "2026-03-06T00:00:00+01:00")
    rest = on_file(tmp_path, payments, "--from", "2026-03-06")
    assert first["operations"][0] + rest["operations"][0] == ROWS
    assert rest["seconds"]["facts"] >= 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--from", "yesterday"], "bad_period"),
        (["--from", "2026-03-05", "--to", "2026-03-05"], "bad_period"),
        (["--from", "2031-01-01"], "period_empty"),
        (["--policy", "no-such-policy"], "unknown_policy"),
        (["--mapping", "no-such-mapping"], "unknown_mapping"),
        (["--html", "/dev/null/report.html"], "report_not_written"),
    ],
)
def test_what_is_wrong_is_said_with_its_code(tmp_path, payments, words, code):
    """In both languages, on standard error."""
    error = on_file(tmp_path, payments, *words, code=1)["error"]
    assert error["code"] == code
    assert error["text"]["en"]
    assert error["text"]["zh"]


def test_a_file_needs_its_mapping_and_the_record_needs_none(tmp_path, payments):
    """What belongs to files is refused for `live`, and the other way round."""
    said = backtest(tmp_path, payments, "--policy", "handbook-demo", code=1)
    assert said["error"]["code"] == "mapping_needed"
    said = backtest(tmp_path, "live", "--policy", "handbook-demo", "--limit", "5", code=1)
    assert said["error"]["code"] == "option_of_files"


async def test_the_record_is_backtested_by_another_policy(
    tmp_path, payments, stricter, database_dsn, monkeypatch
):
    """What was decided here, by the policy that decided it and by a stricter one."""
    import asyncio

    opened = open_operation_table(payments, tmp_path / "m.yaml", 100)
    settings = Settings(database_url=database_dsn, policy="handbook-demo", group_size_max=1000)
    replayed, label = await replayed_file(settings, opened, None)
    monkeypatch.setenv("COUNTERMAND_DATABASE_URL", database_dsn)
    words = ["live", "--policy", label, "--against", stricter]
    said = await asyncio.to_thread(backtest, tmp_path, *words)
    assert said["policies"] == [label, "handbook-demo@stricter"]
    assert said["outcomes"][0] == {word: count for word, count in replayed_once(replayed).items() if count}
    assert said["source"]["decided_by"] == {label: ROWS}
    assert said["changed"] > 0
    unknown = await asyncio.to_thread(backtest, tmp_path, "live", "--policy", "nobody@1", code=1)
    assert unknown["error"]["code"] == "unknown_policy_version"
