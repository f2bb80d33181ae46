"""Goal: a deadline can be checked in the terminal. Method: the commands, in this process, no database."""

from __future__ import annotations

import json

import msgspec
import pytest

from countermand.surfaces.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The exit code, the answer, the remarks."""
    with pytest.raises(SystemExit) as ended:
        main(["--lang", "en", "clock", *arguments])
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


def test_a_deadline_is_explained_in_both_languages(capsys):
    """Whatever the reader's language: the paper goes to the customer and to the regulator."""
    code, said, _ = run(capsys, "explain", "cn.complaint.decide", "--start", "2026-09-20T10:00")
    assert code == 0
    assert "期限最后一日2026-10-05（周一）为国庆节" in said
    assert "顺延至2026-10-08（周四） [民法典第203条第1款]" in said
    assert "it moves to 2026-10-08 (Thu) [Civil Code art. 203(1)]" in said
    assert "Due 2026-10-08 24:00" in said
    assert "not legal advice" in said


def test_an_institution_explains_by_its_own_calendar(capsys, tmp_path):
    """The shipped calendar, written to a file, with one more day off."""
    _, shipped, _ = run(capsys, "calendar", "cn", "--json")
    terms = json.loads(shipped)
    terms["closed"]["2026-10-08"] = {"en": "Founding day", "zh": "行庆"}
    ours = tmp_path / "ours.yaml"
    ours.write_bytes(msgspec.yaml.encode(terms))
    asked = ("explain", "cn.complaint.decide", "--start", "2026-09-20T10:00", "--json")
    first, second = (json.loads(run(capsys, *asked, *more)[1]) for more in ((), ("--calendar", str(ours))))
    assert (first["due_local"], second["due_local"]) == ("2026-10-08 24:00", "2026-10-09 24:00")
    assert first["calendar_version"] != second["calendar_version"]


def test_every_clock_is_listed_with_its_source(capsys):
    """What was written down from memory is marked."""
    code, said, _ = run(capsys, "packs")
    assert code == 0
    assert "cn.credit.dispute" in said
    assert "no, from memory" in said
    packs = json.loads(run(capsys, "packs", "--json")[1])["packs"]
    assert {pack["id"] for pack in packs} == {"card-networks", "cn", "eu", "house", "sg", "uk", "us"}


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (("cn.nothing", "--start", "2026-09-20"), "unknown_clock_policy"),
        (("cn.complaint.decide", "--start", "tomorrow"), "bad_time"),
        (("cn.complaint.decide", "--start", "2026-09-20", "--calendar", "mars"), "unknown_calendar"),
        (("cn.complaint.decide", "--start", "2040-12-30"), "calendar_too_short"),
        (("cn.complaint.decide", "--start", "2026-09-20", "--extend", "special"), "extension_refused"),
    ],
)
def test_what_cannot_be_reckoned_is_refused(capsys, asked, refusal):
    """One sentence and a code, no traceback."""
    code, _, said = run(capsys, "explain", *asked)
    assert code == 1
    assert f"[{refusal}]" in said
