"""Goal: a court's clerk checks a bundle in one command, with nothing of ours but one file.

Method: the command in this process; the zipapp in a Python that has `cryptography` and nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cryptography
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding

from countermand.drills.forgeries.bundles import DOCUMENT, BundleWorld, bound, members_of
from countermand.surfaces.cli.main import main
from countermand.surfaces.verifier.zipapp import NAME, write_zipapp
from countermand.transparency.bundle_words import BUNDLE_CHECKS, BUNDLE_REASONS, WITHHELD
from countermand.vocabulary.bundle_names import DOCUMENT_MEDIA, SEALED_MANIFEST, SIGNATURE, STAMP

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference"
ASKED = ["--policy", "policy.txt", "--seal-ca", "seal-ca.pem", "--tsa-ca", "tsa-ca.pem"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle, the same with a document changed, the same encrypted; a policy and certificates."""
    folder = tmp_path_factory.mktemp("bundles")
    world = BundleWorld(5)
    files = {
        "case.asice": world.bundles[0],
        "changed.asice": bound({**members_of(world.bundles[0]), DOCUMENT: b"another"}),
        "case.asice.age": b"age-encryption.org/v1\n-> X25519 ...\n",
        "policy.txt": str(world.log.policy).encode(),
        "seal-ca.pem": world.seal.root.public_bytes(Encoding.PEM),
        "tsa-ca.pem": world.authority.root.public_bytes(Encoding.PEM),
        "nothing.pem": b"-----BEGIN NOTHING-----\n",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("bundle", "arguments", "code", "en", "zh"),
    [
        ("case.asice", ASKED, 0, "VALID", "有效"),
        ("changed.asice", ASKED, 1, "FORGED", "不可信"),
        ("case.asice", ASKED[:2], 2, "INCOMPLETE", "尚不完整"),
    ],
)
def test_the_exit_status_is_the_verdict(folder, bundle, arguments, code, en, zh):
    """0 valid, 1 forged, 2 incomplete; the last line says it in the reader's language, JSON in both."""
    named = [str(folder / one) if "." in one else one for one in [bundle, *arguments]]
    for locale, words in (("C", en), ("zh_CN.UTF-8", zh)):
        result = CliRunner(env={"LC_ALL": locale}).invoke(main, ["verify", *named])
        assert (result.exit_code, words in result.stdout.splitlines()[-1]) == (code, True)
    told = json.loads(CliRunner(env={"LC_ALL": "C"}).invoke(main, ["verify", *named, "--json"]).stdout)
    assert told["exit"] == code
    assert all(check["text"].keys() == {"en", "zh"} and check["standard"] for check in told["checks"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["case.asice.age", *ASKED], "age -d"),
        (["case.asice", "--policy", "policy.txt", "--seal-ca", "nothing.pem"], "nothing.pem"),
        (["case.asice", "--policy", "policy.txt", "--tsa-ca", "absent.pem"], "absent.pem"),
    ],
)
def test_what_cannot_be_asked_is_said(folder, arguments, said):
    """An encrypted bundle names the command that opens it; a file without certificates is named."""
    named = [str(folder / one) if "." in one else one for one in arguments]
    result = CliRunner(env={"LC_ALL": "C"}).invoke(main, ["verify", *named])
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_the_verifier_stands_alone(folder, tmp_path):
    """One file and `cryptography` are enough, in either language, in an empty folder."""
    for one in Path(cryptography.__file__).parents[1].iterdir():
        if one.name.startswith(("cryptography", "_cffi_backend", "cffi", "pycparser")):
            (tmp_path / one.name).symlink_to(one)
    write_zipapp(tmp_path / NAME)
    door = f"import runpy, sys; sys.path.append({str(tmp_path)!r}); sys.argv = sys.argv[1:]; "
    door += "runpy.run_path(sys.argv[0], run_name='__main__')"
    bare = [sys.executable, "-I", "-S", "-c", door, str(tmp_path / NAME)]
    for bundle, code, language, words in (
        ("case.asice", 0, "zh", "有效"),
        ("case.asice", 0, "en", "VALID"),
        ("changed.asice", 1, "zh", "不可信"),
    ):
        command = [*bare, bundle, *ASKED, "--lang", language]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert (run.returncode, words in run.stdout) == (code, True), run.stderr


@pytest.mark.parametrize("page", ["bundles.md", "bundles.zh-CN.md"])
def test_every_check_is_documented(page):
    """Whatever the verifier may say of a bundle stands in the reference by its code, and what is in one."""
    text = (DOCS / page).read_text(encoding="utf-8")
    codes = [*BUNDLE_CHECKS, *BUNDLE_REASONS, *WITHHELD]
    assert [code for code in codes if f"`{code}`" not in text] == []
    names = [SEALED_MANIFEST, SIGNATURE, STAMP, "bundle.json", "openings.json", "objects/", "entries/"]
    assert [name for name in [*names, *DOCUMENT_MEDIA] if name not in text] == []
