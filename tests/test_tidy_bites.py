"""Goal: a tidiness rule that cannot fail is no rule.

Method: one offence a row, and beside it what is close but innocent.
"""

import pytest

import test_tidy as tidy

# Put together here, so that no search for such paths stops at this file.
HOME, ROOT, WORK = "home", "root", "work"
MODULE = '"""A module."""\n'
LONG_FUNCTION = MODULE + "def story():\n" + "    x = 1\n" * 60

OFFENCES = [
    ("files are short", "src/countermand/a.py", "\n" * 401),
    ("functions are short", "src/countermand/a.py", LONG_FUNCTION),
    ("functions are short", "src/countermand/a.py", LONG_FUNCTION.replace("def", "async def")),
    ("modules speak", "src/countermand/a.py", "x = 1\n"),
    ("tests speak", "tests/test_a.py", "def test_a():\n    assert True\n"),
    ("tests speak", "tests/test_a.py", 'def test_a():\n    """no full stop"""\n'),
    ("clock and chance are handed in", "src/countermand/flows/a.py", "datetime.now(UTC)"),
    ("clock and chance are handed in", "src/countermand/flows/a.py", "datetime.datetime.now()"),
    ("clock and chance are handed in", "src/countermand/flows/a.py", "date.today()"),
    ("clock and chance are handed in", "src/countermand/flows/a.py", "x = time.time()"),
    ("clock and chance are handed in", "src/countermand/flows/a.py", "from uuid import uuid4\nuuid4()"),
    ("clock and chance are handed in", "src/countermand/flows/a.py", "uuid.uuid4()"),
    ("clock and chance are handed in", "src/countermand/flows/a.py", "import random"),
    ("clock and chance are handed in", "src/countermand/flows/a.py", "from random import choice"),
    ("no notes to oneself", "docs/a.md", "TODO: write"),
    ("no notes to oneself", "src/countermand/a.py", "# FIXME later"),
    ("no notes to oneself", "src/countermand/a.py", "# XXX"),
    ("modules are nouns", "src/countermand/utils.py", ""),
    ("modules are nouns", "src/countermand/helpers/a.py", ""),
    ("modules are nouns", "tests/date_helpers.py", ""),
    ("no path of one machine", "docs/a.md", f"see /{HOME}/ann/countermand"),
    ("no path of one machine", "docs/a.md", f"cd /{ROOT}/x"),
    ("no path of one machine", "Makefile", f"DATA=/{WORK}/data"),
    ("both languages", "policies/a/rules.yaml", "rules: [{reason: {en: Only English}}]"),
    ("both languages", "policies/a/rules.yaml", "rules: [{reason: {zh: 只有中文}}]"),
    ("both languages", "policies/a/rules.yaml", "reason: {en: Both, zh: ''}"),
]
INNOCENT = [
    ("files are short", "src/countermand/a.py", "\n" * 400),
    ("functions are short", "src/countermand/a.py", MODULE + "def story():\n" + "    x = 1\n" * 59),
    ("tests speak", "tests/test_a.py", 'def test_a():\n    """It holds."""\n'),
    ("clock and chance are handed in", "src/countermand/flows/a.py", "clock.now(); time.monotonic()"),
    ("clock and chance are handed in", "src/countermand/drills/a.py", "import random"),
    ("no notes to oneself", "docs/a.md", "a to-do list, and `TODO` as a placeholder"),
    ("modules are nouns", "src/countermand/vocabulary/commons.py", ""),
    ("no path of one machine", "docs/a.md", "GET /v1/home/items and $HOME/home/x and /usr/bin"),
    ("both languages", "policies/a/rules.yaml", "reason: {en: Both, zh: 都有}"),
]


@pytest.mark.parametrize(("rule", "name", "text"), OFFENCES)
def test_an_offence_is_found(rule, name, text):
    """Each offence is found, and the finding names the file."""
    find, applies = tidy.RULES[rule]
    findings = list(find(name, text))
    assert applies(name)
    assert findings
    assert all(finding.startswith(name) for finding in findings)


@pytest.mark.parametrize(("rule", "name", "text"), INNOCENT)
def test_what_is_innocent_passes(rule, name, text):
    """What only looks like an offence is left in peace."""
    find, _ = tidy.RULES[rule]
    assert list(find(name, text)) == []


def test_every_rule_has_an_offence():
    """No rule stands here unproven."""
    assert {rule for rule, _, _ in OFFENCES} == set(tidy.RULES)


def test_the_kernel_may_read_the_clock():
    """The kernel is where the clock is read, so the rule does not apply to it."""
    _, applies = tidy.RULES["clock and chance are handed in"]
    assert not applies("src/countermand/kernel/clock.py")


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple",
        "a @ https://example.org/a.whl",
        "--find-links x",
        "a @ file:x",
    ],
)
def test_an_address_in_a_lock_file_is_found(line):
    """Any form of address in a lock file is found."""
    assert list(tidy.addresses("requirements.lock", f"a==1\n{line}\n"))


def test_a_module_nobody_imports_is_found():
    """A module is alive when another one imports it, absolutely or relatively, and dead otherwise."""
    sources = {
        "src/countermand/__init__.py": "",
        "src/countermand/surfaces/cli/main.py": "from countermand.flows import used\nfrom .show import table",
        "src/countermand/surfaces/cli/show.py": "import countermand.kernel.money",
        "src/countermand/kernel/money.py": "",
        "src/countermand/flows/used.py": "from ..kernel import clock",
        "src/countermand/kernel/clock.py": "",
        "src/countermand/flows/dead.py": "",
    }
    findings = list(tidy.dead_modules(sources))
    assert [finding.split(":")[0] for finding in findings] == ["src/countermand/flows/dead.py"]


@pytest.mark.parametrize(
    ("english", "chinese", "count"),
    [
        ("# A\n## B\n```\n# c\n```\n", "# 甲\n## 乙\n```\nx\n```\n", 0),
        ("# A\n## B\n", "# 甲\n", 1),
        ("# A\n## B\n", "# 甲\n### 乙\n", 1),
        ("# A\n```\nx\n```\n", "# 甲\n", 1),
    ],
)
def test_twins_of_different_shape_are_found(english, chinese, count):
    """A missing heading, another level or a missing code block shows."""
    assert len(list(tidy.different_shape(english, chinese))) == count
