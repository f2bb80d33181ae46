"""Proofs of holders, given as a passed challenge gives them, and a worker's turn of the limits' timers."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from countermand.confirmation.linking import linked_digest, linked_of_account, sealed_confirmation
from countermand.flows.house import House
from countermand.flows.proving import SEAL_KEY
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.authenticators import Confirmation, Factor, Method, Purpose
from flows.stage import house_on, outcome_of, payment

POLICY = """
policy: debits
version: "1"
title: {en: Debits, zh: 代扣}
currency: CNY
timezone: Asia/Shanghai
rules:
  - id: wait
    on: [mandate_run, mandate_create]
    when: amount > cny(10)
    then: hold
    hold_for: 24 hours
    reason: {en: "Large debits wait", zh: "大额代扣先等待"}
"""
_numbers = itertools.count(1)


@asynccontextmanager
async def quiet_house(dsn: str, clock: ManualClock, folder: Path) -> AsyncIterator[House]:
    """A house where debits above ten yuan wait, and everything else is allowed; its policy is in `folder`."""
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    async with house_on(dsn, clock, policy=folder, vault_key_file=folder / "vault.key") as opened:
        yield opened


async def proved(house: House, purpose: Purpose, ref: str, account: str = "a-1") -> str:
    """The id of a confirmation of this moment."""
    given = Confirmation(
        id=f"cnf-{next(_numbers)}",
        purpose=purpose,
        ref=ref,
        account=account,
        linked=linked_digest(linked_of_account(purpose, ref, account)),
        strength=4,
        factors=(Factor.KNOWLEDGE, Factor.POSSESSION),
        methods=(Method.PASSWORD, Method.SMS),
        device="phone",
        session="s-1",
        at=house.clock.now(),
    )
    sealed = sealed_confirmation(house.holders.kit.vault.mac_key(SEAL_KEY), given)
    async with house.works.open() as unit:
        await unit.confirmations.add(sealed, [])
    return sealed.id


async def timers_run(house: House) -> None:
    """What is due happens, as the worker of the house would do it."""
    for kind, handler in house.worker.timers.handlers.items():
        async with house.works.open() as unit:
            if timers := await unit.timers.claim(kind, house.clock.now(), 100):
                await handler(unit, timers)


async def outcome(house: House, minor: int = 100, account: str = "a-1", **more: Any) -> str:
    """What one operation gets now."""
    asked = payment(account, at=house.clock.now(), minor=minor, **more)
    return outcome_of(await house.decider.decide(asked, None))
