"""What works beside the requests, put together from the settings: timers, effects, permits, core banking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
import httpx
import structlog

from countermand.adapters.banking.http import HttpCoreBanking
from countermand.adapters.notifiers.poster import HttpPoster
from countermand.adapters.permit_keys import FILE_NAME, permit_keys
from countermand.adapters.postgres.archive import PostgresArchive
from countermand.adapters.postgres.changes import Changes
from countermand.adapters.postgres.holds import PostgresHoldShelf
from countermand.adapters.postgres.log_thinning import PostgresLogThinning
from countermand.adapters.postgres.migrations import migrate
from countermand.adapters.postgres.pool import close_pool, connect_pool
from countermand.adapters.postgres.profiles import PostgresProfiles
from countermand.adapters.postgres.unit import PostgresSchedule, PostgresWorks
from countermand.app.address import open_database, unreachable
from countermand.app.channels import channel_ports
from countermand.app.clocks import clock_house
from countermand.app.desk import case_desk_of
from countermand.app.effects import SESSIONS, effect_ports, session_port
from countermand.app.evidence import may_make_keys, open_keys, room_of
from countermand.app.mail import open_mail
from countermand.app.notices import open_notices
from countermand.app.proving import open_proving
from countermand.app.readings import open_reader, reading_desk_of
from countermand.confirmation.permits import PermitKey
from countermand.extensions import CoreBanking, TextReader
from countermand.flows.clock_house import ClockHouse
from countermand.flows.contact_removals import ContactDesk, removal_handler
from countermand.flows.contain_now import Containing
from countermand.flows.deliver_effects import Deliverer, Follower, Port
from countermand.flows.end_orders import orders_ender
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.expire_evidence import RETENTION_TIMER, retention_handler, set_retention_timer
from countermand.flows.guard_clock import ClockGuard
from countermand.flows.keep_own_limits import raise_binder
from countermand.flows.own_orders import Holders
from countermand.flows.proving import ProvingKit
from countermand.flows.read_pictures import ReadingPort
from countermand.flows.recall_money import RECALL_TIMER, Recalling, bank_follower, recall_handler
from countermand.flows.remind_holders import Reminding, device_reminder
from countermand.flows.rewrap_keys import check_keys
from countermand.flows.run_timers import TimerHandler, TimerRunner
from countermand.flows.send_codes import CODES, CodeCourier
from countermand.flows.send_notices import Post
from countermand.flows.settle_holds import Settlement, hold_handler
from countermand.flows.shred_subjects import replay_tombstones
from countermand.flows.tell_bank import BankPort
from countermand.flows.tell_cases import case_teller
from countermand.flows.tell_webhooks import WebhookPort
from countermand.flows.thin_log import THINNING_TIMER, Thinning, set_thinning_timer, thinning_handler
from countermand.flows.wake_clocks import clock_waker
from countermand.flows.worker import Worker
from countermand.kernel.clock import Clock, SystemClock
from countermand.kernel.errors import SetupError
from countermand.kernel.ids import Ids, RandomIds
from countermand.settings import Settings
from countermand.vocabulary.banking import BANKING
from countermand.vocabulary.clocks import CLOCK_TIMER
from countermand.vocabulary.contact_changes import CONTACT_REMOVAL_TIMER
from countermand.vocabulary.holder_access import DEVICE_CHECK_TIMER
from countermand.vocabulary.holds import HOLD_TIMER
from countermand.vocabulary.incidents import INCIDENT_OVER_TIMER
from countermand.vocabulary.orders import ORDER_END_TIMER
from countermand.vocabulary.own_limits import LIMIT_RAISE_TIMER
from countermand.vocabulary.pictures import READING_PORT
from countermand.vocabulary.webhooks import WEBHOOKS

log = structlog.get_logger(__name__)
SIMULATED_BANK = "countermand.adapters.banking.simulated"
WORKER_CONNECTIONS_MAX = 4


def read_permit_keys(settings: Settings) -> tuple[PermitKey, ...]:
    """The keys of this installation; the first one signs. Raises SetupError (`permit_key_unusable`)."""
    return permit_keys(settings.permit_key_file or settings.data_dir / FILE_NAME)


def settlement_of(
    settings: Settings, clock: Clock, ids: Ids, keys: tuple[PermitKey, ...] | None = None
) -> Settlement:
    """How holds are settled here. Raises SetupError (`permit_key_unusable`)."""
    return Settlement(
        key=(read_permit_keys(settings) if keys is None else keys)[0],
        ids=ids,
        clock=clock,
        banking=settings.banking is not None,
        door_seconds=settings.permit_seconds,
        execution_seconds=settings.execution_seconds,
    )


@asynccontextmanager
async def open_bank(
    settings: Settings, keys: tuple[PermitKey, ...] | None = None, clock: Clock | None = None
) -> AsyncIterator[CoreBanking]:
    """Core banking as the settings name it. Raises SetupError (`no_banking`, `permit_key_unusable`)."""
    if settings.banking is None:
        raise SetupError(
            "no_banking",
            "No core banking system is set: give its address in COUNTERMAND_BANKING.",
            "尚未设置核心系统：请在 COUNTERMAND_BANKING 中填写其地址。",
        )
    if not settings.banking.startswith(("http://", "https://")):
        raise SetupError(
            "bad_setting",
            f"COUNTERMAND_BANKING must be an http or https address, not {settings.banking!r}.",
            f"COUNTERMAND_BANKING 应为 http 或 https 地址，而不是 {settings.banking!r}。",
            variable="COUNTERMAND_BANKING",
        )
    signing = (read_permit_keys(settings) if keys is None else keys)[0]
    time = SystemClock() if clock is None else clock
    seconds = settings.banking_seconds_max
    async with HttpCoreBanking(settings.banking, signing, time, seconds_max=seconds) as bank:
        yield bank


@dataclass(frozen=True, slots=True)
class WorkParts:
    """A worker, and what it shares with the doors."""

    worker: Worker
    settlement: Settlement
    keys: tuple[PermitKey, ...]
    kit: ProvingKit
    post: Post
    holders: Holders
    clocks: ClockHouse
    text_reader: TextReader | None
    room: EvidenceRoom


async def work_parts(
    stack: AsyncExitStack, settings: Settings, pool: asyncpg.Pool[Any], clock: Clock, ids: Ids
) -> WorkParts:
    """The worker of a database; it works only inside of `working()`. Raises SetupError as `open_bank`."""
    keys = read_permit_keys(settings)
    works, schedule = PostgresWorks(pool), PostgresSchedule(pool)
    settlement = settlement_of(settings, clock, ids, keys)
    guard = ClockGuard(works, schedule, clock, settings.clock_skew_seconds_max)
    fresh = await may_make_keys(pool)
    kit = await stack.enter_async_context(open_proving(settings, may_make_keys=fresh))
    room = await _evidence_room(stack, settings, works, kit, clock, ids, fresh=fresh)
    ports_put = effect_ports(settings)
    containing = Containing(works, clock, ids, ports_put)
    holders = Holders(works=works, kit=kit, clock=clock, ids=ids, effect_ports=ports_put)
    clocks = clock_house(works, clock, ids)
    thinning = Thinning(PostgresLogThinning(pool), clock, settings.log_checkpoint_days_kept)
    handlers: dict[str, TimerHandler] = {
        HOLD_TIMER: hold_handler(settlement),
        ORDER_END_TIMER: orders_ender(containing),
        INCIDENT_OVER_TIMER: case_teller(room.desk, clock),
        LIMIT_RAISE_TIMER: raise_binder(holders),
        DEVICE_CHECK_TIMER: device_reminder(reminding_of(settings, works, clock, ids)),
        CLOCK_TIMER: clock_waker(clocks),
        RETENTION_TIMER: retention_handler(room),
        THINNING_TIMER: thinning_handler(thinning),
    }
    ports: dict[str, Port] = {}
    followers: dict[str, Follower] = {}
    if settings.banking is not None:
        bank = await stack.enter_async_context(open_bank(settings, keys, clock))
        ports[BANKING] = BankPort(bank, works, clock)
        recalling = Recalling(room.desk, PostgresArchive(pool), PostgresHoldShelf(pool), clock)
        handlers[RECALL_TIMER] = recall_handler(recalling)
        followers[BANKING] = bank_follower(recalling)
    ports[CODES] = CodeCourier(kit, clock)
    if settings.session_receivers is not None:
        client = await stack.enter_async_context(httpx.AsyncClient())
        ports[SESSIONS] = session_port(settings, settings.session_receivers, clock, client)
    poster = HttpPoster()
    stack.push_async_callback(poster.close)
    ports[WEBHOOKS] = WebhookPort(works, kit.vault, poster, clock)
    notices = await open_notices(stack, settings, works, clock, kit.vault)
    ports.update(notices.ports)
    handlers.update(notices.handlers)
    profiles = PostgresProfiles(pool)
    contacts = ContactDesk(works=works, kit=kit, clock=clock, ids=ids, accounts=profiles, post=notices.post)
    handlers[CONTACT_REMOVAL_TIMER] = removal_handler(contacts)
    mail = open_mail(settings, works, clock, ids, kit.vault, room.keys)
    ports.update(mail.ports)
    ports.update(await channel_ports(stack, settings, works, clock, ids, kit.vault, room.keys))
    text_reader = open_reader(stack, settings)
    if text_reader is not None:
        ports[READING_PORT] = ReadingPort(reading_desk_of(room.desk, text_reader))
    timers = TimerRunner(works, schedule, handlers, clock, guard)
    deliverer = Deliverer(works, schedule, ports, followers, clock)
    begin = partial(_set_timers, room, works, schedule, clock)
    worker = Worker(timers, deliverer, guard, notices.decisions, mail.ear, begin)
    return WorkParts(worker, settlement, keys, kit, notices.post, holders, clocks, text_reader, room)


async def _set_timers(
    room: EvidenceRoom, works: PostgresWorks, schedule: PostgresSchedule, clock: Clock
) -> None:
    """What comes round by itself."""
    await set_retention_timer(room, schedule)
    await set_thinning_timer(works, schedule, clock)


def reminding_of(settings: Settings, works: PostgresWorks, clock: Clock, ids: Ids) -> Reminding:
    """How often holders are asked to look at their devices."""
    return Reminding(
        works=works,
        clock=clock,
        ids=ids,
        effect_ports=effect_ports(settings),
        check_days=settings.device_check_days,
    )


async def _evidence_room(
    stack: AsyncExitStack,
    settings: Settings,
    works: PostgresWorks,
    kit: ProvingKit,
    clock: Clock,
    ids: Ids,
    *,
    fresh: bool,
) -> EvidenceRoom:
    """The evidence room, after what was erased before a restore is erased again."""
    keys = await open_keys(stack, settings, clock, ids, may_make=fresh)
    room = room_of(settings, case_desk_of(settings, works, clock, ids, kit.vault, keys))
    try:
        await check_keys(works, keys)
    except SetupError as error:
        # Decisions and stops go on without evidence; what needs the key answers 503 and names it.
        log.error("evidence_unreadable", code=error.code, reason=error.text.en)  # noqa: TRY400
    await replay_tombstones(room)
    return room


@asynccontextmanager
async def open_worker(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Worker]:
    """A worker that works while inside, in a process that decides nothing.

    Without a database_url the private server is joined where it runs, else started. Raises SetupError like
    `open_desk`, and `permit_key_unusable`.
    """
    time = SystemClock() if clock is None else clock
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(open_database(settings))
        try:
            await migrate(dsn)
            pool = await connect_pool(
                dsn, size_max=WORKER_CONNECTIONS_MAX, application_name="countermand worker"
            )
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unreachable(error) from error
        stack.push_async_callback(close_pool, pool)
        worker = (await work_parts(stack, settings, pool, time, RandomIds())).worker
        changes = Changes(pool)
        changes.watch("effect", worker.effects_changed)
        await changes.start()
        stack.push_async_callback(changes.stop)
        await stack.enter_async_context(worker.working())
        yield worker
