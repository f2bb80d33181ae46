"""The transparency log: who seals, who signs, and who reads it, from the settings."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import structlog

from countermand.adapters.log_files import LogFiles, LogFilesAudit
from countermand.adapters.postgres.journal import PostgresJournal
from countermand.adapters.postgres.log_audit import PostgresLogAudit
from countermand.adapters.postgres.log_shelf import PostgresLogShelf
from countermand.adapters.postgres.migrations import migrate
from countermand.adapters.postgres.pool import close_pool, connect_pool
from countermand.adapters.postgres.seal_store import PostgresSealStore
from countermand.adapters.signers.files import signer_files
from countermand.adapters.signers.socket_client import SignerSocket
from countermand.adapters.signers.socket_server import signer_door
from countermand.app.address import open_database, unreachable
from countermand.flows.log_ports import SealTerms
from countermand.flows.log_refusals import sealed_elsewhere
from countermand.flows.sign_log import Signer
from countermand.flows.turn_log import Sealing
from countermand.kernel.clock import Clock, SystemClock
from countermand.kernel.errors import SetupError, Unavailable
from countermand.settings import Settings

PLACE_SECONDS = 0.25
AGAIN_SECONDS = 1.0
CONNECTIONS_MAX = 2
_ORIGIN = re.compile(r"[a-z0-9.-]+(/[a-z0-9._-]+){2}")
_ORIGIN_CHARACTERS_MAX = 200

log = structlog.get_logger(__name__)


def entries_open(settings: Settings) -> bool:
    """Whether anyone may fetch the log's entries. Raises SetupError `bad_setting`."""
    if settings.log_entries not in ("open", "closed"):
        raise SetupError(
            "bad_setting",
            f"COUNTERMAND_LOG_ENTRIES must be open or closed, not {settings.log_entries!r}.",
            f"COUNTERMAND_LOG_ENTRIES 应为 open 或 closed，而不是 {settings.log_entries!r}。",
            variable="COUNTERMAND_LOG_ENTRIES",
        )
    return settings.log_entries == "open"


def seal_terms(settings: Settings) -> SealTerms:
    """How this installation seals. Raises SetupError `bad_setting`."""
    if not _ORIGIN.fullmatch(settings.log_origin) or len(settings.log_origin) > _ORIGIN_CHARACTERS_MAX:
        raise SetupError(
            "bad_setting",
            "COUNTERMAND_LOG_ORIGIN must be DOMAIN/countermand/TENANT in small letters, such as "
            f"bank.example/countermand/main, not {settings.log_origin!r}.",
            "COUNTERMAND_LOG_ORIGIN 应为小写的 域名/countermand/租户，例如 "
            f"bank.example/countermand/main，而不是 {settings.log_origin!r}。",
            variable="COUNTERMAND_LOG_ORIGIN",
        )
    return SealTerms(base=settings.log_origin)


def signer_state(settings: Settings) -> Path:
    """Where the signer keeps its keys and its memory, unless it is told otherwise."""
    return (settings.log_signer_state or settings.data_dir / "signer").absolute()


def signer_socket(settings: Settings) -> Path:
    """Where the signer is asked."""
    return (settings.log_signer_socket or signer_state(settings) / "socket").absolute()


async def sign_until(stop: asyncio.Event, state: Path, socket: Path, clock: Clock | None = None) -> None:
    """Be the signer.

    Raises SetupError: `signer_state_in_use`, `signer_state_unusable`, `signer_socket_unusable`.
    """
    with signer_files(state) as files:
        signer = Signer(files, SystemClock() if clock is None else clock)
        async with signer_door(socket, signer.answer):
            log.info("log_signer_listens", socket=str(socket))
            await stop.wait()


@dataclass(frozen=True, slots=True)
class OpenedLog:
    """The log for those who read it, its signer, and the journal."""

    shelf: PostgresLogShelf
    signer: SignerSocket
    journal: PostgresJournal
    clock: Clock


@asynccontextmanager
async def open_log(settings: Settings, clock: Clock | None = None) -> AsyncIterator[OpenedLog]:
    """The log of the settings' database, also while it is sealed. Raises SetupError like `open_desk`."""
    async with open_database(settings) as dsn:
        try:
            await migrate(dsn)
            pool = await connect_pool(
                dsn, size_max=CONNECTIONS_MAX, application_name="countermand log reader"
            )
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unreachable(error) from error
        signer = SignerSocket(signer_socket(settings))
        try:
            time = SystemClock() if clock is None else clock
            yield OpenedLog(PostgresLogShelf(pool), signer, PostgresJournal(pool), time)
        finally:
            await signer.close()
            await close_pool(pool)


def log_folder(folder: Path) -> LogFiles:
    """The files of one shard. A folder that is not there yet is made."""
    folder.mkdir(parents=True, exist_ok=True)
    return LogFiles(folder)


def files_audit(folder: Path) -> LogFilesAudit:
    """An exported log, to be checked."""
    return LogFilesAudit(folder)


@asynccontextmanager
async def open_audit(settings: Settings) -> AsyncIterator[PostgresLogAudit]:
    """The log of the settings' database, to be checked; also while it is sealed.

    Raises SetupError like `open_desk`.
    """
    async with open_database(settings) as dsn:
        audit = PostgresLogAudit(dsn)
        try:
            await migrate(dsn)
            await audit.open()
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unreachable(error) from error
        try:
            yield audit
        finally:
            await audit.close()


@asynccontextmanager
async def open_sealing(
    settings: Settings,
    clock: Clock | None = None,
    *,
    place_seconds_max: float | None = None,
    stop: asyncio.Event | None = None,
) -> AsyncIterator[Sealing]:
    """The one who seals the log of the settings' database; waits until no other one does.

    Raises SetupError like `open_desk`; `log_sealed_elsewhere` where the other one stays for so long;
    StoppedWaiting where `stop` is set before there is a place.
    """
    terms = seal_terms(settings)
    async with open_database(settings) as dsn:
        try:
            await migrate(dsn)
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unreachable(error) from error
        async with _placed(dsn, place_seconds_max, stop or asyncio.Event()) as store:
            signer = SignerSocket(signer_socket(settings))
            try:
                yield Sealing(store, signer, SystemClock() if clock is None else clock, terms)
            finally:
                await signer.close()


class StoppedWaiting(Exception):
    """Whoever waited for the sealer's place was told to stop: not an error, there is nothing to undo."""


@asynccontextmanager
async def _placed(
    dsn: str, seconds_max: float | None, stop: asyncio.Event
) -> AsyncIterator[PostgresSealStore]:
    store = PostgresSealStore(dsn)
    try:
        try:
            await store.open()
            async with asyncio.timeout(seconds_max):
                said = False
                while not await store.take_place():
                    if not said:
                        log.info("log_sealer_waits", reason="another process seals this log")
                        said = True
                    await _stopped_within(stop, PLACE_SECONDS)
                    if stop.is_set():
                        raise StoppedWaiting
        except TimeoutError as error:
            raise sealed_elsewhere() from error
        except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unreachable(error) from error
        yield store
    finally:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await store.close()


async def _stopped_within(stop: asyncio.Event, seconds: float) -> None:
    """Return when told to stop, or after so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def seal_until(stop: asyncio.Event, settings: Settings, clock: Clock | None = None) -> None:
    """Seal until told to stop; database, signer or a place that are away are waited for until then.

    Raises SetupError where a person is needed: `log_rolled_back`, `log_inconsistent`, `log_signer_forgot`,
    `log_damaged`, `log_signature_wrong`, those of `open_desk`.
    """
    while not stop.is_set():
        try:
            async with open_sealing(settings, clock, stop=stop) as sealing:
                while not stop.is_set():
                    sealer = await sealing.begin()
                    await sealer.run(stop)
        except StoppedWaiting:
            return
        except Unavailable as away:
            log.warning("log_waits", code=away.code)
            await _stopped_within(stop, AGAIN_SECONDS)
