"""Goal: a file's facts are those the live path would have, whatever the file is and however often killed.

Method: small files with late, repeated, broken and unlabelled rows, read in one go and in pieces.
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.flows import facts_of_file
from countermand.flows.circumstances import EMPTY, Surroundings, nowhere
from countermand.flows.seen_ids import SeenIds
from countermand.kernel.clock import micros_of
from countermand.kernel.errors import BadRequest, SetupError
from countermand.vocabulary.parties import Account
from flows.files_of_payments import HOUR, MAPPING, at, handbook, lines_of, prepare, source_of


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Ten rows are a part, so that small files have several."""
    monkeypatch.setattr(facts_of_file, "PART_ROWS", 10)


def test_given_facts_are_the_program_s_own(tmp_path):
    """Each row holds what Program.given says of its operation, in typed columns."""
    program = handbook()
    source = source_of(tmp_path, lines_of(35))
    rows, _ = prepare(tmp_path, source, program)
    surroundings = Surroundings(program, nowhere, EMPTY, EMPTY)
    operations = [one for batch in source.table.batches() for one in batch.operations]
    assert len(rows) == len(operations) == 35
    names = [spec.name for spec in program.specs[: program.given_count]]
    for row, operation in zip(rows, operations, strict=True):
        instant = micros_of(operation.occurred_at)
        facts = program.given(surroundings.of(operation, Account(id=operation.account), instant))
        assert [row[f"given.{name}"] for name in names] == facts
        assert (row["id"], row["at"], row["kind"]) == (operation.id, instant, "payment")
    assert [row["seq"] for row in rows] == sorted({row["seq"] for row in rows})
    assert [row["label"] for row in rows] == [number % 7 == 0 for number in range(35)]


def test_late_repeated_and_unreadable_rows_are_counted(tmp_path):
    """The file's order is the order of arrival; the first of an id counts; what live refuses is left out."""
    lines = [
        f"a,c,{at(0)},1,s,0",
        f"b,c,{at(500)},1,s,1",
        f"late,c,{at(400)},1,s,",
        f"a,c,{at(501)},2,s,0",
        f"too-late,c,{at(300)},1,s,0",
        f"too-late,c,{at(499)},1,s,0",
        "no-time,c,yesterday,1,s,0",
        "too,many,columns,here,1,2,3",
        f"future,c,{at(10**6)},1,s,0",
        f"b,c,{at(502)},1,s,0",
    ]
    rows, prepared = prepare(tmp_path, source_of(tmp_path, lines, rows=3))
    assert [row["id"] for row in rows] == ["a", "b", "late", "too-late"]
    assert [row["received_at"] - row["at"] for row in rows] == [0, 0, 100 * HOUR, 2 * HOUR]
    assert [row["label"] for row in rows] == [False, True, None, False]
    counts = prepared.counts
    assert (counts["rows"], counts["kept"], counts["late"], counts["duplicates"]) == (10, 4, 2, 2)
    assert counts["refused"] == {
        "occurred_too_long_ago": 1,
        "row_time_unreadable": 1,
        "row_malformed": 1,
        "occurred_in_the_future": 1,
    }
    assert {one["row"] for one in prepared.refused_rows} == {5, 7, 8, 9}


@pytest.mark.parametrize("killed_after", [1, 15, 27, 60])
def test_a_killed_run_goes_on_where_a_part_ended(tmp_path, killed_after):
    """What a part holds stays; the rest is read again, and the table is the same as without the kill."""
    lines = lines_of(63)
    lines[40] = lines[3]
    lines[50] = "broken,line"
    whole, prepared = prepare(tmp_path, source_of(tmp_path, lines, delay=5 * HOUR), shelf="whole")
    seen = []

    def told(rows):
        seen.append(rows)
        if sum(seen) >= killed_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path, source_of(tmp_path, lines, delay=5 * HOUR), told=told)
    seen.clear()
    again, resumed = prepare(tmp_path, source_of(tmp_path, lines, delay=5 * HOUR), told=seen.append)
    assert again == whole
    assert resumed.counts == prepared.counts
    assert seen[0] >= max(10, killed_after - 10)
    assert sum(seen) == 63


def test_a_second_backtest_reads_nothing_again(tmp_path):
    """The table is there: not one row is read, and the same is said about it."""
    source = source_of(tmp_path, lines_of(25))
    first, prepared = prepare(tmp_path, source)
    read = []
    second, again = prepare(tmp_path, source, told=read.append)
    assert (second, again.counts, read) == (first, prepared.counts, [])


def test_another_limit_is_another_table(tmp_path):
    """The first rows only, and the whole file afterwards."""
    source = source_of(tmp_path, lines_of(25))
    assert len(prepare(tmp_path, source, limit=13)[0]) == 13
    assert len(prepare(tmp_path, source)[0]) == 25


def test_labels_become_known_when_the_clock_of_the_data_passes_their_time(tmp_path):
    """Each label comes before the first operation at or after its time, and after its own operation."""
    delay, chance = 4 * HOUR, random.Random(5)
    hours = [row - chance.choice([0, 0, 0, 2, 6]) for row in range(10, 70)]
    lines = [f"p{row},c,{at(hour)},1,s,{row % 3 % 2}" for row, hour in enumerate(hours)]
    rows, _ = prepare(tmp_path, source_of(tmp_path, lines, delay=delay))
    assert any(row["label_seq"] is None for row in rows)
    for row in rows:
        known_by = [
            other["seq"]
            for other in rows
            if other["seq"] > row["seq"] and other["received_at"] >= row["at"] + delay
        ]
        if not known_by:
            assert row["label_seq"] is None
            continue
        assert known_by[0] - 2 < row["label_seq"] < known_by[0]


def test_labels_without_a_delay_are_for_measuring_only(tmp_path):
    """They are told, but no operation ever saw them."""
    rows, _ = prepare(tmp_path, source_of(tmp_path, lines_of(20)))
    assert {row["label_seq"] for row in rows} == {None}
    assert {row["label"] for row in rows} == {True, False}


def test_a_file_without_labels_says_so(tmp_path):
    """Nothing can be said about what was found or missed."""
    unlabelled = MAPPING.replace("label: {column: fraud, fraud: [1]}\n", "")
    _, prepared = prepare(tmp_path, source_of(tmp_path, lines_of(5), mapping=unlabelled))
    assert "labels_missing" in [one.code for one in prepared.remarks]
    assert "lists_empty" in [one.code for one in prepared.remarks]


def test_a_time_without_a_zone_is_refused_and_an_offset_is_honoured(tmp_path):
    """The mapping names no zone, so a bare time says nothing; with an offset it needs none."""
    bare = [line.replace("+00:00", "") for line in lines_of(3)]
    with pytest.raises(SetupError, match="row_time_without_zone") as refused:
        prepare(tmp_path, source_of(tmp_path, bare))
    assert refused.value.code == "nothing_to_decide"
    assert "row_time_without_zone" in refused.value.text.zh
    shifted = [line.replace("+00:00", "+08:00") for line in lines_of(3)]
    rows, _ = prepare(tmp_path, source_of(tmp_path, shifted), shelf="shifted")
    utc, _ = prepare(tmp_path, source_of(tmp_path, lines_of(3)), shelf="utc")
    assert [row["at"] + 8 * HOUR for row in rows] == [row["at"] for row in utc]


def test_features_over_labels_need_labels_and_their_delay(tmp_path):
    """A policy that looks at `fraud` is refused where the mapping does not say when labels come."""
    from countermand.app import read_policy
    from countermand.policy.package import compile_policy

    files = dict(read_policy("handbook-demo"))
    files["labels.yaml"] = (
        "features:\n  frauds_7d: {count: operations, by: counterparty, over: 7 days, where: fraud}\n"
    )
    with pytest.raises(BadRequest) as refused:
        prepare(tmp_path, source_of(tmp_path, lines_of(3)), compile_policy(files))
    assert refused.value.code == "labels_needed"


def test_features_that_look_back_before_the_file_are_named(tmp_path):
    """The first month of a file cannot fill a window of thirty days, and the reader is told."""
    _, prepared = prepare(tmp_path, source_of(tmp_path, lines_of(5)))
    (remark,) = [one for one in prepared.remarks if one.code == "history_not_kept"]
    assert "payments_30d" in remark.text.en
    assert "2026-03-31" in remark.text.zh


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=8), st.data())
def test_seen_ids_are_exactly_those_that_came_before(batches, data):
    """Whatever is on disk already, and wherever a part ends."""
    parts: list[list[str]] = []
    seen = SeenIds(lambda part, ids: set(ids) & set(parts[part]))
    waiting: list[str] = []
    before: set[str] = set()
    for batch in batches:
        settled = seen.settled(batch)
        for one in batch:
            new = one not in settled and seen.add(one)
            assert new == (one not in before)
            before.add(one)
            if new:
                waiting.append(one)
        if data.draw(st.booleans()):
            parts.append(waiting)
            seen.settle(waiting)
            waiting = []
