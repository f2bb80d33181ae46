"""Goal: whoever has a receipt checks it in one command, with nothing of ours but one file.

Method: the command in this process; the zipapp in a Python that has `cryptography` and nothing else.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import cryptography
import pytest
from click.testing import CliRunner, Result

from countermand.drills.forgeries.receipts import World
from countermand.surfaces.cli.main import main
from countermand.surfaces.verifier.zipapp import NAME, write_zipapp, zipapp
from countermand.transparency.receipts import README
from countermand.transparency.verify_words import CHECKS, REASONS

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A receipt, a policy, a forged receipt, and the parts of the receipt in files of their own."""
    folder = tmp_path_factory.mktemp("receipts")
    world = World(5)
    receipt = world.receipts[0]
    data = receipt.packed()
    files = {
        "receipt.zip": data,
        "cut.zip": data[:-9],
        "policy.txt": str(world.log.policy).encode(),
        "all.txt": str(world.log.policy).replace("group two 2", "group two all").encode(),
        "entry.json": receipt.items[0].entry,
        "receipt.tlog-proof": str(receipt.items[0].proof).encode(),
        "nothing.txt": b"log nothing\n",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def verify(folder: Path, *arguments: str, locale: str = "C") -> Result:
    """`countermand verify`, with file names of the folder."""
    named = [str(folder / one) if "." in one else one for one in arguments]
    return CliRunner(env={"LC_ALL": locale}).invoke(main, ["verify", *named])


@pytest.mark.parametrize(
    ("receipt", "policy", "code", "en", "zh"),
    [
        ("receipt.zip", "policy.txt", 0, "VALID", "有效"),
        ("cut.zip", "policy.txt", 1, "FORGED", "不可信"),
        ("receipt.zip", "all.txt", 2, "INCOMPLETE", "尚不完整"),
    ],
)
def test_the_exit_status_is_the_verdict(folder, receipt, policy, code, en, zh):
    """0 valid, 1 forged, 2 incomplete; the last line says it in the reader's language, JSON in both."""
    for locale, words in (("C", en), ("zh_CN.UTF-8", zh)):
        result = verify(folder, receipt, "--policy", policy, locale=locale)
        assert (result.exit_code, words in result.stdout.splitlines()[-1]) == (code, True)
    told = json.loads(verify(folder, receipt, "--policy", policy, "--json").stdout)
    assert told["exit"] == code
    assert told["checks"][0]["text"].keys() == {"en", "zh"}


def test_a_lone_proof_needs_its_entry(folder):
    """Without the entry it is a misuse; with it, it is checked."""
    assert verify(folder, "receipt.tlog-proof", "--policy", "policy.txt").exit_code == 2
    result = verify(folder, "receipt.tlog-proof", "--policy", "policy.txt", "--entry", "entry.json")
    assert result.exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["receipt.zip"],
        ["receipt.zip", "--policy", "absent.txt"],
        ["receipt.zip", "--policy", "nothing.txt"],
        ["receipt.zip", "--policy", "receipt.zip"],
    ],
)
def test_no_policy_no_verdict(folder, arguments):
    """Keys come from a policy of one's own: without one, or with none that can be read, nothing is said."""
    result = verify(folder, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A Python without site-packages but for `cryptography`, and the verifier."""
    folder = tmp_path_factory.mktemp("bare")
    for one in Path(cryptography.__file__).parents[1].iterdir():
        if one.name.startswith(("cryptography", "_cffi_backend", "cffi", "pycparser")):
            (folder / one.name).symlink_to(one)
    write_zipapp(folder / NAME)
    door = f"import runpy, sys; sys.path.append({str(folder)!r}); sys.argv = sys.argv[1:]; "
    door += "runpy.run_path(sys.argv[0], run_name='__main__')"
    return [sys.executable, "-I", "-S", "-c", door, str(folder / NAME)]


def test_the_verifier_stands_alone(folder, bare):
    """One file and `cryptography` are enough, in either language, with the same verdicts."""
    for receipt, code, words in (("receipt.zip", 0, "有效"), ("cut.zip", 1, "不可信")):
        asked = [str(folder / receipt), "--policy", str(folder / "policy.txt"), "--lang", "zh"]
        run = subprocess.run([*bare, *asked], capture_output=True, text=True, check=False)
        assert (run.returncode, words in run.stdout) == (code, True), run.stderr
    assert subprocess.run([*bare, "absent.zip"], capture_output=True, check=False).returncode == 2


def test_the_verifier_holds_the_rules_and_nothing_else():
    """Its files are of `transparency/` but for door and names, of the standard library and `cryptography`."""
    with ZipFile(BytesIO(zipapp())) as archive:
        sources = {name: archive.read(name).decode() for name in archive.namelist()}
    doors = {"__main__.py", "countermand/surfaces/verifier/command.py"}
    rules = {name for name in sources if not name.endswith("__init__.py")} - doors
    rules.remove("countermand/vocabulary/bundle_names.py")
    assert {name.rpartition("/")[0] for name in rules} == {"countermand/transparency"}
    for name, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            modules = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            modules += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            for module in modules:
                top = module.split(".")[0]
                assert top in sys.stdlib_module_names | {"cryptography", "countermand"}, (name, module)
                assert top != "socket"
    assert zipapp() == zipapp()


def test_the_command_writes_the_verifier(tmp_path):
    """`--write-zipapp FOLDER` leaves one executable file there."""
    result = CliRunner(env={"LC_ALL": "C"}).invoke(main, ["verify", "--write-zipapp", str(tmp_path)])
    assert result.exit_code == 0
    assert (tmp_path / NAME).read_bytes() == zipapp()
    assert (tmp_path / NAME).stat().st_mode & 0o111


@pytest.mark.parametrize("page", ["receipts.md", "receipts.zh-CN.md"])
def test_every_check_and_reason_is_documented(page):
    """Whatever the verifier may say stands in the reference by its code."""
    text = (DOCS / page).read_text(encoding="utf-8")
    assert [code for code in [*CHECKS, *REASONS] if f"`{code}`" not in text] == []
    assert README in text
