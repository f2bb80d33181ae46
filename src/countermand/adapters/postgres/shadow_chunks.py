"""How the verdicts of a chunk are packed: what the live policy said as well costs next to nothing.

The distinct verdicts stand once, with their rules as small numbers; each operation has one or two bytes that
point to its verdict, 0 for the live one's. Numbers that follow each other are not written. All of it is
compressed with Zstandard.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import zstandard

from countermand.vocabulary.shadows import Verdict

COMPRESSION_LEVEL = 6
SHORT_MAX = 255
UNPACKED_BYTES_MAX = 16 * 1024 * 1024


class _Packed(msgspec.Struct, array_like=True, frozen=True):
    """seqs: (place, number) wherever a number does not follow the one before it, the first included.

    verdicts: (outcome, score, numbers of rules), beginning with the verdict that an index of 1 points to.
    indices: empty where every operation has the live verdict; else little-endian, `width` bytes each.
    """

    count: int
    seqs: list[tuple[int, int]]
    rules: list[str]
    verdicts: list[tuple[int, int, list[int]]]
    width: int
    indices: bytes


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Packed)


def pack(seqs: Sequence[int], verdicts: Sequence[Verdict | None]) -> bytes:
    """Rising numbers and the verdict of each, None where it is the live one.

    >>> unpack(pack([4, 5, 9], [None, Verdict(2, 10, ("a",)), None]))
    ([4, 5, 9], [None, Verdict(outcome=2, score=10, rules=('a',)), None])
    """
    assert len(seqs) == len(verdicts), "every operation has its verdict"
    jumps = [(place, seq) for place, seq in enumerate(seqs) if place == 0 or seq != seqs[place - 1] + 1]
    numbers: dict[Verdict | None, int] = {None: 0}
    chosen = [numbers.setdefault(verdict, len(numbers)) for verdict in verdicts]
    distinct = [verdict for verdict in numbers if verdict is not None]
    rules = {rule: number for number, rule in enumerate(sorted({r for v in distinct for r in v.rules}))}
    width = 1 if len(numbers) <= SHORT_MAX else 2
    packed = _Packed(
        len(seqs),
        jumps,
        list(rules),
        [(v.outcome, v.score, [rules[rule] for rule in v.rules]) for v in distinct],
        width,
        b"".join(number.to_bytes(width, "little") for number in chosen) if distinct else b"",
    )
    return zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compress(_ENCODER.encode(packed))


def unpack(data: bytes) -> tuple[list[int], list[Verdict | None]]:
    """What was packed. Raises zstandard.ZstdError or msgspec.MsgspecError for anything else."""
    text = zstandard.ZstdDecompressor().decompress(data, max_output_size=UNPACKED_BYTES_MAX)
    packed = _DECODER.decode(text)
    seqs: list[int] = []
    jumps = [*packed.seqs, (packed.count, 0)]
    for (place, seq), (end, _) in pairwise(jumps):
        seqs.extend(range(seq, seq + end - place))
    known: list[Verdict | None] = [None]
    known += [Verdict(o, s, tuple(packed.rules[number] for number in r)) for o, s, r in packed.verdicts]
    if not packed.indices:
        return seqs, [None] * packed.count
    return seqs, [known[number] for number in array("B" if packed.width == 1 else "H", packed.indices)]
