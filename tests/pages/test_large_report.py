"""Goal: the page stays small however large the policy. Method: three years and 260 rules, drawn at random."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from backtests.results import SCHEMA
from countermand.kernel.text import Text
from countermand.policy.package import compile_recorded
from countermand.surfaces.reports import assess, render_html

RULES, ROWS, DAYS = 260, 12_000, 1_200
HEAD = """policy: large
version: "1"
title: {en: "Large", zh: "大"}
currency: CNY
false_positive_budget: 1%
rules:
"""
RULE = """  - id: rule-{n:03d}
    when: amount > cny({n})
    score: 1
    reason: {{en: "{{amount}} is more than the {n} yuan that this rule allows", zh: "{{amount}}超过{n}元"}}
"""


def test_a_large_report_is_a_small_page():
    """Under three megabytes, in weeks instead of days, with the busiest rules."""
    program = compile_recorded({"a.yaml": HEAD + "".join(RULE.format(n=n) for n in range(RULES))})
    chance = np.random.default_rng(4)
    fired = [[f"rule-{n:03d}" for n in chance.integers(0, RULES, 4)] for _ in range(ROWS)]
    day = 86_400 * 10**6
    columns = {
        "seq": np.arange(ROWS),
        "id": [f"an-operation-with-a-long-name-{number}" for number in range(ROWS)],
        "at": np.sort(chance.integers(20_000 * day, (20_000 + DAYS) * day, ROWS)),
        "kind": ["payment"] * ROWS,
        "account": [f"account-{number % 700}" for number in range(ROWS)],
        "amount": chance.integers(1, 10**6, ROWS),
        "label": [bool(one) for one in chance.random(ROWS) < 0.05],
        "outcome": ["deny" if one else "allow" for one in chance.random(ROWS) < 0.2],
        "score": [len(set(one)) for one in fired],
        "fired": [sorted(set(one)) for one in fired],
        "unknown": [[]] * ROWS,
    }
    table = pa.table({field.name: pa.array(columns[field.name], field.type) for field in SCHEMA})
    source = Text(en="Drawn at random", zh="随机生成")
    report = assess(table, program, table, program, source=source, made_at=0, resamples=100)
    page = render_html(report)
    assert len(page.encode()) < 3_000_000
    assert page.count("<code>rule-000</code><small>") <= 3
    assert "busiest rules" in page
    assert "alerts in 7 days" in page
    assert len(report.p.rules) == RULES
