"""Goal: the tree, its tiles and its proofs are those of RFC 6962 and C2SP tlog-tiles, at every size.

Method: Hypothesis against the recursive definition in the RFC; the example of the tiles specification.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from countermand.transparency.tiles import (
    WIDTH,
    Edge,
    Tile,
    bundle,
    nodes_in,
    tile_of,
    tiles_of,
    unbundled,
)
from countermand.transparency.tree import (
    EMPTY_ROOT,
    Span,
    consistency_spans,
    consistent,
    hash_of,
    inclusion_spans,
    leaf_hash,
    node_hash,
    nodes_of,
    root_by_inclusion,
)

LEAVES = [leaf_hash(b"%d" % number) for number in range(1200)]
SIZES = st.integers(1, len(LEAVES)) | st.sampled_from([255, 256, 257, 511, 512, 513, 1024])


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, as it is written there."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


def grown(sizes: list[int]) -> tuple[Edge, dict[tuple[int, int], bytes]]:
    """A tree that grew through these sizes, and its tiles as a store keeps them: the last bytes of each."""
    edge, since = Edge(), 0
    kept: dict[tuple[int, int], bytes] = {}
    for size in sizes:
        written = edge.append(LEAVES[since:size])
        assert sorted(written) == sorted(tiles_of(size, since))
        for tile, data in written.items():
            before = kept.get((tile.level, tile.number), b"")
            assert data.startswith(before)
            kept[tile.level, tile.number] = data
        since = size
    return edge, kept


def read(kept: dict[tuple[int, int], bytes], spans: list[Span], size: int) -> list[bytes]:
    """The hashes of spans, from tiles as they were served at this size."""
    nodes = [node for span in spans for node in nodes_of(span)]
    tiles = {tile_of(node, size) for node in nodes}
    served = {tile: kept[tile.level, tile.number][: 32 * tile.width] for tile in tiles}
    hashes = nodes_in(served, nodes, size)
    return [hash_of(span, hashes) for span in spans]


@given(st.lists(SIZES, min_size=1, max_size=5).map(lambda sizes: sorted(set(sizes))))
def test_a_tree_grown_in_any_steps_has_the_root_of_the_definition(sizes: list[int]) -> None:
    """However the leaves arrive, and also when it goes on from its partial tiles after a restart."""
    edge, kept = grown(sizes)
    assert edge.root() == by_definition(LEAVES[: sizes[-1]])
    partial = {tile: kept[tile.level, tile.number] for tile in tiles_of(sizes[-1]) if tile.width < WIDTH}
    assert Edge(sizes[-1], partial).root() == edge.root()


@given(SIZES, st.data())
def test_an_inclusion_proof_holds_for_its_leaf_and_for_nothing_else(size: int, data: st.DataObject) -> None:
    """Another leaf, place, size or a changed step leads to another root, or to none."""
    _, kept = grown([size])
    index = data.draw(st.integers(0, size - 1))
    root, proof = by_definition(LEAVES[:size]), read(kept, inclusion_spans(index, size), size)
    assert root_by_inclusion(LEAVES[index], index, size, proof) == root
    assert root_by_inclusion(leaf_hash(b"another"), index, size, proof) != root
    assert root_by_inclusion(LEAVES[index], index, size, [*proof, LEAVES[0]]) != root
    if proof:
        assert root_by_inclusion(LEAVES[index], index, size, proof[:-1]) != root
        other = data.draw(st.integers(0, size - 1).filter(lambda place: place != index))
        assert root_by_inclusion(LEAVES[index], other, size, proof) != root
        step = data.draw(st.integers(0, len(proof) - 1))
        forged = [*proof[:step], bytes(32), *proof[step + 1 :]]
        assert root_by_inclusion(LEAVES[index], index, size, forged) != root


@given(SIZES, st.data())
def test_a_consistency_proof_holds_between_the_two_trees_alone(size: int, data: st.DataObject) -> None:
    """An old tree with one other leaf is not what the new one grew from; and nothing grows from nothing."""
    _, kept = grown([size])
    old = data.draw(st.integers(1, size))
    root, old_root = by_definition(LEAVES[:size]), by_definition(LEAVES[:old])
    proof = read(kept, consistency_spans(old, size), size)
    assert consistent(old, old_root, size, root, proof)
    forged = LEAVES[:old]
    forged[data.draw(st.integers(0, old - 1))] = leaf_hash(b"forged")
    assert not consistent(old, by_definition(forged), size, root, proof)
    assert not consistent(0, EMPTY_ROOT, size, root, [])
    assert not consistent(old, old_root, size, root, [*proof, root])


def test_the_tiles_of_seventy_thousand_leaves_are_those_of_the_specification() -> None:
    """273 full tiles and one of 112 at the lowest level, one full and one of 17 above, one of 1 on top."""
    tiles = tiles_of(70_000)
    assert [tile for tile in tiles if tile.width < WIDTH] == [
        Tile(0, 273, 112),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert len(tiles) == 273 + 1 + 2 + 1
    assert Tile(0, 1_234_067).path == "tile/0/x001/x234/067"
    assert Tile(0, 273, 112).entries_path == "tile/entries/273.p/112"


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_back_its_entries_and_says_when_it_is_cut(entries: list[bytes]) -> None:
    """Two bytes of length before each."""
    data = bundle(entries)
    assert unbundled(data) == entries
    if data and entries[-1]:
        try:
            unbundled(data[:-1])
        except ValueError:
            return
        raise AssertionError("a cut bundle was read")
