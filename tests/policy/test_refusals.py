"""Goal: what the language does not know is refused where it stands.

Method: conditions and whole files by the row, with code, line and column.
"""

import pytest

from countermand.policy.package import check_policy
from policy.folders import HEAD, REASON, folder, one_rule, texts

# A condition, the code, and the column inside the condition, counted from 1.
CONDITIONS = [
    ("kind = 'pay'", "unknown_value", 8),
    ("flag AND channel IN ('app', 'webb')", "unknown_value", 29),
    ("'loginn' <> kind", "unknown_value", 1),
    ("flag AND amout > cny(5)", "unknown_name", 10),
    ("outcome = 'deny'", "unknown_name", 1),
    ("amount > 5", "type_mix", 1),
    ("flag AND amount > wait", "type_mix", 10),
    ("cash + 1 > cny(3)", "type_mix", 1),
    ("whole AND flag", "type_mix", 1),
    ("word LIKE word", "type_mix", 11),
    ("whole", "not_a_condition", 1),
    ("amount > usd(5)", "currency_mix", 1),
    ("amount > cny(5.001)", "bad_money", 1),
    ("whole / 0 > 3", "divides_by_zero", 9),
    ("whole = NULL", "compares_with_null", 1),
    ("whole IN (1, NULL)", "in_needs_constants", 14),
    ("listed(ip, 'nobody')", "unknown_list", 8),
    ("soundex(word) = 'x'", "not_allowed", 1),
    ("mystery(word) = 'x'", "unknown_function", 9),
    ("whole IN (SELECT 1)", "not_allowed", 1),
    ("whole BETWEEN SYMMETRIC 3 AND 1", "not_allowed", 1),
    ("word LIKE 'a' ESCAPE 'b'", "not_allowed", 1),
    ("word ILIKE 'a%'", "not_allowed", 1),
    ("whole::text = 'x'", "not_allowed", 1),
    ("a.whole > 3", "not_allowed", 3),
    ("CASE whole WHEN 1 THEN flag END", "not_allowed", 1),
    ("wait > INTERVAL '1 fortnight'", "bad_interval", 8),
    ("flag AND", "not_sql", 1),
    ("flag; DROP TABLE operations", "not_allowed", 1),
]


@pytest.mark.parametrize(("when", "code", "column"), CONDITIONS)
def test_a_condition_outside_the_language_is_refused(when, code, column):
    """One finding with its code; its place is exact wherever the parser knows it."""
    (found,) = check_policy(one_rule(when))
    assert code == found.code
    assert found.en
    assert found.zh
    if code != "not_sql":
        assert (3, 11 + column) == (found.at.line, found.at.column)


def rule(**more):
    """One rule as YAML, with some keys replaced."""
    parts = {"id": "one", "when": "flag", "then": "hold", "reason": REASON.removeprefix("reason: "), **more}
    return "rules:\n  - {" + ", ".join(f"{key}: {value}" for key, value in parts.items() if value) + "}\n"


FOLDERS = {
    "an unknown key": (rule(wen="flag"), ["unknown_key 2:74"]),
    "no effect": (rule(then=None), ["no_effect 2:5"]),
    "a language missing": (rule(reason='{en: "Only"}'), ["missing_key 2:47"]),
    "a placeholder": (rule(reason='{en: "TODO", zh: "是"}'), ["placeholder 2:52"]),
    "a stranger in the reason": (rule(reason='{en: "At {whole}", zh: "是"}'), ["reason_names_stranger 2:47"]),
    "an unknown outcome": (rule(then="refuse"), ["unknown_word 2:33"]),
    "an unknown kind": (rule(on="[pay]"), ["unknown_word 2:79"]),
    "hold_for without a hold": (rule(then="deny", hold_for="2 hours"), ["no_hold 2:84"]),
    "a doubled id": (rule() + rule(when="rooted").removeprefix("rules:\n"), ["doubled_id 3:10"]),
    "a cycle": (
        "derive:\n  one: two > 3\n  two: CASE WHEN one THEN 1 ELSE 2 END\n",
        ["cycle 2:8", "cycle 3:8"],
    ),
    "a feature in a feature": (
        (
            "features:\n  one: {count: operations, by: account, over: 1 day}\n"
            "  two: {count: operations, where: one > 3, by: account, over: 1 day}\n"
        ),
        ["unknown_name 3:35"],
    ),
    "a window beyond the history": (
        "features:\n  one: {count: operations, by: account, over: 31 days}\n",
        ["window_too_long 2:47"],
    ),
    "a sum of what is calculated": (
        "derive:\n  half: amount / 2\nfeatures:\n  one: {sum: half, by: account, over: 1 day}\n",
        ["sum_not_exact 4:3"],
    ),
    "bands that fall": (
        "rules:\n  - {id: one, when: flag, score: 90, " + REASON + "}\nbands:\n"
        f"  - {{at_least: 60, then: hold, {REASON}}}\n  - {{at_least: 80, then: challenge, {REASON}}}\n",
        ["bands_fall 5:5"],
    ),
    "YAML that does not parse": ("rules: [\n", ["not_yaml 2:1"]),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_outside_the_language_is_refused(name):
    """Every oddity is found where it stands."""
    body, expected = FOLDERS[name]
    assert expected == texts(folder(body))


def test_a_head_without_its_name_is_refused():
    """A policy has a name, a version and a title."""
    files = {"policy.yaml": HEAD.replace("policy: sample\n", "").replace('version: "1"\n', "")}
    assert texts(files) == ["missing_key 1:1", "missing_key 1:1"]
