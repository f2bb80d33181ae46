"""Goal: notes, checkpoints, proofs and policies are read as their specifications say, and no forged one is.

Method: the examples printed in the C2SP specifications, keys made here, and Hypothesis on damaged bytes.
"""

from __future__ import annotations

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import (
    COSIGNED_ED25519,
    COSIGNED_ML_DSA_44,
    ED25519,
    Note,
    NoteError,
    Signature,
    VerifierKey,
    cosigned,
    parse_note,
    subtree_message,
    timed,
    verify_note,
)
from countermand.transparency.proofs import LogProof
from countermand.transparency.tree import leaf_hash, node_hash
from countermand.transparency.trust import TrustPolicy

EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
ORIGIN = "bank.example/countermand/t1/2026"
LOG = Ed25519PrivateKey.generate()
LOG_KEY = VerifierKey(ORIGIN, ED25519, LOG.public_key().public_bytes_raw())
POST_QUANTUM = MLDSA44PrivateKey.generate()
POST_QUANTUM_KEY = VerifierKey(ORIGIN, COSIGNED_ML_DSA_44, POST_QUANTUM.public_key().public_bytes_raw())
WITNESSES = {f"w{number}": Ed25519PrivateKey.generate() for number in range(3)}
WITNESS_KEYS = {
    name: VerifierKey(f"witness.example/{name}", COSIGNED_ED25519, key.public_key().public_bytes_raw())
    for name, key in WITNESSES.items()
}
LEAF = leaf_hash(b"entry")
POINT = Checkpoint(ORIGIN, 2, node_hash(leaf_hash(b"before"), LEAF))
SECONDS = 1_795_000_000


def signed(text: str, *witnesses: str) -> Note:
    """A note by the log's two keys, and these witnesses."""
    lines = [Signature(ORIGIN, LOG_KEY.id, LOG.sign(text.encode()))]
    message = subtree_message(ORIGIN, text, SECONDS)
    if message is not None:
        made = timed(SECONDS, POST_QUANTUM.sign(message))
        lines.append(Signature(ORIGIN, POST_QUANTUM_KEY.id, made))
    for name in witnesses:
        made = timed(SECONDS, WITNESSES[name].sign(cosigned(text, SECONDS)))
        lines.append(Signature(WITNESS_KEYS[name].name, WITNESS_KEYS[name].id, made))
    return Note(text, tuple(lines))


def policy(quorum: str) -> TrustPolicy:
    """The log with both keys, three witnesses, two of them a group."""
    lines = ["# whom we believe", f"log {LOG_KEY} https://log.example/", f"log {POST_QUANTUM_KEY}"]
    lines += [f"\twitness {name}  {key}" for name, key in WITNESS_KEYS.items()]
    return TrustPolicy.parse("\n".join([*lines, "group two 2 w0 w1", "group all-of all two w2", quorum, ""]))


def test_the_example_of_the_specification_is_read_written_and_verified() -> None:
    """Key and note of C2SP signed-note, byte for byte; one other letter is refused."""
    key, note = VerifierKey.parse(EXAMPLE_KEY), parse_note(EXAMPLE.encode())
    assert (str(key), str(note)) == (EXAMPLE_KEY, EXAMPLE)
    assert verify_note(note, [key]) == [key]
    with pytest.raises(NoteError) as refused:
        verify_note(parse_note(EXAMPLE.replace("message", "massage").encode()), [key])
    assert refused.value.code == "signature_wrong"
    with pytest.raises(NoteError) as refused:
        verify_note(note, [LOG_KEY])
    assert refused.value.code == "nobody_known"


@pytest.mark.parametrize(
    ("quorum", "witnesses", "met"),
    [
        ("quorum none", (), True),
        ("quorum w2", (), False),
        ("quorum w2", ("w2",), True),
        ("quorum two", ("w0", "w2"), False),
        ("quorum two", ("w0", "w1"), True),
        ("quorum all-of", ("w0", "w1"), False),
        ("quorum all-of", ("w0", "w1", "w2"), True),
    ],
)
def test_a_quorum_is_counted_as_the_policy_says(quorum: str, witnesses: tuple[str, ...], met: bool) -> None:
    """Nested groups, and no witness counts who did not sign; the policy survives being written."""
    believed = policy(quorum)
    assert TrustPolicy.parse(str(believed)) == believed
    vouched = believed.judge(parse_note(str(signed(POINT.text, *witnesses)).encode()))
    assert (vouched.quorum_met, vouched.checkpoint, set(vouched.witnesses)) == (met, POINT, set(witnesses))
    assert len(vouched.logs) == 2


def test_a_known_key_that_did_not_sign_spoils_the_note() -> None:
    """Also beside good signatures, and also where only its time was changed; strangers are passed over."""
    note = signed(POINT.text, "w0")
    stranger = Signature("stranger.example", b"abcd", bytes(64))
    assert policy("quorum w0").judge(note._replace(signatures=(stranger, *note.signatures))).quorum_met
    later = note.signatures[-1]
    forged = later._replace(data=timed(SECONDS + 1, later.data[8:]))
    for spoilt in (forged, later._replace(data=later.data[:5])):
        with pytest.raises(NoteError) as refused:
            policy("quorum none").judge(note._replace(signatures=(*note.signatures[:-1], spoilt)))
        assert refused.value.code == "signature_wrong"
    with pytest.raises(NoteError) as refused:
        policy("quorum none").judge(note._replace(signatures=note.signatures[2:]))
    assert refused.value.code == "nobody_known"
    with pytest.raises(NoteError) as refused:
        policy("quorum none").judge(signed(POINT._replace(origin="other.example").text))
    assert refused.value.code == "log_unknown"


def test_a_proof_holds_for_its_entry_and_reads_past_what_nobody_signed() -> None:
    """Written and read again the same; an `extra` line changes nothing."""
    proof = LogProof(1, (leaf_hash(b"before"),), signed(POINT.text, "w0"))
    data = str(proof).encode()
    assert LogProof.parse(data) == proof
    assert LogProof.parse(data.replace(b"\nindex", b"\nextra c3VyZQ==\nindex", 1)) == proof
    assert proof.holds(LEAF)
    assert not proof.holds(leaf_hash(b"another"))
    assert not LogProof(0, proof.path, proof.note).holds(LEAF)


@given(st.data())
def test_damaged_notes_and_proofs_are_refused_or_read_as_what_they_are(data: st.DataObject) -> None:
    """One byte anywhere: no damaged proof is believed, and no other error than ours comes out."""
    whole = bytearray(str(LogProof(1, (leaf_hash(b"before"),), signed(POINT.text, "w0"))).encode())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        proof = LogProof.parse(bytes(whole))
        vouched = policy("quorum w0").judge(proof.note)
    except NoteError:
        return
    # What can still be read has lost a signature that nobody needs, at the most.
    assert vouched.checkpoint == POINT
    assert not (vouched.quorum_met and proof.holds(LEAF)) or len(vouched.logs) < 2


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n02\n{b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n2\n{b64encode(bytes(31)).decode()}\n",
        f"{ORIGIN}\n2\n{b64encode(bytes(32)).decode()}\nextension\n",
        f"{ORIGIN}\n{2**63}\n{b64encode(bytes(32)).decode()}\n",
        f"\n2\n{b64encode(bytes(32)).decode()}\n",
        f"{ORIGIN}\n2\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """Leading zeroes, a short root, extension lines, sizes beyond 63 bits, nobody's, half of one."""
    with pytest.raises(NoteError) as refused:
        Checkpoint.of_text(text)
    assert refused.value.code == "checkpoint_malformed"


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "quorum w9",
        "quorum none\nquorum none",
        "log {log}\nlog {log}\nquorum none",
        "witness none {w0}\nquorum none",
        "witness a {w0}\nwitness a {w1}\nquorum a",
        "witness a {w0}\nwitness b {w0}\nquorum a",
        "witness a {log}\nquorum a",
        "witness a {w0}\ngroup g 2 a\nquorum g",
        "witness a {w0}\ngroup g 0 a\nquorum g",
        "witness a {w0}\ngroup g any a a\nquorum g",
        "group g any h\nquorum g",
        "log {log} a b\nquorum none",
        "nonsense\nquorum none",
        "quorum none\x0b",
    ],
)
def test_a_policy_that_says_nothing_certain_is_refused(lines: str) -> None:
    """Unknown names, names twice, keys of the wrong kind, quorums nobody can reach."""
    keys = {"log": LOG_KEY, **WITNESS_KEYS}
    with pytest.raises(NoteError) as refused:
        TrustPolicy.parse(lines.format(**keys))
    assert refused.value.code == "policy_malformed"
