"""`python -m countermand.adapters.banking.simulated --ledger FILE --keys PLACE`: the bank as a process."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from countermand.adapters.banking.simulated.bank import Ledger, SimulatedBank
from countermand.adapters.banking.simulated.server import LATE_SECONDS, BankServer
from countermand.confirmation.permits import read_keys
from countermand.kernel.clock import SystemClock

FETCH_SECONDS_MAX = 5


def keys_from(place: str) -> Callable[[], dict[str, Ed25519PublicKey]]:
    """The keys of a JWK Set, from a file or an address; read when they are first needed, then kept."""
    kept: dict[str, Ed25519PublicKey] = {}

    def keys() -> dict[str, Ed25519PublicKey]:
        if not kept:
            kept.update(read_keys(json.loads(_read(place))))
        return kept

    return keys


def _read(place: str) -> bytes:
    if place.startswith(("http://", "https://")):
        with urllib.request.urlopen(place, timeout=FETCH_SECONDS_MAX) as answer:  # noqa: S310 - checked above
            return bytes(answer.read())
    return Path(place).read_bytes()


def _end_with_input(server: BankServer) -> None:
    """Whoever started us holds the other end, and lets go of it even when they are killed."""
    # Not through `sys.stdin`: a thread that waits within it keeps the interpreter from ending cleanly.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.shutdown()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="countermand.adapters.banking.simulated", description=__doc__)
    parser.add_argument("--ledger", type=Path, required=True, help="the file of the ledger")
    parser.add_argument("--keys", required=True, help="JWK Set: a file, or /v1/permits/keys of a server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--late-seconds", type=float, default=LATE_SECONDS)
    parser.add_argument("--leashed", action="store_true", help="end when standard input does")
    options = parser.parse_args(arguments)
    clock, keys, ledger = SystemClock(), keys_from(options.keys), Ledger(options.ledger)
    address = (options.host, options.port)
    server = BankServer(
        address, SimulatedBank(ledger, keys, clock), keys, clock, late_seconds=options.late_seconds
    )

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if options.leashed:
        threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    sys.stdout.write(f"listening http://{options.host}:{server.server_port}\n")
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()
        ledger.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
