"""Goal: the signer's rule lets one history grow and no other; its lines verify under C2SP's rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.log_keys import KINDS, LogKey, note_of
from countermand.transparency.notes import parse_note, verify_note
from countermand.transparency.self_witness import Tree, Verdict, judged
from countermand.transparency.tile_proofs import read_from, tiles_for
from countermand.transparency.tiles import WIDTH, Edge, Tile, tile_at
from countermand.transparency.tree import consistency_spans, leaf_hash

LEAVES = [leaf_hash(b"%d" % number) for number in range(700)]
SIZES = st.integers(1, len(LEAVES))


def tree(size: int) -> tuple[Tree, dict[Tile, bytes]]:
    """The tree of the first leaves, with its tiles."""
    edge = Edge()
    return Tree(size, b""), edge.append(LEAVES[:size]) if size else {}


def grown(size: int) -> Tree:
    """The same, with its root."""
    edge = Edge()
    edge.append(LEAVES[:size])
    return Tree(size, edge.root())


@given(SIZES, SIZES)
def test_only_what_adds_to_the_last_tree_is_signed(one: int, other: int) -> None:
    """With its proof the larger one is signed; the smaller one never; the same one again."""
    old, new = sorted((one, other))
    last, asked = grown(old), grown(new)
    _, tiles = tree(new)
    spans = consistency_spans(old, new)
    proof = read_from({tile: tiles[tile] for tile in tiles_for(spans, new)}, spans, new)
    if old == new:
        assert judged(last, asked, old, []) is Verdict.AGAIN
        return
    assert judged(last, asked, old, proof) is Verdict.SIGN
    assert judged(asked, last, new, []) is Verdict.OTHER_SIZE
    assert judged(last, asked, old - 1, proof) is Verdict.OTHER_SIZE
    assert judged(last, Tree(new, bytes(32)), old, proof) is Verdict.INCONSISTENT
    assert judged(last, Tree(old, bytes(32)), old, []) is Verdict.INCONSISTENT
    for place in range(len(proof)):
        wrong = [*proof[:place], bytes(32), *proof[place + 1 :]]
        assert judged(last, asked, old, wrong) is Verdict.INCONSISTENT


@pytest.mark.parametrize(
    ("asked", "proof", "verdict"),
    [
        (Tree(5, bytes(32)), [], Verdict.SIGN),
        (Tree(5, bytes(32)), [bytes(32)], Verdict.INCONSISTENT),
        (Tree(0, bytes(32)), [], Verdict.INCONSISTENT),
        (Tree(5, bytes(31)), [], Verdict.INCONSISTENT),
    ],
)
def test_the_first_tree_is_taken_as_it_is(asked: Tree, proof: list[bytes], verdict: Verdict) -> None:
    """From nothing leads no proof, and a tree has leaves and a root of 32 bytes."""
    assert judged(Tree(0, b""), asked, 0, proof) is verdict


def test_a_note_verifies_under_both_keys() -> None:
    """Ed25519 and ML-DSA-44; another text, origin or size does not."""
    keys = [LogKey("bank.example/log", kind, bytes([kind]) * 32) for kind in KINDS]
    note = note_of(Checkpoint("bank.example/log", 7, bytes(32)), keys, 1_700_000_000)
    parsed = parse_note(str(note).encode())
    assert verify_note(parsed, [key.verifier for key in keys]) == [key.verifier for key in keys]
    for text in (
        Checkpoint("bank.example/log", 8, bytes(32)).text,
        Checkpoint("bank.example/lag", 7, bytes(32)).text,
    ):
        for key, line in zip(keys, parsed.signatures, strict=True):
            assert key.verifier.verifies(parsed.text, line.data)
            assert not key.verifier.verifies(text, line.data)


@given(st.integers(0, 7), st.integers(0, 10**12), st.integers(1, WIDTH), st.booleans())
def test_a_tile_has_one_path(level: int, number: int, width: int, entries: bool) -> None:
    """What is written is read back; any other spelling of it is nothing."""
    tile = Tile(0 if entries else level, number, width)
    path = tile.entries_path if entries else tile.path
    assert tile_at(path) == (tile, entries)
    for wrong in (f"{path}/", path.replace("tile/", "tile/0"), f"{path}.p/0", path.upper(), f"{path}.p/256"):
        assert tile_at(wrong) is None
