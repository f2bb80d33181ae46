"""Goal: nothing a person can meet is undocumented, in either language.

Method: ask the code for its commands, settings, errors and kinds; look for each name in `docs/`.
"""

import ast
import dataclasses
import enum
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "countermand"
LANGUAGES = ("en", "zh")


def pages(folder: Path, language: str) -> str:
    """Return every page of a language as one text; decision records are history, no reference."""
    chosen = [
        page
        for page in sorted(folder.rglob("*.md"))
        if page.name.endswith(".zh-CN.md") == (language == "zh") and "decisions" not in page.parts
    ]
    return "\n".join(page.read_text(encoding="utf-8") for page in chosen)


def unnamed(names: list[str], text: str) -> list[str]:
    """Return the names that no page sets in code type, alone or at the head of an example."""
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    return [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", code)]


def module_or_skip(name: str) -> ModuleType:
    """Import a module of the product; while it is not written yet, say so loudly and pass by."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name is None or not (name == missing.name or name.startswith(f"{missing.name}.")):
            raise  # the module is there, and something it needs is not: that is a failure
        pytest.skip(f"NOT CHECKED: {name} does not exist yet")


def commands_of(command: click.Command, path: str) -> Iterator[str]:
    """Walk the tree of commands: `countermand`, `countermand policy`, `countermand policy check`."""
    yield path
    if isinstance(command, click.Group):
        for name, child in sorted(command.commands.items()):
            if not child.hidden:
                yield from commands_of(child, f"{path} {name}")


def error_classes(root: type[Exception]) -> set[str]:
    """Return the names of an error and all its kinds."""
    return {root.__name__}.union(*(error_classes(kind) for kind in root.__subclasses__()))


def error_builders(sources: list[str], classes: set[str]) -> dict[str, int]:
    """Return what builds errors, with the place of its code: the classes, and functions that pass one on."""
    builders = dict.fromkeys(classes, 0)
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.FunctionDef) and node.name != "__init__":
            names = [argument.arg for argument in node.args.args]
            if "code" in names and any(name in classes for name in map(called, ast.walk(node))):
                builders[node.name] = names.index("code")
    return builders


def called(node: ast.AST) -> str:
    """Return the last name of what a node calls, or nothing where it is no call."""
    return getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""


def error_codes(source: str, builders: dict[str, int]) -> Iterator[str]:
    """Yield the stable code of every error that a source file builds."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and called(node) in builders:
            place = builders[called(node)]
            given = [*node.args[place : place + 1], *(k.value for k in node.keywords if k.arg == "code")]
            yield from (c.value for c in given if isinstance(c, ast.Constant) and isinstance(c.value, str))


def settings_names(settings: ModuleType) -> list[str]:
    """Return what an operator may set, as the environment spells it."""
    return [f"COUNTERMAND_{field.name.upper()}" for field in dataclasses.fields(settings.Settings)]


def kinds_of(kind: object) -> list[str]:
    """Return the kinds of operation, whether declared as an enum or as a literal type."""
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return [str(member.value) for member in kind]
    return [str(value) for value in getattr(kind, "__args__", ())]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_is_documented(language):
    """Each command of the terminal stands in the pages, spelled as one types it."""
    main = module_or_skip("countermand.surfaces.cli.main").main
    names = list(commands_of(main, "countermand"))
    assert len(names) > 1
    assert unnamed(names, pages(DOCS, language)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_setting_is_documented(language):
    """Each setting stands in the pages, spelled as the environment has it."""
    names = settings_names(module_or_skip("countermand.settings"))
    assert names
    assert unnamed(names, pages(DOCS, language)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_code_is_documented(language):
    """Each code that a program may branch on stands in the pages."""
    root = module_or_skip("countermand.kernel.errors").CountermandError
    sources = [path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py"))]
    builders = error_builders(sources, error_classes(root))
    codes = sorted({code for source in sources for code in error_codes(source, builders)})
    if not codes:
        pytest.skip("NOT CHECKED: no error is raised yet")
    assert unnamed(codes, pages(DOCS, language)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_operation_is_documented(language):
    """Each kind of operation stands in the pages, spelled as the API takes it."""
    names = kinds_of(module_or_skip("countermand.vocabulary.operations").Kind)
    assert names
    assert unnamed(names, pages(DOCS, language)) == []


def test_every_page_has_its_twin():
    """Each reference page exists in both languages."""
    english = {
        p for p in DOCS.rglob("*.md") if not p.name.endswith(".zh-CN.md") and "decisions" not in p.parts
    }
    missing = [p.name for p in sorted(english) if not p.with_name(f"{p.stem}.zh-CN.md").is_file()]
    assert missing == []


def test_a_missing_name_is_found():
    """A name counts only in code type and as a whole word."""
    text = (
        "Use `countermand serve --port 1`; limit is a word.\n```\nexport COUNTERMAND_PORT=1\n```\n`freezer`"
    )
    names = ["countermand serve", "COUNTERMAND_PORT", "limit", "freeze", "countermand"]
    assert unnamed(names, text) == ["limit", "freeze"]


def test_codes_are_read_from_the_source():
    """The codes are found where errors are built, directly or through a function that passes one on."""
    source = """
def refuse_time(operation, code):
    return BadRequest(code, "en", "zh")

raise refuse_time(operation, "too_old")
raise BadRequest("unknown_kind", "en", "zh")
raise errors.Conflict(code="id_reused")
print("nothing")
"""
    builders = error_builders([source], {"BadRequest", "Conflict"})
    assert builders == {"BadRequest": 0, "Conflict": 0, "refuse_time": 1}
    assert list(error_codes(source, builders)) == ["too_old", "unknown_kind", "id_reused"]


def test_the_command_tree_is_walked_and_hidden_commands_are_not():
    """Groups, their children and no hidden command."""
    root = click.Group("countermand", commands={"serve": click.Command("serve")})
    root.add_command(click.Group("policy", commands={"check": click.Command("check")}))
    root.add_command(click.Command("internal", hidden=True))
    expected = ["countermand", "countermand policy", "countermand policy check", "countermand serve"]
    assert list(commands_of(root, "countermand")) == expected


def test_a_broken_module_is_a_failure_and_an_absent_one_a_skip():
    """The skip speaks, and vanishes by itself when the module arrives."""
    with pytest.raises(pytest.skip.Exception, match=r"NOT CHECKED: countermand\.not_written"):
        module_or_skip("countermand.not_written.yet")
    assert module_or_skip("countermand").__version__
