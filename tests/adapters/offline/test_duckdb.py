"""Goal: what DuckDB says of a policy over a table is what the live program said, row by row, to the last bit.

Method: policies and streams at random (late arrivals, ties, unknowns, huge and negative amounts), decided by
the program over the definition of the windows, and by the generated SQL. COUNTERMAND_CASES sets how many.
"""

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

from countermand.adapters.offline.duckdb import DuckDbEngine
from countermand.kernel.errors import PolicyError
from countermand.vocabulary.facts_table import FactsTable
from policy.at_random import conditions
from policy.offline_worlds import corrections, facts_table, live, world

CASES = int(os.environ.get("COUNTERMAND_CASES", "8000"))
ROWS = 60
worlds = st.builds(
    lambda seed, terms: world(random.Random(seed), terms, ROWS),
    st.integers(0, 2**32),
    st.lists(conditions(3), min_size=6, max_size=6),
)
thorough = settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=max(1, CASES // (ROWS * 4)),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


labelled_worlds = st.builds(
    lambda seed, terms: world(random.Random(seed), terms, ROWS, labels=True),
    st.integers(0, 2**32),
    st.lists(conditions(2), min_size=6, max_size=6),
)


def same(found, expected) -> bool:
    """Equal values; a truth value is no number, and NaN is NaN."""
    if isinstance(found, bool) != isinstance(expected, bool):
        return False
    return found == expected or (found != found and expected != expected)  # noqa: PLR0124


def compare(case, run, told):
    """Every fact of every row, then every verdict."""
    program = case.program
    table = run.facts()
    for number, spec in enumerate(program.specs):
        column = table[spec.name].to_pylist()
        for row, (facts, _) in enumerate(told):
            value = column[row]
            value = int(value) if run.policy.part(spec.name).wide and value is not None else value
            assert same(value, facts[number]), (
                f"{spec.name} of row {row}: {value!r}, live {facts[number]!r}\n{case.files}"
            )
    results = run.results().to_pylist()
    assert len(results) == len(told)
    for found, (_, verdict) in zip(results, told, strict=True):
        rules = program.rules
        assert found["outcome"] == verdict.outcome.word, case.files
        assert found["score"] == verdict.score
        assert found["fired"] == [rules[number].id for number in verdict.evaluation.fired]
        assert found["unknown"] == [rules[number].id for number in verdict.evaluation.unknown]


@contextmanager
def running(swift: bool, package: Any, table: Any, *, settle: bool) -> Iterator[Any]:
    """The engine on a policy; one with numbers that no engine holds exactly is refused, and no case here."""
    with ExitStack() as stack:
        try:
            run = stack.enter_context(DuckDbEngine(swift=swift).run(package, table, settle=settle))
        except PolicyError as error:
            if error.code != "offline_inexact":
                raise
            reject()
        yield run


@pytest.mark.parametrize("swift", [False, True], ids=["sql", "swift"])
@thorough
@given(case=worlds)
def test_recorded_outcomes_give_the_live_answers(case, swift):
    """With the recorded outcomes in its filters, every fact and every verdict is the live one."""
    told = live(case)
    outcomes = [verdict.outcome.word for _, verdict in told]
    with running(swift, case.program.package, facts_table(case, outcomes), settle=False) as run:
        compare(case, run, told)


@pytest.mark.parametrize("swift", [False, True], ids=["sql", "swift"])
@thorough
@given(case=worlds)
def test_outcomes_settle_to_the_live_answers(case, swift):
    """Without any recorded outcome the passes end at the very answers the live program gives."""
    told = live(case)
    with running(swift, case.program.package, facts_table(case), settle=True) as run:
        compare(case, run, told)


@pytest.mark.parametrize("swift", [False, True], ids=["sql", "swift"])
@thorough
@given(case=labelled_worlds)
def test_labels_count_from_their_coming(case, swift):
    """Features that look at labels, late, corrected or missing, are the live ones; so are those that wait."""
    told = live(case)
    with TemporaryDirectory() as folder:
        facts, corrected = Path(folder, "facts.parquet"), Path(folder, "corrections.parquet")
        pq.write_table(facts_table(case), facts)
        again = corrections(case)
        if again is not None:
            pq.write_table(again, corrected)
        table = FactsTable((facts,), ROWS, None if again is None else corrected)
        with running(swift, case.program.package, table, settle=True) as run:
            compare(case, run, told)
