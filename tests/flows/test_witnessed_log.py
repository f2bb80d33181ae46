"""Goal: the product's own log, sealed from its journal, is vouched for and seen to be.

Method: the sealer and the signer of the product, real PostgreSQL, two witnesses at real addresses.
"""

from __future__ import annotations

from contextlib import AsyncExitStack

import httpx

from adapters.witnesses.witnesses import named, witness
from countermand.adapters.postgres.log_shelf import PostgresLogShelf
from countermand.adapters.postgres.pool import connect_pool
from countermand.adapters.postgres.witnesses import PostgresCosignatures
from countermand.app.witnessing import open_witnessing
from countermand.flows.show_outsiders import show_outsiders
from countermand.flows.witness_log import trusted_checkpoint, witness_log
from countermand.kernel.clock import ManualClock
from countermand.settings import Settings
from countermand.transparency.checkpoints import Checkpoint
from countermand.transparency.notes import VerifierKey
from countermand.transparency.trust import TrustPolicy
from flows.log_stage import seal_all, sealing_on, write
from flows.stage import NOON


async def test_the_log_of_the_product_is_vouched_for(database_dsn, tables, tmp_path):
    """Rounds as the log grows: the quorum's checkpoint follows; how each one stands is told."""
    async with AsyncExitStack() as stack:
        clock = ManualClock(NOON)
        pool = await connect_pool(database_dsn, size_max=2)
        stack.push_async_callback(pool.close)
        shelf = PostgresLogShelf(pool)
        sealing = await stack.enter_async_context(sealing_on(database_dsn, tmp_path / "signer", clock))
        sealer = await sealing.begin()
        await write(tables, 5)
        await seal_all(sealer)
        (shard,) = await shelf.shards()
        keys = [VerifierKey.parse(key) for key in shard.keys]
        outside = {
            name: await stack.enter_async_context(witness(tmp_path / name, f"{name}.example", *keys))
            for name in ("w1", "w2")
        }
        lines = [f"log {key}" for key in keys]
        lines += [
            f"{line} {outside[name][0]}"
            for name, line in zip(
                outside, named({name: its[1] for name, its in outside.items()}), strict=True
            )
        ]
        policy = tmp_path / "policy.txt"
        policy.write_text("\n".join([*lines, "group both all w1 w2", "quorum both", ""]))
        settings = Settings(trust_policy=policy)
        house = await stack.enter_async_context(open_witnessing(settings, pool, shelf, clock))
        for rows in (5, 300, 700):
            await write(tables, rows)
            await seal_all(sealer)
            standings = await witness_log(house)
            point = await shelf.latest()
            assert {one.failed for one in standings.values()} == {None}
            assert {one.size for one in standings.values()} == {point.size}
            read = TrustPolicy.parse(policy.read_text())
            trusted = await trusted_checkpoint(PostgresCosignatures(pool), read, point.origin)
            assert Checkpoint.of_note(trusted) == Checkpoint(point.origin, point.size, point.root)
            assert read.judge(trusted).quorum_met
        await write(tables, 3)
        await seal_all(sealer)
        behind = (await shelf.latest()).size - point.size
        assert [(row["who"], row["behind"]) for row in await show_outsiders(house)] == [
            ("witness:w1", behind), ("witness:w2", behind),
        ]  # fmt: skip
        assert await trusted_checkpoint(PostgresCosignatures(pool), TrustPolicy(), "x") is None
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{outside['w1'][0]}/{'0' * 64}/checkpoint")
            assert answer.status_code == 404
