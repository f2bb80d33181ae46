"""The other side of the comparisons: what a team without Countermand would write."""

from benchmarks.peers.plain_sql import PlainSql
from benchmarks.peers.window_sql import WindowSql

FORMS = {"plain": PlainSql, "tuned": WindowSql}
