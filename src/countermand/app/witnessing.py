"""Outsiders around the log, from the settings: witnesses, time-stamping authorities, an anchoring chain."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import httpx

from countermand.adapters.anchors.evm import EvmAnchor
from countermand.adapters.postgres.log_shelf import PostgresLogShelf
from countermand.adapters.postgres.migrations import migrate
from countermand.adapters.postgres.pool import close_pool, connect_pool
from countermand.adapters.postgres.witnesses import PostgresAnchors, PostgresCosignatures, PostgresStamps
from countermand.adapters.witnesses.http import HttpWitness
from countermand.adapters.witnesses.keys import add_log, make_witness, read_logs, read_witness
from countermand.adapters.witnesses.memory import FileMemory
from countermand.adapters.witnesses.shown_log import HttpLog
from countermand.app.address import open_database, unreachable
from countermand.extensions import Anchor, TimestampAuthority
from countermand.flows.cosign_checkpoint import WitnessHouse
from countermand.flows.witness_log import SealedLog, WitnessingHouse
from countermand.kernel.clock import Clock, SystemClock
from countermand.kernel.errors import SetupError
from countermand.settings import Settings
from countermand.transparency.notes import VerifierKey
from countermand.transparency.trust import TrustPolicy
from countermand.transparency.witness_ports import Chain, ShownLog, Witness

# Whoever only looks into a chain sends nothing.
NOBODY = f"0x{'0' * 40}"
MEMORY_FOLDER = "memory"
CONNECTIONS_MAX = 32
POOL_CONNECTIONS_MAX = 4
POLICY_BYTES_MAX = 1 << 20
_SENDER = re.compile(r"0x[0-9a-fA-F]{40}")

add_witnessed_log, make_witness_keys = add_log, make_witness


def read_trust_policy(path: Path) -> TrustPolicy:
    """A trust policy (C2SP tlog-policy). Raises SetupError (`trust_policy_unusable`)."""
    try:
        content = path.read_bytes()
        if len(content) > POLICY_BYTES_MAX:
            raise ValueError("it is too long")
        return TrustPolicy.parse(content.decode())
    except (OSError, ValueError) as error:
        raise SetupError(
            "trust_policy_unusable",
            f"The trust policy {path} cannot be used: {error}.",
            f"信任策略 {path} 无法使用：{error}。",
            file=str(path),
        ) from error


@contextmanager
def open_witness(folder: Path, clock: Clock | None = None) -> Iterator[WitnessHouse]:
    """The witness of a folder. Raises SetupError (`witness_unusable`, `witness_busy`)."""
    cosigners, logs = read_witness(folder), read_logs(folder)
    with FileMemory(folder / MEMORY_FOLDER) as memory:
        yield WitnessHouse(cosigners, logs, memory, SystemClock() if clock is None else clock)


class Watched(NamedTuple):
    """What a monitor looks at: the log, its witnesses, and the chain, where it was told of a node."""

    log: ShownLog
    witnesses: Mapping[str, Witness]
    chain: Chain | None


@asynccontextmanager
async def open_monitoring(
    policy: TrustPolicy, origin: str, address: str | None, seconds_max: int, chain: tuple[str, int] | None
) -> AsyncIterator[Watched]:
    """A log, at this address or the policy's, its witnesses, and the chain behind a node (address, chain id).

    Raises SetupError `log_address_missing`.
    """
    logs = [policy.addresses.get(str(key)) for key in policy.logs if key.name == origin]
    found = address or next((one for one in logs if one), None)
    if found is None:
        raise SetupError(
            "log_address_missing",
            f"Nobody says where the log {origin} shows itself: give its address, or put it into the policy.",
            f"未指明日志 {origin} 的访问地址：请直接给出，或写入信任策略。",
            origin=origin,
        )
    async with _client() as client:
        node = None
        if chain is not None:
            node = EvmAnchor(
                chain[0], NOBODY, chain[1], client, seconds_max=seconds_max, confirmations_final=1
            )
        log = HttpLog(found, client, seconds_max=seconds_max)
        yield Watched(log, _witnesses(policy, client, seconds_max), node)


@asynccontextmanager
async def open_witnessing(
    settings: Settings, pool: asyncpg.Pool[Any], log: SealedLog, clock: Clock | None = None
) -> AsyncIterator[WitnessingHouse]:
    """Whom our own log is shown to in rounds; whatever is not set is not asked.

    Raises SetupError: `trust_policy_unusable`, `bad_timestamp_authorities`, `bad_setting`.
    """
    time = SystemClock() if clock is None else clock
    async with _client() as client:
        witnesses: Mapping[str, Witness] = {}
        if settings.trust_policy is not None:
            policy = read_trust_policy(settings.trust_policy)
            witnesses = _witnesses(policy, client, settings.witness_seconds_max)
        yield WitnessingHouse(
            log=log,
            clock=time,
            cosignatures=PostgresCosignatures(pool),
            stamps=PostgresStamps(pool),
            anchors=PostgresAnchors(pool),
            witnesses=witnesses,
            authority=_authorities(settings, time, client),
            anchor=_anchor(settings, client),
            stamp_seconds=settings.timestamp_seconds,
            anchor_seconds=settings.anchor_seconds,
        )


@asynccontextmanager
async def open_outsiders(settings: Settings, clock: Clock | None = None) -> AsyncIterator[WitnessingHouse]:
    """Outsiders around the log of the settings' database. Raises SetupError like `open_witnessing`."""
    async with open_database(settings) as dsn:
        try:
            await migrate(dsn)
            pool = await connect_pool(
                dsn, size_max=POOL_CONNECTIONS_MAX, application_name="countermand log outsiders"
            )
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unreachable(error) from error
        try:
            async with open_witnessing(settings, pool, PostgresLogShelf(pool), clock) as house:
                yield house
        finally:
            await close_pool(pool)


@asynccontextmanager
async def open_stamping(settings: Settings, clock: Clock) -> AsyncIterator[TimestampAuthority | None]:
    """Who stamps the time, if anybody is set. Raises SetupError `bad_timestamp_authorities`."""
    if settings.timestamp_authorities is None:
        yield None
        return
    async with _client() as client:
        yield _authorities(settings, clock, client)


def asks_outsiders(settings: Settings) -> bool:
    """Whether anybody is set who is to be asked."""
    return any((settings.trust_policy, settings.timestamp_authorities, settings.anchor_url))


def _client() -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX)
    return httpx.AsyncClient(trust_env=False, limits=limits)


def _witnesses(policy: TrustPolicy, client: httpx.AsyncClient, seconds_max: int) -> dict[str, Witness]:
    """One for each address of the policy, under its first name there, with all the keys it has there."""
    keys: dict[str, list[VerifierKey]] = {}
    names: dict[str, str] = {}
    for name, key in policy.witnesses.items():
        address = policy.addresses.get(name)
        if address is not None:
            names.setdefault(address, name)
            keys.setdefault(address, []).append(key)
    return {
        name: HttpWitness(address, keys[address], client, seconds_max=seconds_max)
        for address, name in names.items()
    }


def _authorities(settings: Settings, clock: Clock, client: httpx.AsyncClient) -> TimestampAuthority | None:
    if settings.timestamp_authorities is None:
        return None
    # What reads tokens takes most of a second to import: only those wait who want it.
    from countermand.adapters.timestamps.listed import open_authorities

    return open_authorities(
        settings.timestamp_authorities,
        clock,
        client,
        seconds_max=settings.witness_seconds_max,
        skew_seconds_max=settings.timestamp_skew_seconds_max,
    )


def _anchor(settings: Settings, client: httpx.AsyncClient) -> Anchor | None:
    if settings.anchor_url is None:
        return None
    sender = settings.anchor_sender or ""
    if not _SENDER.fullmatch(sender) or settings.anchor_chain_id < 1:
        raise SetupError(
            "bad_setting",
            "COUNTERMAND_ANCHOR_URL needs COUNTERMAND_ANCHOR_SENDER (0x and 40 hex digits) and "
            "COUNTERMAND_ANCHOR_CHAIN_ID.",
            "设置 COUNTERMAND_ANCHOR_URL 时，还须设置 COUNTERMAND_ANCHOR_SENDER（0x 加 40 位十六进制）"
            "和 COUNTERMAND_ANCHOR_CHAIN_ID。",
            variable="COUNTERMAND_ANCHOR_SENDER",
        )
    return EvmAnchor(
        settings.anchor_url,
        sender.lower(),
        settings.anchor_chain_id,
        client,
        seconds_max=settings.witness_seconds_max,
        confirmations_final=settings.anchor_confirmations,
    )
