"""A simulated bank in its own process, as the tests and whoever tries the product start it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countermand.confirmation.permits import (
    Permit,
    PermitKey,
    cleared_by_decision,
    permit_of,
    published,
    signed,
)
from countermand.kernel.clock import SystemClock
from countermand.vocabulary.banking import BankAction, Instruction, Terms
from countermand.vocabulary.confirmations import ConsentReceipt

KEY = PermitKey("k-1", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
CLOCK = SystemClock()
LATE_SECONDS = 1.0


@dataclass
class BankProcess:
    """One that runs."""

    address: str
    process: subprocess.Popen[str]

    def will(self, mischief: str, times: int = 1) -> None:
        """The next instructions are answered that way."""
        httpx.post(f"{self.address}/mischief", json={"mischief": mischief, "times": times}).raise_for_status()


@contextmanager
def bank_process(folder: Path) -> Iterator[BankProcess]:
    """The bank on a ledger in the folder, until the end."""
    keys = folder / "keys.json"
    keys.write_text(json.dumps(published([KEY])))
    command = [sys.executable, "-m", "countermand.adapters.banking.simulated", "--keys", str(keys)]
    command += ["--ledger", str(folder / "ledger.jsonl"), "--late-seconds", str(LATE_SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield BankProcess(process.stdout.readline().removeprefix("listening ").strip(), process)
        finally:
            process.terminate()


def terms(operation: str, **more: object) -> Terms:
    """A payment of one yuan."""
    given = {"account": "a-1", "kind": "payment", "amount_minor": 100, "currency": "CNY"}
    return Terms(**{"operation": operation, "counterparty": "shop", **given, **more})  # type: ignore[arg-type]


def permit(of: Terms, *, at: int | None = None, seconds: int = 60) -> Permit:
    """A permit with consent, good from now on."""
    assert of.operation is not None
    now = CLOCK.now() if at is None else at
    receipt = ConsentReceipt(
        operation=of.operation,
        shown="You pay one yuan",
        statement="payment",
        version="1",
        language="zh",
        given_at=now,
        given_by="person-1",
    )
    return permit_of(of, cleared_by_decision(of.operation, "dec-1", "allow"), receipt, "p-1", now, seconds)


def execution(operation: str, **more: object) -> Instruction:
    """The instruction to execute such a payment."""
    of = terms(operation, **more)
    text = signed(permit(of), KEY)
    return Instruction(key=f"execute-{operation}", action=BankAction.EXECUTE, terms=of, permit=text)
