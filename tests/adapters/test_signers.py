"""Goal: the signer forgets nothing and answers only its own. Method: its real files and its real socket."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from countermand.adapters.signers.files import SignerFiles, signer_files
from countermand.adapters.signers.socket_client import SignerSocket
from countermand.adapters.signers.socket_server import signer_door
from countermand.flows.sign_log import OVERLAP_DAYS_MIN, Signer
from countermand.kernel.clock import MICROS_PER_DAY, ManualClock
from countermand.kernel.errors import SetupError, Unavailable
from countermand.transparency.notes import parse_note
from countermand.vocabulary.signing import Behind, Look, Open, Refused, Rotate, Sign, Signed, Standing

LOG = "bank.example/countermand/main/2026"
ONE, OTHER = bytes(32), b"\x01" * 32
NOW = 1_790_000_000_000_000


def test_what_was_signed_is_known_after_a_crash(tmp_path: Path) -> None:
    """Another process with the same files gives the same note again, and signs no other tree of that size."""
    clock = ManualClock(NOW)
    first = Signer(SignerFiles(tmp_path), clock)
    assert isinstance(first.answer(Open(LOG)), Standing)
    signed = first.answer(Sign(LOG, 0, 5, ONE, []))
    assert isinstance(signed, Signed)
    clock.advance(MICROS_PER_DAY)
    second = Signer(SignerFiles(tmp_path), clock)
    assert second.answer(Sign(LOG, 0, 5, ONE, [])) == signed
    assert second.answer(Sign(LOG, 5, 5, OTHER, [])) == Refused("inconsistent")
    assert second.answer(Sign(LOG, 0, 6, OTHER, [])) == Behind(5)
    assert second.answer(Sign(LOG, 5, 4, OTHER, [])) == Behind(5)
    assert second.answer(Sign(LOG, 5, 6, OTHER, [OTHER])) == Refused("inconsistent")
    assert second.answer(Open(LOG)) == first.answer(Look(LOG))


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb", "x" * 256])
def test_a_name_that_cannot_stand_in_a_note_is_refused(tmp_path: Path, origin: str) -> None:
    """Nothing is made for it; a good name that nobody opened is unknown."""
    signer = Signer(SignerFiles(tmp_path), ManualClock(NOW))
    assert signer.answer(Open(origin)) == Refused("malformed")
    assert signer.answer(Look(LOG)) == Refused("unknown_log")
    assert signer.answer(Sign(LOG, 0, 1, ONE, [])) == Refused("unknown_log")
    assert list(tmp_path.iterdir()) == []


def test_keys_overlap_when_they_change(tmp_path: Path) -> None:
    """Four keys sign until the old ones retire, two before and after."""
    clock = ManualClock(NOW)
    signer = Signer(SignerFiles(tmp_path), clock)
    signer.answer(Open(LOG))

    def lines(size: int, old: int) -> int:
        signer_root = ONE if old == 0 else None
        answer = signer.answer(Sign(LOG, old, size, signer_root or ONE, []))
        return len(parse_note(answer.note.encode()).signatures) if isinstance(answer, Signed) else 0

    assert lines(1, 0) == 2
    assert signer.answer(Rotate(LOG, OVERLAP_DAYS_MIN - 1)) == Refused("overlap_too_short")
    rotated = signer.answer(Rotate(LOG, OVERLAP_DAYS_MIN))
    assert isinstance(rotated, Standing)
    assert len(rotated.keys) == 4
    clock.advance(OVERLAP_DAYS_MIN * MICROS_PER_DAY)
    later = signer.answer(Look(LOG))
    assert isinstance(later, Standing)
    assert later.keys == rotated.keys[2:]


def test_two_signers_do_not_share_a_memory(tmp_path: Path) -> None:
    """The second one is refused, and a file that is damaged or another log's is said to be."""
    with signer_files(tmp_path) as files:
        Signer(files, ManualClock(NOW)).answer(Open(LOG))
        with pytest.raises(SetupError, match="signer_state_in_use"), signer_files(tmp_path):
            pass
        (path,) = tmp_path.glob("*.json")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(SetupError, match="signer_state_damaged"):
            files.read(LOG)


async def test_the_socket_is_private_and_survives_nonsense(tmp_path: Path) -> None:
    """Others of the machine may not connect; a line that is no request is refused; a late client is told."""
    path = tmp_path / "s"
    client = SignerSocket(path)
    with pytest.raises(Unavailable, match="signer_away"):
        await client.ask(Look(LOG))
    signer = Signer(SignerFiles(tmp_path), ManualClock(NOW))
    for _ in range(2):  # the second time over the socket that the first one left, and over a new connection
        async with signer_door(path, signer.answer):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert isinstance(await client.ask(Open(LOG)), Standing)
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(b"{}\n" + b"x" * 10 + b"\n")
            assert (
                await reader.readline()
                == await reader.readline()
                == b'{"type":"refused","code":"malformed"}\n'
            )
            writer.close()
            await writer.wait_closed()
        await client.close()
