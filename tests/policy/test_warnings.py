"""Goal: what is probably wrong is warned of where it stands, and may be accepted with a reason.

Method: folders by the row, with the code, line and column of every finding and warning.
"""

import re
from pathlib import Path

import pytest

import countermand.policy
from countermand.policy.package import check_policy, examine_policy
from policy.folders import HEAD, REASON, folder

ON_ACCOUNT = "by: account, over: 1 day"


def told(files):
    """Every finding and warning as `code file:line:column`."""
    found = examine_policy(files)
    return [
        f"{one.code} {one.at.file.removesuffix('.yaml')}:{one.at.line}:{one.at.column}"
        for one in (*found.findings, *found.warnings)
    ]


def rules(*bodies, **more):
    """A folder of rules named one, two, ...; each body stands in braces after its id."""
    names = ("one", "two", "three")
    lines = [f"  - {{id: {name}, {body}, {REASON}}}" for name, body in zip(names, bodies, strict=False)]
    return folder("rules:\n" + "\n".join(lines) + "\n", **more)


FEATURES = f"""features:
  tries_1h: {{count: operations, where: "kind = 'login'", by: account, over: 1 hour}}
  tries_24h: {{count: operations, where: "kind = 'login'", by: account, over: 24 hours}}
  people_on_device_1h: {{distinct: person, by: device, over: 1 hour}}
  paid_1h: {{sum: amount, where: "kind = 'payment' AND amount > cny(5)", by: account, over: 1 hour}}
  paid_24h: {{sum: amount, where: "kind = 'payment'", {ON_ACCOUNT}}}
  payee_age: {{first_seen: operations, by: [account, counterparty], over: all}}
lists:
  bad: {{of: counterparty, colour: black, title: {{en: "Bad", zh: "坏"}}}}
"""

REFUSED_BETWEEN_FACTS = [
    ("tries_1h > tries_24h", "never_true"),
    ("tries_24h < tries_1h", "never_true"),
    ("tries_1h <= tries_24h", "always_true"),
    ("tries_1h > 5 AND tries_24h < 5", "never_true"),
    ("tries_24h < 5 AND tries_1h > 5", "never_true"),
    ("paid_1h > paid_24h", "never_true"),
    ("people_on_device_1h > 3 AND device IS NULL", "never_true"),
    ("device IS NULL AND people_on_device_1h > 3", "never_true"),
    ("people_on_device_1h IS NULL AND device = 'd'", "never_true"),
    ("counterparty IS NULL AND listed(counterparty, 'bad')", "never_true"),
    ("listed(counterparty, 'bad') IS NULL AND counterparty = 'c'", "never_true"),
    ("payee_age > INTERVAL '1 day' AND counterparty IS NULL", "never_true"),
    ("amount > cny(5) AND currency = 'USD'", "never_true"),
    ("known_device AND device IS NULL", "never_true"),
    ("coalesce(flag, FALSE) AND flag IS NULL", "never_true"),
    ("local_weekday IN (0, 6)", "never_true"),
    ("NOT coalesce(whole > 3, FALSE) AND whole > 3", "never_true"),
]


@pytest.mark.parametrize(("when", "code"), REFUSED_BETWEEN_FACTS)
def test_what_holds_between_facts_decides_conditions(when, code):
    """A window within another, a key that is missing, a currency that is not ours."""
    found = check_policy(rules(f'when: "{when}", then: hold', more=FEATURES))
    assert [(code, "rules.yaml", 2)] == [(one.code, one.at.file, one.at.line) for one in found]


@pytest.mark.parametrize(
    "when",
    [
        "tries_1h = tries_24h",
        "tries_24h > tries_1h + 3",
        "tries_24h > 5 AND tries_1h < 5",
        "people_on_device_1h IS NULL AND flag",
        "payee_age IS NULL AND counterparty IS NOT NULL",
        "listed(counterparty, 'bad') AND payee_age IS NULL",
        "currency = 'USD' AND amount IS NULL",
        "known_device IS NULL AND device IS NOT NULL",
        "NOT coalesce(whole > 3, FALSE) AND whole > 2",
        "local_weekday IN (6, 7)",
    ],
)
def test_what_can_be_between_facts_passes(when):
    """There is no false alarm about related facts."""
    assert (
        check_policy(rules(f'when: "{when}", then: hold, on: [login], if_unknown: skip', more=FEATURES)) == []
    )


AMONG_RULES = {
    "a stricter subset": (
        rules(
            "when: whole > 3, then: hold, on: [login]", "when: whole > 5 AND flag, then: hold, on: [login]"
        ),
        ["shadowed_rule rules:3:5"],
    ),
    "a subset that is stricter": (
        rules("when: whole > 3, then: hold, on: [login]", "when: whole > 5, then: deny, on: [login]"),
        [],
    ),
    "a subset with another duty": (
        rules(
            "when: whole > 3, then: hold, on: [login]",
            "when: whole > 5, then: hold, on: [login], oblige: [call]",
        ),
        [],
    ),
    "a subset by a window's relation": (
        rules(
            "when: tries_24h > 5, then: hold, on: [login]",
            "when: tries_1h > 5, then: hold, on: [login]",
            more=FEATURES,
        ),
        ["shadowed_rule rules:3:5"],
    ),
    "a subset that fires on unknown": (
        rules(
            "when: whole > 3, then: hold, on: [login]",
            "when: whole > 5, then: hold, on: [login], if_unknown: fire",
        ),
        [],
    ),
    "an inverted ladder": (
        rules(
            "when: whole > 3, then: deny, on: [login]",
            "when: whole > 5, then: hold, score: 5, on: [login]",
            bands="bands: [{at_least: 5, then: challenge, " + REASON + "}]\n",
        ),
        ["overruled_then rules:3:38"],
    ),
    "points twice": (
        rules(
            "when: whole > 3, score: 5, on: [login]",
            "when: whole > 3, score: 5, on: [login, register]",
            bands="bands: [{at_least: 5, then: challenge, " + REASON + "}]\n",
        ),
        ["doubled_points rules:3:39"],
    ),
    "points without bands": (rules("when: whole > 3, score: 5, on: [login]"), ["idle_points rules:2:39"]),
    "an exception that excuses nothing": (
        rules(
            "when: whole > 3, then: hold, on: [login]", "when: whole > 5 AND flag, then: allow, on: [login]"
        ),
        ["shadowed_rule rules:3:5"],
    ),
    "an allowance": (
        rules("when: flag, then: allow, on: [login]"),
        ["allow_excuses_nothing rules:2:33"],
    ),
    "a weaker bound beside a stronger one": (
        rules("when: whole > 5 AND whole > 3, then: hold, on: [login]"),
        ["idle_part rules:2:35"],
    ),
    "an alternative inside another": (
        rules("when: whole > 3 OR whole > 5, then: hold, on: [login]"),
        ["idle_part rules:2:34"],
    ),
    "the rule's kinds again": (
        rules("when: \"flag AND kind = 'login'\", then: hold, on: [login]"),
        ["idle_part rules:2:31"],
    ),
    "a test that changes unknown to false": (
        rules("when: country IS NOT NULL AND country = 'CN', then: hold, on: [login]"),
        [],
    ),
}


@pytest.mark.parametrize("name", AMONG_RULES)
def test_rules_are_compared_with_each_other(name):
    """What another rule, or another part, has said already."""
    files, expected = AMONG_RULES[name]
    assert expected == told(files)


UNKNOWN = {
    "a refusal of payments that skips": (
        "when: flag, then: deny, on: [payment], if_unknown: skip",
        ["unknown_passes rules:2:66"],
    ),
    "a refusal of logins that skips": ("when: flag, then: deny, on: [login], if_unknown: skip", []),
    "a refusal that fires": ("when: flag, then: deny, on: [payment]", []),
    "a refusal that is never unknown": (
        "when: country IS NOT NULL AND flag IS TRUE, then: deny, on: [payment], if_unknown: skip",
        [],
    ),
    "a hold that asks for the amount only": (
        "when: amount > cny(5), then: hold, on: [payment], if_unknown: skip",
        ["unknown_passes rules:2:77"],
    ),
    "all kinds, and nothing said": ("when: flag, then: hold", ["unknown_unsaid rules:2:5"]),
    "all kinds, and skip said": ("when: flag, then: hold, if_unknown: skip", []),
    "NOT, and skip": (
        "when: whole > 3 AND NOT flag, then: hold, on: [payment], if_unknown: skip",
        ["unknown_skips rules:2:39"],
    ),
    "NOT, guarded": (
        "when: 'whole > 3 AND NOT coalesce(flag, FALSE)', then: hold, on: [payment], if_unknown: skip",
        [],
    ),
    "coalesce in a refusal": (
        "when: 'coalesce(flag, FALSE)', then: deny, on: [payment]",
        ["unknown_hidden rules:2:31"],
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_lets_money_pass_where_something_is_unknown_is_warned_of(name):
    """A refusal that does not know must say why it may stay silent."""
    body, expected = UNKNOWN[name]
    assert expected == told(rules(body))


ALONE = {
    "a filter that leaves out the unknown": (
        "features:\n  a: {count: operations, where: NOT home_ip AND flag, by: account, over: 1 day}\n",
        ["unknown_uncounted more:2:37"],
    ),
    "a key its name does not say": (
        "features:\n  pace_1h: {count: operations, by: ip, over: 1 hour}\n",
        ["entity_unsaid more:2:36"],
    ),
    "a name that says another key": (
        "features:\n  users_on_device_1h: {distinct: account, by: ip, over: 1 hour}\n",
        ["entity_other more:2:47"],
    ),
    "a name that says its column": (
        "features:\n  last_payee: {last: counterparty, by: account, over: 1 day}\n",
        [],
    ),
    "a name that says its filter": (
        "features:\n  a_device: {count: operations, where: kind = 'device_bind', by: account, over: 1 day}\n",
        [],
    ),
    "the key counted by itself": (
        "features:\n  devices_of_device: {distinct: device, by: device, over: 1 day}\n",
        ["aggregates_its_key more:2:45"],
    ),
    "a filter that shuts out its key": (
        (
            "features:\n  a_on_device: {count: operations, where: device IS NULL AND flag, by: device, "
            "over: 1 day}\n"
        ),
        ["never_counted more:2:43"],
    ),
    "payees of logins": (
        (
            "features:\n  logins_of_payee: {count: operations, where: \"kind = 'login'\", by: counterparty, "
            "over: 1 day}\n"
        ),
        ["never_carried more:2:69"],
    ),
    "another window than its name": (
        "features:\n  tries_1h: {count: operations, by: account, over: 1 minute}\n",
        ["window_other more:2:52"],
    ),
    "less than a day by day": (
        "features:\n  today: {count: operations, by: [account, local_day], over: 6 hours}\n",
        ["cut_day more:2:62"],
    ),
    "more than the history": (
        "features:\n  tries:\n    count: operations\n    by: account\n    over: 31 days\n",
        ["window_too_long more:5:11"],
    ),
    "a list of nothing": (
        "lists:\n  a: {of: devcie, colour: black, title: {en: a, zh: 甲}}\n",
        ["unknown_name more:2:11"],
    ),
    "an hour shifted": ("derive:\n  late: flag AND local_hour + 8 < 12\n", ["shifted_hour more:2:18"]),
    "a limit on one operation above the day's": (
        (
            "limits:\n  - {id: a, kinds: [payment], per_operation: cny(9), per_day: cny(5), then: deny, "
            f"{REASON}}}\n"
        ),
        ["idle_limit more:2:46"],
    ),
    "a limit on what has no amount": (
        f"limits:\n  - {{id: a, kinds: [payment, login], per_day: cny(5), then: deny, {REASON}}}\n",
        ["never_carried more:2:20"],
    ),
    "a higher limit of the same": (
        (
            f"limits:\n  - {{id: a, kinds: [payment], per_day: cny(5), then: deny, {REASON}}}\n"
            f"  - {{id: b, kinds: [payment], per_day: cny(9), then: deny, {REASON}}}\n"
        ),
        ["shadowed_rule more:3:5"],
    ),
}


@pytest.mark.parametrize("name", ALONE)
def test_features_lists_and_limits_are_checked_for_what_they_mean(name):
    """Keys, windows, days and amounts that cannot be meant."""
    body, expected = ALONE[name]
    assert expected == told(folder("rules: []\n", more=body))


def test_a_list_asked_about_something_else_is_warned_of():
    """A list of payees says nothing about a person."""
    when = "listed(person, 'bad')"
    files = rules(f'when: "{when}", then: hold, on: [login]', more=FEATURES)
    assert told(files) == ["list_of_other rules:2:29"]


def test_a_time_zone_that_does_not_exist_is_refused():
    """The zone decides what night is."""
    files = {"policy.yaml": HEAD.replace("Asia/Shanghai", "UTC+8")}
    assert told(files) == ["unknown_timezone policy:5:11"]


def test_a_warning_is_accepted_with_a_reason_in_both_languages():
    """An accepted warning is silent; one that accepts nothing, or says no reason, is not."""
    body = "when: flag, then: deny, on: [payment], if_unknown: skip"
    accepted = rules(f'{body}, accept: {{unknown_passes: {{en: "Meant", zh: "有意"}}}}')
    assert told(accepted) == []
    idle = rules(f'{body.replace("skip", "fire")}, accept: {{unknown_passes: {{en: "Meant", zh: "有意"}}}}')
    assert told(idle) == ["idle_accept rules:2:81"]
    unsaid = rules(f'{body}, accept: {{unknown_passes: {{en: "Meant"}}}}')
    assert [found.code for found in check_policy(unsaid)] == ["missing_key"]


@pytest.mark.parametrize(
    "gap", ["TODO", "tbd", "<AMOUNT>", "???", "${LIMIT}", "{{limit}}", "XXX", "FIXME是", "待填写", "…"]
)
def test_a_gap_anywhere_is_refused(gap):
    """A reason with a gap in it would be read by a customer."""
    files = rules("when: flag, then: hold, on: [login]")
    files["rules.yaml"] = files["rules.yaml"].replace("Because", f"Above {gap} yuan")
    assert "placeholder" in {found.code for found in check_policy(files)}


def test_ordinary_comparisons_are_no_gaps():
    """Neither `<>` nor a chain of comparisons looks like a gap."""
    assert (
        told(rules("when: whole <> 3 AND other <5 AND real> 2, then: hold, on: [login], if_unknown: skip"))
        == []
    )


def test_every_warning_is_documented_in_both_languages():
    """The page of the language names each code."""
    chapter = Path(countermand.policy.__file__).parent
    pages = chapter.parents[2] / "docs" / "reference"
    sources = [
        (chapter / f"{name}.py").read_text("utf-8") for name in ("entities", "frames", "overlaps", "unknowns")
    ]
    codes = {code for text in sources for code in re.findall(r'^ +"([a-z]+_[a-z_]+)",$', text, re.MULTILINE)}
    assert {"idle_part", "unknown_hidden", "never_carried", "cut_day"} <= codes
    refused = {
        "aggregates_its_key",
        "never_counted",
        "unknown_name",
        "unknown_timezone",
        "idle_limit",
        "shadowed_rule",
    }
    for page in ("policy-language.md", "policy-language.zh-CN.md"):
        text = (pages / page).read_text("utf-8")
        assert [code for code in sorted(codes - refused) if f"`{code}`" not in text] == []
