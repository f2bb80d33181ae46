"""Goal: two contradicting notes convict a log, by one file and thirty lines of code; nothing else does.

Method: every pair of sizes of small trees, honest and forked; damaged proofs; the script that is handed out.
"""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import given
from hypothesis import strategies as st

from countermand.drills.forks.story import ORIGIN, MemoryLog
from countermand.transparency.forks import FraudProof, beginnings, contradiction
from countermand.transparency.notes import Note, NoteError

SCRIPT = Path(__file__).parents[2] / "docs" / "tools" / "check_fraud_proof.py"
LOG = MemoryLog(b"%d" % number for number in range(48))
FORK = 9
OTHER = LOG.fork(FORK, *(b"other %d" % number for number in range(40)))


def test_the_nodes_tell_how_a_tree_began():
    """For every two sizes: the roots at both, and none where a node is missing."""
    for new in range(2, 48):
        for old in range(1, new):
            nodes = LOG.nodes(old, new)
            assert beginnings(old, new, nodes) == (LOG.root(old), LOG.root(new))
            assert beginnings(old, new, nodes[1:]) is None
    assert beginnings(7, 7, ()) is None


@given(st.integers(1, 48), st.integers(1, 48), st.booleans())
def test_only_a_contradiction_convicts(small, large, swapped):
    """Two stories convict as soon as the smaller tree is past the fork; one story never does."""
    small, large = sorted((small, large))
    for story in (LOG, OTHER):
        nodes = story.nodes(small, large) if small < large else None
        pair = (LOG.note(small), story.note(large))
        found = contradiction(*(pair[::-1] if swapped else pair), nodes)
        assert (found is not None) == (story is OTHER and small > FORK)
        if found is not None:
            assert found.holds([LOG.key])
            assert FraudProof.parse(str(found).encode()) == found


def test_an_honest_log_cannot_be_framed():
    """Notes of strangers, notes altered, nodes of another tree, notes of two logs: nobody is convicted."""
    one, two = LOG.note(20), LOG.note(30)
    forged = OTHER.checkpoint(20).text
    stranger = MemoryLog((), seed=b"\1" * 32)
    framed = [
        FraudProof((), one, Note(forged, one.signatures)),
        FraudProof((), one, stranger.sign(forged)),
        FraudProof(OTHER.nodes(20, 30), one, two),
        FraudProof(LOG.nodes(20, 30), one, two),
        FraudProof((LOG.root(30),), one, two),
        FraudProof((*LOG.nodes(20, 30), bytes(32)), one, two),
        FraudProof((), one, one),
        FraudProof((), two, one),
        FraudProof((), LOG.note(0), LOG.sign(f"{ORIGIN}\n0\n{'A' * 43}=\n")),
        FraudProof((), one, LOG.sign("no checkpoint\n")),
    ]
    assert [proof.holds([LOG.key]) for proof in framed] == [False] * len(framed)
    real = contradiction(one, OTHER.note(30), OTHER.nodes(20, 30))
    assert real is not None
    assert real.holds([LOG.key])
    assert not real.holds([stranger.key])
    assert contradiction(one, OTHER.note(30)) is None


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"countermand/fraud-proof@v1\n=====\nx", b"x\n=====\na\n=====\nb"]
)
def test_what_is_no_fraud_proof_is_refused(data):
    """By its code, never by a crash."""
    with pytest.raises(NoteError):
        FraudProof.parse(data)


def test_the_script_that_is_handed_out_agrees(tmp_path):
    """Proofs of both kinds convict, the others do not, in its own process too; it stays that short."""
    convicts = [
        contradiction(LOG.note(20), OTHER.note(20)),
        contradiction(LOG.note(16), OTHER.note(33), OTHER.nodes(16, 33)),
        contradiction(LOG.note(21), OTHER.note(33), OTHER.nodes(21, 33)),
    ]
    acquits = [
        FraudProof(LOG.nodes(20, 30), LOG.note(20), LOG.note(30)),
        FraudProof((LOG.root(30),), LOG.note(20), LOG.note(30)),
        FraudProof((*LOG.nodes(20, 30), bytes(32)), LOG.note(20), LOG.note(30)),
        FraudProof((), LOG.note(20), LOG.note(20)),
        FraudProof(OTHER.nodes(20, 30), LOG.note(20), LOG.note(30)),
        FraudProof((), LOG.note(20), Note(OTHER.checkpoint(20).text, LOG.note(20).signatures)),
    ]
    check = runpy.run_path(str(SCRIPT))["convicts"]
    *unproven, forged = acquits
    assert [check(str(LOG.key), str(proof)) for proof in (*convicts, *unproven)] == [True] * 3 + [False] * 5
    with pytest.raises(InvalidSignature):
        check(str(LOG.key), str(forged))
    for proof, code in ((convicts[1], 0), (acquits[0], 1)):
        (tmp_path / "fraud-proof.txt").write_text(str(proof), encoding="utf-8")
        command = [sys.executable, str(SCRIPT), str(LOG.key), str(tmp_path / "fraud-proof.txt")]
        assert subprocess.run(command, capture_output=True, check=False).returncode == code
    code = SCRIPT.read_text(encoding="utf-8").splitlines()
    assert len([line for line in code if not line.startswith(("#", '"""', "import ", "from "))]) <= 30
