"""Goal: a compiled expression means exactly what SQL means, unknown included.

Method: expressions at random, written down, parsed, compiled, and run on random facts beside DuckDB and
PostgreSQL. COUNTERMAND_CASES sets how many pairs of expression and facts are compared.
"""

import asyncio
import math
import os

import asyncpg
import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from countermand.policy.catalogue import FIELDS
from countermand.policy.emit import Emitter, compiled
from countermand.policy.expressions import parse_expression
from countermand.policy.scope import ExpressionError, Scope
from countermand.policy.terms import Symbol
from countermand.policy.wording import written
from policy.at_random import FACT_NAMES, MEASURES, conditions, measures, rows, texts
from policy.sql_of import column_type, constant, sql_of

CASES = int(os.environ.get("COUNTERMAND_CASES", "8000"))
ROWS, EXPRESSIONS = 10, 16
SYMBOLS = {
    name: FIELDS[name].symbol if name in FIELDS else Symbol(name, type_, nullable)
    for name, type_, nullable in FACT_NAMES
}
SCOPE = Scope(SYMBOLS, "CNY", lambda *_: None, lambda *_: None, {})
expressions = st.one_of(
    conditions(4),
    conditions(4),
    conditions(3),
    st.sampled_from(MEASURES).flatmap(lambda t: measures(t, 3)),
    texts(2),
)
batches = st.tuples(
    st.lists(expressions, min_size=EXPRESSIONS, max_size=EXPRESSIONS),
    st.lists(rows(), min_size=ROWS, max_size=ROWS),
)
thorough = settings(
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # a failure names its expression; shrinking takes long
    max_examples=max(1, CASES // (ROWS * EXPRESSIONS)),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


LOOSE = {name for name, type_, nullable in FACT_NAMES if type_ in MEASURES and nullable}


def python_of(term, *, loose):
    """A function of a row that gives (is it true, is it false, the value).

    `loose` has unknown numbers come as NaN, as the rules of a program have them.
    """
    emitter = Emitter(lambda name: f"v_{name}")
    if loose:
        emitter.measured = lambda name: f"n_{name}" if name in LOOSE else None
    boolean = term.type.value == "boolean"
    holds, fails = (emitter.holds(term), emitter.fails(term)) if boolean else ("None", "None")
    loads = ", ".join(f"v_{name}" for name, _, _ in FACT_NAMES)
    numbers = "; ".join(f"n_{name} = nan if v_{name} is None else v_{name}" for name in sorted(LOOSE))
    body = f"    return bool({holds}), bool({fails}), {emitter.optional(term)}\n"
    source = f"def expression(row):\n    ({loads}) = row\n    {numbers}\n{body}"
    return compiled(source, "expression", {**emitter.constants, "nan": math.nan}), source


def query(terms, facts, collation):
    """One statement that evaluates every term for every row."""
    named = ", ".join(f"CAST({name} AS {column_type(type_)}) AS {name}" for name, type_, _ in FACT_NAMES)
    values = ", ".join(
        "(" + ", ".join(constant(v, t) for v, (_, t, _) in zip(row, FACT_NAMES, strict=True)) + f", {number})"
        for number, row in enumerate(facts)
    )
    heads = ", ".join(name for name, _, _ in FACT_NAMES)
    results = ", ".join(f"({sql_of(term, collation)}) AS e{number}" for number, term in enumerate(terms))
    inner = f"SELECT {named}, number FROM (VALUES {values}) AS given({heads}, number)"
    return f"SELECT {results} FROM ({inner}) AS facts ORDER BY number"


def compare(terms, facts, answers, *, loose):
    """Every value equal, and TRUE, FALSE and unknown told apart."""
    for number, term in enumerate(terms):
        text = written(term, "CNY")
        try:
            function, source = python_of(parse_expression(text, SCOPE), loose=loose)
        except (ExpressionError, SyntaxError) as error:
            raise AssertionError(text) from error
        for row, answer in zip(facts, answers, strict=True):
            holds, fails, value = function(row)
            expected = answer[number]
            told = f"{text}\n{dict(zip([n for n, _, _ in FACT_NAMES], row, strict=True))}\n{source}"
            assert (expected is None) == (value is None), f"{told}\n{expected!r} {value!r}"
            assert expected == value, f"{told}\n{expected!r} {value!r}"
            if term.type.value == "boolean":
                assert (expected is True, expected is False) == (holds, fails), told


@pytest.fixture(scope="module")
def duck():
    """An in-memory DuckDB on one thread."""
    with duckdb.connect(config={"threads": 1}) as connection:
        yield connection


@pytest.fixture(scope="module")
def postgres(postgres_server):
    """A function that runs one statement on PostgreSQL."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(postgres_server, statement_cache_size=0))
    yield lambda statement: loop.run_until_complete(connection.fetch(statement))
    loop.run_until_complete(connection.close())
    loop.close()


@thorough
@given(batches)
def test_an_expression_means_what_duckdb_says(duck, batch):
    """True, false, unknown and every value are DuckDB's."""
    terms, facts = batch
    compare(terms, facts, duck.execute(query(terms, facts, "")).fetchall(), loose=False)


@thorough
@given(batches)
def test_an_expression_means_what_postgresql_says(postgres, batch):
    """True, false, unknown and every value are PostgreSQL's."""
    terms, facts = batch
    compare(terms, facts, postgres(query(terms, facts, ' COLLATE "C"')), loose=True)
