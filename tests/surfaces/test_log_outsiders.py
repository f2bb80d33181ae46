"""Goal: who is set to vouch for the log is asked beside a server, by a process with the same settings."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from countermand.settings import Settings, from_environment
from countermand.surfaces.children import Child
from countermand.surfaces.log_children import sealing_beside


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started."""

    async def wait(self: Child) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Child, "attend", wait)


async def test_outsiders_are_asked_only_where_some_are_set(idle, tmp_path):
    """Three children, or two."""
    quiet = Settings(data_dir=tmp_path, log_signer_socket=tmp_path / "socket")
    async with sealing_beside(quiet) as children:
        assert [child.name for child in children] == ["sealer"]
    for name, value in (
        ("trust_policy", Path("p")),
        ("timestamp_authorities", Path("t")),
        ("anchor_url", "u"),
    ):
        async with sealing_beside(quiet.with_values(**{name: value})) as children:
            assert [child.name for child in children] == ["sealer", "asker"]


async def test_the_asker_knows_the_settings_of_its_server(idle, tmp_path):
    """Every setting about outsiders arrives as it was, whatever it is."""
    settings = Settings(
        data_dir=tmp_path,
        log_signer_socket=tmp_path / "socket",
        trust_policy=tmp_path / "policy",
        witness_seconds_max=7,
        timestamp_authorities=tmp_path / "list",
        timestamp_seconds=8,
        timestamp_skew_seconds_max=9,
        anchor_url="http://node.example",
        anchor_sender=f"0x{'a' * 40}",
        anchor_chain_id=5,
        anchor_seconds=6,
        anchor_confirmations=3,
    )
    async with sealing_beside(settings) as children:
        asker = children[-1]
    told = from_environment(asker.environment)
    names = [
        name for name in Settings.__slots__ if name.startswith(("trust_p", "witness", "timest", "anchor"))
    ]
    assert len(names) == 10
    assert [getattr(told, name) for name in names] == [getattr(settings, name) for name in names]
    assert asker.arguments[:2] == ("log", "ask")
