"""Goal: the terminal speaks its reader's language and JSON, with one message and an exit code per error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest
from click.testing import CliRunner

from countermand.surfaces.cli.main import COMMANDS, main
from countermand.surfaces.cli.reference import reference
from countermand.surfaces.cli.speech import Speech

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference"


def run(*arguments: str, stdin: str | None = None, **environment: str):
    """A run of the command line in this process, in an English locale unless told otherwise."""
    return CliRunner(env={"LC_ALL": "C", **environment}).invoke(main, list(arguments), input=stdin)


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["--help"], {}, "Make, revoke and list API keys"),
        (["--help"], {"LC_ALL": "zh_CN.UTF-8"}, "创建、吊销和查看 API 密钥"),
        (["--lang", "zh", "key", "create", "--help"], {}, "密钥的权限范围"),
        (["--lang", "en", "key", "--help"], {"LC_ALL": "zh_CN.UTF-8"}, "Refuse a key from now on"),
        (["policy", "--help"], {"LC_ALL": "", "LANG": "zh_HK.UTF-8"}, "用法："),
    ],
)
def test_help_speaks_the_readers_language(arguments, environment, words):
    """The locale decides, and `--lang` over it."""
    result = run(*arguments, **environment)
    assert (result.exit_code, words in result.stdout) == (0, True)


def test_every_listed_command_says_the_same_in_its_own_help():
    """The table that lists commands without loading them has both languages for each."""
    for name, command in main.commands.items():
        assert command.name == name
        assert COMMANDS[name][1].en != COMMANDS[name][1].zh


@pytest.mark.parametrize(
    ("arguments", "en", "zh"),
    [
        (["nonsense"], "No such command", "没有命令"),
        (["key", "create", "x"], "Missing option", "缺少参数"),
        (["key", "create", "x", "--scope", "all"], "Invalid value", "的值无效"),
        (["key", "list", "--colour"], "No such option", "没有选项"),
        (["decide"], "Missing argument", "缺少参数"),
    ],
)
def test_a_wrong_command_line_exits_2_with_one_line(arguments, en, zh):
    """Misuse is one line on standard error in either language, and the same as JSON."""
    english, chinese = run(*arguments), run("--lang", "zh", *arguments)

    assert english.exit_code == chinese.exit_code == 2
    assert en in english.stderr
    assert zh in chinese.stderr
    assert english.stderr.count("\n") == 1
    assert english.stdout == chinese.stdout == ""


REFUSALS = [
    (["decide", "-"], "{", "malformed_json"),
    (["decide", "-"], '{"id": "op-1"}', "invalid_operation"),
    (["decide", "/nowhere/op.json"], None, "unreadable_file"),
    (["account", "put", "a-1", "-"], '{"timezone": 7}', "invalid_profile"),
    (["account", "put", "a-1", "-"], " " * (1024 * 1024 + 1), "file_too_large"),
    (["policy", "check", "no-such-pack"], None, "unknown_policy"),
    (["policy", "explain", "no-such-pack"], None, "unknown_policy"),
]


@pytest.mark.parametrize(("arguments", "stdin", "code"), REFUSALS)
def test_a_refusal_exits_1_with_its_code(arguments, stdin, code):
    """A caused error is one message with its stable code, never a traceback; as JSON it has both texts."""
    plain, chinese = run(*arguments, stdin=stdin), run("--lang", "zh", *arguments, stdin=stdin)
    as_json = run(*arguments, "--json", stdin=stdin)

    assert plain.exit_code == chinese.exit_code == as_json.exit_code == 1
    assert f"[{code}]" in plain.stderr
    assert chinese.stderr.startswith(("已拒绝：", "错误："))
    problem = json.loads(as_json.stderr)["error"]
    assert problem["code"] == code
    assert problem["text"]["en"] != problem["text"]["zh"]
    assert "Traceback" not in plain.stderr + as_json.stderr


def test_a_database_that_is_not_there_is_a_refusal():
    """The message says what to correct, and holds no password."""
    result = run("key", "list", COUNTERMAND_DATABASE_URL="postgresql://u:geheim@127.0.0.1:1/x")

    assert result.exit_code == 1
    assert "[database_unreachable]" in result.stderr
    assert "geheim" not in result.stderr


def test_policy_check_points_at_the_place(tmp_path):
    """Each finding is a line `file:line:column: text [code]`, and the exit code says there are some."""
    (tmp_path / "policy.yaml").write_text(
        'policy: p\nversion: "1"\ntitle: {en: "P", zh: "策"}\nrules:\n'
        '  - {id: r, when: "amount > 5", then: hold, reason: {en: "a", zh: "甲"}}\n',
        "utf-8",
    )
    result = run("policy", "check", str(tmp_path))
    as_json = run("policy", "check", str(tmp_path), "--json")

    assert result.exit_code == as_json.exit_code == 1
    assert "policy.yaml:5:" in result.stdout
    findings = json.loads(as_json.stdout)["findings"]
    assert findings[0]["line"] == 5
    assert set(findings[0]["text"]) == {"en", "zh"}


@pytest.mark.parametrize("pack", ["cn-consumer-finance", "handbook-demo", "handbook-published"])
def test_the_packs_are_sound_and_can_be_told(pack):
    """All packs pass their check, and every rule, feature and band has a sentence in both languages."""
    checked = json.loads(run("policy", "check", pack, "--json").stdout)
    explained = json.loads(run("policy", "explain", pack, "--json").stdout)["explained"]
    told = run("--lang", "zh", "policy", "explain", pack).stdout

    assert checked["sound"]
    assert {one["section"] for one in explained} >= {"feature", "rule"}
    for one in explained:
        assert one["text"]["en"].endswith((".", one["text"]["en"][-1]))
        assert "{column}" not in one["text"]["en"] + one["text"]["zh"]
        assert one["text"]["zh"].splitlines()[0] in told


def test_grants_need_no_database():
    """What an administrator runs is printed without connecting anywhere."""
    result = run("db", "grants", "--owner", 'o"x', "--json")
    statements = json.loads(result.stdout)["statements"]

    assert result.exit_code == 0
    assert statements[-1] == 'GRANT countermand_app, countermand_reader TO "o""x";'


@pytest.mark.parametrize(("language", "page"), [("en", "cli.md"), ("zh", "cli.zh-CN.md")])
def test_the_reference_page_is_what_the_program_says(language, page):
    """The pages are generated; `python -m countermand.surfaces.cli.reference` makes them anew."""
    assert (DOCS / page).read_text(encoding="utf-8") == reference(Speech(language))


def test_help_starts_at_once():
    """The list of commands loads neither the database driver nor the policy compiler, and is fast."""
    code = (
        "import sys; from countermand.surfaces.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit:\n"
        "    print([m for m in ('asyncpg', 'sqlglot', 'litestar', 'rich', 'numpy') if m in sys.modules])"
    )
    seconds = []
    for _ in range(5):
        began = monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
        )
        seconds.append(monotonic() - began)
        assert done.stdout.splitlines()[-1] == "[]"
    assert min(seconds) < 1.0, seconds
