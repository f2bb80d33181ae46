"""Lines of the journal for the log's benchmarks: decisions, and changes of cases."""

from __future__ import annotations

FILL = """
INSERT INTO journal (at, kind, subject, body, trace_id)
SELECT now(), 'operation.decided', NULL, json_build_object(
    'operation', 'op-' || n, 'decision', 'dec-' || md5(n::text), 'policy', 7, 'outcome', 'allow',
    'score', n % 100,
    'digest', md5(n::text) || md5((n + 1)::text), 'amount_minor', n * 7, 'rules', json_build_array('a', 'b')
), md5(n::text) FROM generate_series(1, $1::int) AS n
"""
FILL_CASES = """
INSERT INTO journal (at, kind, subject, body)
SELECT now(), 'case.changed', NULL, json_build_object(
    'case', 'case-' || md5((n / 10)::text), 'seq', n % 10, 'kind', 'noted', 'actor', 'machine',
    'digest', md5(n::text)
) FROM generate_series(1, $1::int) AS n
"""
