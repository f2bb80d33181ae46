"""Goal: what decides nothing is refused where it stands, and nothing else is.

Method: conditions and folders by the row, with the code, line and column of what is found.
"""

import pytest

from countermand.policy.package import check_policy, remarks_on_policy
from policy.folders import REASON, folder, one_rule, texts

# A condition, the code, and the column inside the condition, counted from 1.
DECIDES_NOTHING = [
    ("whole > 5 AND whole < 3", "never_true", 1),
    ("flag OR (whole > 5 AND whole < 3)", "never_true", 10),
    ("whole > 5 AND whole < 6", "never_true", 1),
    ("whole >= 5 AND whole <= 5 AND whole <> 5", "never_true", 1),
    ("real > 5 AND real < 5", "never_true", 1),
    ("whole BETWEEN 9 AND 3", "never_true", 1),
    ("whole = 3 AND whole = 4", "never_true", 1),
    ("whole IN (1, 2) AND whole NOT IN (1, 2)", "never_true", 1),
    ("whole IN (1, 2) AND whole > 2", "never_true", 1),
    ("word = 'a' AND word IN ('b', 'c')", "never_true", 1),
    ("word = 'a' AND word IS NULL", "never_true", 1),
    ("flag AND NOT flag", "never_true", 1),
    ("flag AND flag IS NULL", "never_true", 1),
    ("kind = 'login' AND kind = 'payment'", "never_true", 1),
    ("kind = 'login' AND (kind = 'payment' OR flag)", "never_true", 21),
    ("whole > 5 AND (word = 'x' OR whole < 3)", "never_true", 30),
    ("local_hour > 30", "never_true", 1),
    ("local_hour + 1 > 24", "never_true", 1),
    ("30 < local_hour", "never_true", 1),
    ("NOT (flag AND local_hour > 30)", "never_true", 15),
    ("kind IS NOT DISTINCT FROM kind", "always_true", 1),
    ("local_weekday NOT IN (1, 2, 3, 4, 5, 6, 7)", "never_true", 1),
    ("channel LIKE 'x%'", "never_true", 1),
    ("starts_with(kind, 'pays')", "never_true", 13),
    ("latitude > 91", "never_true", 1),
    ("distance_km(latitude, longitude, 0, 0) > 30000", "never_true", 13),
    ("whole < other AND whole > other", "never_true", 1),
    ("whole < other AND other < whole", "never_true", 1),
    ("whole < whole", "never_true", 1),
    ("cash > cny(5) AND cash < cny(5)", "never_true", 1),
    ("wait > INTERVAL '2 hours' AND wait < INTERVAL '60 minutes'", "never_true", 1),
    ("kind IS NULL", "never_true", 1),
    ("whole + other > 3 AND other IS NULL", "never_true", 1),
    ("flag AND CASE WHEN local_hour > 30 THEN flag ELSE FALSE END", "never_true", 20),
    ("coalesce(whole > 5 AND whole < 3, FALSE)", "never_true", 10),
    ("3 > 5", "never_true", 1),
    ("FALSE", "never_true", 1),
    ("flag AND FALSE", "never_true", 10),
    ("2 + 2 = 5", "never_true", 1),
    ("whole = whole", "always_true", 1),
    ("flag OR word = word", "always_true", 9),
    ("local_hour > 3 OR local_hour <= 3", "always_true", 1),
    ("whole > 3 OR whole <= 3", "always_true", 1),
    ("whole <> 3 OR whole <> 4", "always_true", 1),
    ("whole NOT IN (1) OR whole NOT IN (2)", "always_true", 1),
    ("flag OR NOT flag", "always_true", 1),
    ("flag IS NULL OR flag IS NOT NULL", "always_true", 1),
    ("account IS NOT NULL AND flag", "always_true", 1),
    ("amount >= cny(0)", "always_true", 1),
    ("local_hour >= 0 AND flag", "always_true", 1),
    ("local_hour < 24", "always_true", 1),
    ("abs(whole) >= 0", "always_true", 5),
    ("length(word) >= 0", "always_true", 8),
    ("tenure >= INTERVAL '0 days'", "always_true", 1),
    ("kind IS DISTINCT FROM kind", "never_true", 1),
    ("TRUE", "always_true", 1),
    ("flag AND TRUE", "always_true", 10),
    ("NOT (3 > 5)", "never_true", 6),
    ("NULL", "always_unknown", 1),
    ("flag AND NULL", "always_unknown", 10),
]


@pytest.mark.parametrize(("when", "code", "column"), DECIDES_NOTHING)
def test_a_condition_that_decides_nothing_is_refused_where_it_stands(when, code, column):
    """The smallest part that decides nothing is found, once, at its line and column."""
    found = texts(one_rule(when))
    assert [f"{code} 3:{11 + column}"] == found


DECIDES = [
    "whole > 5 AND whole < 7",
    "whole >= 5 AND whole <= 5",
    "real > 5 AND real < 6",
    "cash > cny(0.01) AND cash < cny(0.03)",
    "whole > 5 OR whole < 3",
    "whole > 5 AND whole > 3",
    "whole < other OR whole > other",
    "whole <= other AND whole >= other",
    "word IS NULL OR word = 'a'",
    "word <> 'a' AND word <> 'b'",
    "kind = 'login' OR kind = 'payment'",
    "kind NOT IN ('login', 'payment')",
    "channel LIKE 'w%'",
    "channel > 'b'",
    "local_hour BETWEEN 22 AND 23 OR local_hour < 6",
    "local_hour + 1 > 23",
    "local_hour >= 0 AND local_hour < 6",
    "flag AND local_weekday BETWEEN 1 AND 5",
    "local_weekday NOT IN (1, 2, 3, 4, 5, 6)",
    "flag IS NULL",
    "flag IS TRUE AND NOT known_device",
    "coalesce(flag, FALSE)",
    "coalesce(flag, TRUE) AND NOT coalesce(flag, FALSE)",
    "CASE WHEN flag THEN TRUE ELSE known_device END",
    "flag = known_device",
    "flag IS DISTINCT FROM known_device",
    "flag IS DISTINCT FROM TRUE",
    "whole / 2 > 3 AND whole < 9",
    "whole / other > 3",
    "cash / 3 > cny(1) AND cash < cny(4)",
    "abs(whole) > 3 AND whole < 0",
    "least(whole, 5) > 3",
    "greatest(local_hour, 5) > 22",
    "-local_hour < -22",
    "local_hour * 2 > 45",
    "local_hour - local_weekday < -6",
    "trait('student') AND NOT flag",
    "tenure < INTERVAL '1 day' AND tenure > INTERVAL '1 hour'",
    "distance_km(latitude, longitude, 39.9, 116.4) > 20000",
    "NOT (whole > 5 OR word = 'x')",
    "NOT (whole > 5 AND whole < 9)",
    "(whole = 1 OR whole = 2) AND (word = 'a' OR word = 'b')",
    "(whole = 1 AND word = 'a') OR (whole = 2 AND word = 'b')",
    "whole % 2 = 1 AND whole > 3",
    "lower(word) = 'a' AND word <> 'a'",
    "length(word) = 0",
]


@pytest.mark.parametrize("when", DECIDES)
def test_a_condition_that_can_be_true_and_false_passes(when):
    """There is no false alarm."""
    assert texts(one_rule(when)) == []


ON_KINDS = [
    ("kind = 'payment'", "login", ["never_true 3:12"]),
    ("kind = 'payment' AND flag", "login, register", ["never_true 3:12"]),
    ("flag OR kind = 'payment'", "login", ["never_true 3:20"]),
    ("kind IN ('payment', 'login') AND flag", "login, register", []),
    ("kind = 'login'", "login", []),
    ("kind <> 'payment' OR amount > cny(5)", "payment, transfer", []),
    ("outgoing AND flag", "login", ["never_true 3:12"]),
    ("outgoing AND flag", "payment, deposit", []),
]


@pytest.mark.parametrize(("when", "on", "expected"), ON_KINDS)
def test_a_condition_is_judged_by_the_kinds_its_rule_looks_at(when, on, expected):
    """What can never be true for the rule's kinds is refused, through derived values too."""
    files = one_rule(when, on)
    files["derive.yaml"] = "derive:\n  outgoing: kind IN ('payment', 'transfer')\n"
    assert expected == texts(files)


def test_the_text_of_a_finding_says_what_the_value_can_be():
    """A person sees the part, the verdict and the bounds, in both languages."""
    (found,) = check_policy(one_rule("flag AND local_hour > 30"))
    assert found.en == "local_hour > 30 is never true: local_hour is from 0 to 23."
    assert found.zh == "local_hour > 30 永远不为真：local_hour 在 0 到 23 之间。"


def test_the_bounds_of_a_window_are_said_in_its_own_units():
    """A week's window is said to reach to seven days."""
    (found,) = check_policy(folder(FEATURES % ("seen > INTERVAL '8 days'", REASON)))
    expected = "seen > INTERVAL '8 days' is never true: seen is from INTERVAL '0 days' to INTERVAL '7 days'."
    assert expected == found.en


FEATURES = """features:
  seen: {time_since_last: operations, by: account, over: 7 days}
  paid: {sum: amount, where: "kind = 'payment'", by: account, over: 1 day}
  tries: {count: operations, by: account, over: 1 day}
  usual: {avg: amount, by: account, over: 7 days}
rules:
  - id: first
    when: %s
    then: hold
    %s
"""
ON_FEATURES = [
    ("seen > INTERVAL '8 days'", ["never_true 8:11"]),
    ("seen >= INTERVAL '7 days'", ["never_true 8:11"]),
    ("seen < INTERVAL '7 days'", ["always_true 8:11"]),
    ("seen < INTERVAL '6 days'", []),
    ("paid >= cny(0)", ["always_true 8:11"]),
    ("paid = cny(0)", []),
    ("tries >= 0", ["always_true 8:11"]),
    ("tries < 0", ["never_true 8:11"]),
    ("tries > 0.5 AND tries < 1", ["never_true 8:27"]),  # its own operation is counted
    ("usual > cny(0.5) AND tries < 3", []),
    ("usual > cny(0.01) AND usual < cny(0.02)", []),
    ("seen IS NULL", []),
    ("tries IS NULL", ["never_true 8:11"]),
]


@pytest.mark.parametrize(("when", "expected"), ON_FEATURES)
def test_windows_bound_what_their_values_can_be(when, expected):
    """A count is never negative, and nothing in a week's window is eight days old."""
    assert expected == texts(folder(FEATURES % (when, REASON)))


WHOLE_FOLDERS = {
    "a filter that never holds": (
        "features:\n  odd: {count: operations, where: local_hour > 30, by: account, over: 1 day}\n",
        ["never_true 2:35"],
    ),
    "a derived value that never holds": (
        "derive:\n  late: local_hour > 25\n  later: late AND flag\n",
        ["never_true 2:9"],
    ),
    "a condition over lines": (
        (
            "rules:\n  - id: only\n    then: deny\n    when: >-\n      flag\n"
            f"      AND local_hour > 30\n    {REASON}\n"
        ),
        ["never_true 6:11"],
    ),
    "a plain condition over lines": (
        f"rules:\n  - id: only\n    then: deny\n    when: flag\n      AND local_hour > 30\n    {REASON}\n",
        ["never_true 5:11"],
    ),
    "a condition in single quotes": (
        f"rules:\n  - id: only\n    then: deny\n    when: 'word = ''x'' AND local_hour > 30'\n    {REASON}\n",
        ["never_true 4:29"],
    ),
    "the same rule again": (
        (
            f"rules:\n  - {{id: one, when: flag, then: hold, {REASON}}}\n"
            f"  - {{id: two, when: flag, then: hold, {REASON}}}\n"
        ),
        ["shadowed_rule 3:5"],
    ),
    "the same rule, milder": (
        (
            f"rules:\n  - {{id: one, when: flag, then: challenge, {REASON}}}\n"
            f"  - {{id: two, when: flag, then: hold, {REASON}}}\n"
        ),
        ["shadowed_rule 2:5"],
    ),
    "the same rule in another order": (
        (
            f"rules:\n  - {{id: one, when: flag AND whole > 3, then: hold, {REASON}}}\n"
            f"  - {{id: two, when: whole > 3 AND flag, then: hold, on: [payment], {REASON}}}\n"
        ),
        [],  # it fires on unknown, the first does not
    ),
    "the same rule in another order and as unsure": (
        (
            f"rules:\n  - {{id: one, when: flag AND whole > 3, then: hold, if_unknown: fire, {REASON}}}\n"
            f"  - {{id: two, when: whole > 3 AND flag, then: hold, on: [payment], {REASON}}}\n"
        ),
        ["shadowed_rule 3:5"],
    ),
    "the same condition that scores": (
        (
            f"rules:\n  - {{id: one, when: flag, then: hold, {REASON}}}\n"
            f"  - {{id: two, when: flag, score: 40, {REASON}}}\n"
        ),
        [],
    ),
    "the same condition with another duty": (
        (
            f"rules:\n  - {{id: one, when: flag, then: hold, {REASON}}}\n"
            f"  - {{id: two, when: flag, then: hold, oblige: [phone_check], {REASON}}}\n"
        ),
        ["shadowed_rule 2:5"],
    ),
    "the same condition for other kinds": (
        (
            f"rules:\n  - {{id: one, when: flag, then: hold, on: [login], {REASON}}}\n"
            f"  - {{id: two, when: flag, then: hold, on: [register], {REASON}}}\n"
        ),
        [],
    ),
    "the same feature twice": (
        (
            "features:\n  one: {count: operations, by: account, over: 24 hours}\n"
            "  two: {count: operations, by: account, over: 1 day}\n"
        ),
        ["identical_features 3:3"],
    ),
    "a feature that differs by its own": (
        (
            "features:\n  one: {count: operations, by: account, over: 1 day}\n"
            "  two: {count: operations, by: account, over: 1 day, own: excluded}\n"
        ),
        [],
    ),
    "a band above all scores": (
        (
            f"rules:\n  - {{id: one, when: flag, score: 40, on: [login], {REASON}}}\n"
            f"  - {{id: two, when: rooted, score: 40, on: [payment], {REASON}}}\n"
            f"bands:\n  - {{at_least: 40, then: hold, {REASON}}}\n"
            f"  - {{at_least: 41, then: deny, {REASON}}}\n"
        ),
        ["unreachable_band 6:5"],
    ),
}


@pytest.mark.parametrize("name", WHOLE_FOLDERS)
def test_a_folder_is_checked_as_a_whole(name):
    """Features, derived values, rules and bands are checked against each other."""
    body, expected = WHOLE_FOLDERS[name]
    assert expected == texts(folder(body))


def test_what_is_only_idle_is_remarked_and_not_refused():
    """A feature nobody names and an `if_unknown` that says nothing do no harm."""
    files = folder(
        "features:\n  idle: {count: operations, by: account, over: 1 day}\n"
        f"rules:\n  - {{id: one, when: local_hour > 3, then: hold, if_unknown: fire, {REASON}}}\n"
    )
    assert check_policy(files) == []
    found = [f"{one.code} {one.at.line}:{one.at.column}" for one in remarks_on_policy(files)]
    assert found == ["unused_feature 2:3", "idle_if_unknown 4:5"]


def test_many_alternatives_are_given_up_for_possible():
    """A contradiction behind more ways than the search walks is not found: it errs to the mild side."""
    many = " AND ".join(f"(whole <> {number} OR other <> {number})" for number in range(60))
    assert texts(one_rule(f"{many} AND local_day > 5 AND local_day < 3")) == []
