"""What staff watch and try beside the cases: the live board, health, backtests."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import asyncpg

from countermand.adapters.postgres.board import PostgresBoard
from countermand.app.backtests import BacktestProcesses, backtest_processes
from countermand.app.health import health_desk
from countermand.flows.live_board import LiveBoard
from countermand.flows.show_health import HealthDesk
from countermand.kernel.clock import Clock
from countermand.settings import Settings


class Rooms(NamedTuple):
    """They go with the house."""

    board: LiveBoard
    health: HealthDesk
    backtests: BacktestProcesses


def rooms_of(
    stack: AsyncExitStack, settings: Settings, pool: asyncpg.Pool[Any], clock: Clock, *, reads: bool
) -> Rooms:
    """The rooms of a house on this pool; what they began ends with the stack. `reads`: pictures are read."""
    board = LiveBoard(PostgresBoard(pool), clock)
    jobs = backtest_processes(settings, clock)
    stack.push_async_callback(board.close)
    stack.push_async_callback(jobs.close)
    return Rooms(board, health_desk(settings, pool, reads=reads), jobs)
