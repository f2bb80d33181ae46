"""Goal: a witness cosigns what only adds to what it cosigned, and answers everything else as C2SP says.

Method: a table of requests, one line each, with the status of tlog-witness; Hypothesis for the law.
"""

from __future__ import annotations

import struct
from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from countermand.drills.forks.story import ORIGIN, MemoryLog
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import (
    COSIGNED_ED25519,
    COSIGNED_ML_DSA_44,
    Note,
    NoteError,
    Signature,
    VerifierKey,
    parse_note,
)
from countermand.transparency.witness import (
    AddCheckpoint,
    Cosigner,
    Refused,
    cosignatures_in,
    cosigned_note,
    judge,
)

LOG = MemoryLog(b"%d" % number for number in range(40))
OTHER = LOG.fork(10, *(b"other %d" % number for number in range(30)))
STRANGER = MemoryLog((b"0",), seed=b"\1" * 32)
LOGS = {ORIGIN: [LOG.key]}
ED, PQ = Ed25519PrivateKey.from_private_bytes(b"w" * 32), MLDSA44PrivateKey.from_seed_bytes(b"w" * 32)
ED_KEY = VerifierKey("witness.example/w1", COSIGNED_ED25519, ED.public_key().public_bytes_raw())
PQ_KEY = VerifierKey("witness.example/w1", COSIGNED_ML_DSA_44, PQ.public_key().public_bytes_raw())
COSIGNERS = (Cosigner(ED_KEY, ED.sign), Cosigner(PQ_KEY, PQ.sign))
SECONDS = 1_795_000_000


def asked(old: int, proof: list[bytes], note: Note) -> AddCheckpoint:
    """The request, as it looks after its way over the wire."""
    return AddCheckpoint.parse(str(AddCheckpoint(old, tuple(proof), note)).encode())


def wrongly_signed(note: Note) -> Note:
    """The same note with the log's name and key id over a signature of something else."""
    return Note(note.text, (LOG.note(1).signatures[0],))


EMPTY_WRONG = LOG.sign(Checkpoint(ORIGIN, 0, bytes(32)).text)
FOREIGN = MemoryLog((b"0",), origin="other.example/log").note()
# name, last cosigned size (None: never), request, status
TABLE = [
    ("the first", None, asked(0, [], LOG.note(7)), 200),
    ("the first, empty", None, asked(0, [], LOG.note(0)), 200),
    ("one that adds", 7, asked(7, LOG.proof(7, 20), LOG.note(20)), 200),
    ("the same again", 20, asked(20, [], LOG.note(20)), 200),
    ("after the empty one", 0, asked(0, [], LOG.note(5)), 200),
    ("an unknown log", None, asked(0, [], FOREIGN), 404),
    ("an unknown log, old too large", None, asked(9, [], FOREIGN), 404),
    ("an unknown key", None, asked(0, [], Note(LOG.note(1).text, STRANGER.note(1).signatures)), 403),
    ("a known key that did not sign", None, asked(0, [], wrongly_signed(LOG.note(7))), 403),
    ("not signed, old too large", 7, asked(9, [], wrongly_signed(LOG.note(8))), 403),
    ("old beyond new", 7, asked(9, [], LOG.note(8)), 400),
    ("old not the last", 7, asked(5, LOG.proof(5, 20), LOG.note(20)), 409),
    ("old not zero though never seen", None, asked(7, LOG.proof(7, 20), LOG.note(20)), 409),
    ("old zero though seen", 7, asked(0, [], LOG.note(20)), 409),
    ("back to a smaller one", 20, asked(7, [], LOG.note(7)), 409),
    ("a proof from nothing", None, asked(0, LOG.proof(3, 7), LOG.note(7)), 422),
    ("empty with a wrong root", None, asked(0, [], EMPTY_WRONG), 422),
    ("a wrong proof", 7, asked(7, LOG.proof(6, 20), LOG.note(20)), 422),
    ("no proof", 7, asked(7, [], LOG.note(20)), 422),
    ("another story, its proof", 20, asked(20, OTHER.proof(20, 30), OTHER.note(30)), 422),
    ("another story of the same size", 20, asked(20, [], OTHER.note(20)), 422),
    ("the same size with a proof", 20, asked(20, LOG.proof(7, 20), LOG.note(20)), 422),
]


@pytest.mark.parametrize(("last", "request_", "status"), [pytest.param(*row[1:], id=row[0]) for row in TABLE])
def test_each_request_gets_its_status(last, request_, status):
    """Every line of the table, in the order of precedence of the protocol."""
    found = judge(request_, LOGS, None if last is None else LOG.checkpoint(last))
    if status == 200:
        assert found == Checkpoint.of_note(request_.note)
    else:
        assert isinstance(found, Refused)
        assert (found.status, found.size) == (status, (last or 0) if status == 409 else None)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.booleans())
def test_what_is_cosigned_adds_to_what_was_cosigned(last, old, new, forked):
    """Whatever is asked, a 200 means that one tree is the beginning of the other."""
    log = OTHER if forked else LOG
    proof = log.proof(old, new) if 0 < old <= new else []
    found = judge(asked(old, proof, log.note(new)), LOGS, LOG.checkpoint(last) if last else None)
    if isinstance(found, Checkpoint):
        assert old == last <= new
        assert last <= 10 or not forked
    elif old == last <= new:
        assert found.status == 422
        assert forked


@pytest.mark.parametrize(
    "body",
    [b"", b"old 1\n", b"old 01\n\n", b"old -1\n\n", b"new 1\n\n", b"old 1\nx\n\n", b"old 1\nAAAA\n\n",
     b"old 1\r\n\n", "old 0é\n\n".encode(), b"old 0\n\nno note\n"],
)  # fmt: skip
def test_what_is_no_request_is_refused(body):
    """Zeroes before a number, hashes of another length, no empty line, no note."""
    with pytest.raises(NoteError):
        AddCheckpoint.parse(body + (str(LOG.note(1)).encode() if body.endswith(b"\n\n") else b""))


def test_sixty_three_lines_of_proof_are_read_and_not_one_more():
    """The limit of the protocol."""
    assert len(asked(1, [bytes(32)] * 63, LOG.note(1)).proof) == 63
    with pytest.raises(NoteError, match="request"):
        asked(1, [bytes(32)] * 64, LOG.note(1))


def test_cosignatures_are_to_the_byte_what_the_specification_says():
    """The signed messages of both kinds, written here by the specification's own structures."""
    note, own = cosigned_note(LOG.note(7), LOGS[ORIGIN], COSIGNERS, SECONDS)
    assert [(one.name, one.key_id) for one in note.signatures] == [
        (one.name, one.key_id) for one in (*LOG.note(7).signatures, *own)
    ]
    for line, key in zip(own, (ED_KEY, PQ_KEY), strict=True):
        raw = b64decode(line.line.split(" ")[2])
        assert raw[:4] == key.id
        assert struct.unpack(">Q", raw[4:12]) == (SECONDS,)
    header = f"cosignature/v1\ntime {SECONDS}\n".encode()
    ED.public_key().verify(own[0].data[8:], header + LOG.note(7).text.encode())
    name, origin = b"witness.example/w1", ORIGIN.encode()
    message = b"subtree/v1\n\0" + bytes([len(name)]) + name + struct.pack(">Q", SECONDS)
    message += bytes([len(origin)]) + origin + struct.pack(">QQ", 0, 7) + LOG.root(7)
    PQ.public_key().verify(own[1].data[8:], message)
    assert (len(own[0].data), len(own[1].data)) == (8 + 64, 8 + 2420)


def test_of_an_answer_only_what_known_keys_made_is_taken():
    """Strangers' lines are passed over; a known key that did not sign spoils it; so does more than lines."""
    text = LOG.note(7).text
    _, own = cosigned_note(LOG.note(7), LOGS[ORIGIN], COSIGNERS, SECONDS)
    lines = "".join(one.line for one in (*own, STRANGER.note(1).signatures[0]))
    assert cosignatures_in(lines.encode(), text, [ED_KEY, PQ_KEY]) == own
    assert cosignatures_in(lines.encode(), text, [ED_KEY]) == own[:1]
    with pytest.raises(NoteError) as wrong:
        cosignatures_in(lines.encode(), LOG.note(8).text, [ED_KEY])
    assert wrong.value.code == "signature_wrong"
    with pytest.raises(NoteError) as nobody:
        cosignatures_in(STRANGER.note(1).signatures[0].line.encode(), text, [ED_KEY])
    assert nobody.value.code == "nobody_known"
    for answer in (b"", b"\n" + lines.encode(), b"one\n\n" + lines.encode(), lines.encode()[:-1]):
        with pytest.raises(NoteError):
            cosignatures_in(answer, text, [ED_KEY])


def test_what_a_witness_keeps_shows_no_line_of_strangers():
    """Only lines that were verified are repeated under the witness's name."""
    extra = Signature("ad.example", b"1234", b"buy this" * 8)
    note = Note(LOG.note(7).text, (*LOG.note(7).signatures, extra))
    kept, _ = cosigned_note(note, LOGS[ORIGIN], COSIGNERS, SECONDS)
    assert "ad.example" not in str(kept)
    assert parse_note(str(kept).encode()) == kept
