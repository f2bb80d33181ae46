"""Goal: model files are kept, listed and checked from the terminal; what is no model is refused.

Method: the real commands on a folder, with a model of one constant tree.
"""

import json

import pytest

pytest.importorskip("onnx", reason="NOT CHECKED: the extra `train` is not installed")

from countermand.adapters.models.onnx_writer import Line, onnx_model
from countermand.surfaces.cli.main import main

DUMP = {"tree_info": [{"tree_structure": {"leaf_value": 0.5}}]}


def run(capsys, *arguments):
    """The exit code and standard output of a command, in English."""
    with pytest.raises(SystemExit) as ended:
        main(["--lang", "en", *map(str, arguments)])
    return ended.value.code or 0, capsys.readouterr().out


@pytest.fixture
def model_file(tmp_path):
    """A model file with its card beside it."""
    file = tmp_path / "model.onnx"
    file.write_bytes(onnx_model([DUMP], 2, Line()))
    file.with_suffix(".json").write_text(json.dumps({"inputs": ["amount", "today"], "name": "risk"}))
    return file


def test_a_model_is_added_listed_shown_and_verified(capsys, tmp_path, model_file):
    """Adding prints the line for the policy; the card comes along."""
    here = ("--data-dir", tmp_path / "data")
    code, said = run(capsys, "model", "add", model_file, *here)
    name = said.strip().removeprefix("file: sha256:")
    assert (code, len(name)) == (0, 64)
    code, said = run(capsys, "model", "list", *here, "--json")
    assert [one["name"] for one in json.loads(said)["models"]] == ["risk"]
    code, said = run(capsys, "model", "show", name[:8], *here)
    assert json.loads(said)["inputs"] == ["amount", "today"]
    assert run(capsys, "model", "verify", *here)[0] == 0


def test_a_changed_file_is_told_by_its_exit_code(capsys, tmp_path, model_file):
    """One byte more, and the file is not what its name says."""
    here = ("--data-dir", tmp_path / "data")
    run(capsys, "model", "add", model_file, *here)
    (kept,) = (tmp_path / "data" / "models").glob("*.onnx")
    kept.write_bytes(kept.read_bytes() + b"\0")
    code, said = run(capsys, "model", "verify", *here)
    assert code == 1
    assert "model_changed" in said


def test_what_is_no_model_or_no_card_is_refused(capsys, tmp_path, model_file):
    """Nothing is kept."""
    here = ("--data-dir", tmp_path / "data")
    junk = tmp_path / "junk.onnx"
    junk.write_bytes(b"junk")
    assert run(capsys, "model", "add", junk, *here)[0] == 1
    junk.write_text("{}")
    assert run(capsys, "model", "add", model_file, "--card", junk, *here)[0] == 1
    assert run(capsys, "model", "add", tmp_path / "absent.onnx", *here)[0] == 1
    assert "No model" in run(capsys, "model", "list", *here)[1]
