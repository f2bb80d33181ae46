"""Backtests that staff ask for: jobs of their own, one at a time, watched while they run, kept afterwards."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from countermand.flows.publish_policy import PublicationBook, split_label
from countermand.kernel.clock import Clock
from countermand.kernel.errors import BadRequest, Conflict, NotFound
from countermand.kernel.ids import Ids
from countermand.kernel.text import Text

JOBS_KEPT_MAX = 50


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BacktestJob(msgspec.Struct, frozen=True, kw_only=True):
    """A backtest of the record: `policy`, maybe `against` another; from and until days, where they are given.

    Instants are microseconds UTC. `rows` are the operations prepared so far; `words` say what it failed with.
    """

    id: str
    policy: str
    against: str | None
    since: str | None
    until: str | None
    asked_by: str
    asked_at: int
    state: JobState = JobState.RUNNING
    ended_at: int | None = None
    rows: int = 0
    words: Text | None = None


class BacktestRunner(Protocol):
    """Who runs jobs, in processes of their own."""

    async def start(self, job: BacktestJob) -> None:
        """Begin. Raises Conflict (`backtest_running`)."""
        ...

    async def cancel(self, job: str) -> bool:
        """End a running one; False where it does not run."""
        ...

    def all(self) -> list[BacktestJob]:
        """Those that are kept, newest first."""
        ...

    def report(self, job: str) -> bytes | None:
        """The report of one that is done, an HTML page."""
        ...


class BacktestHouse(Protocol):
    """What these stories need of the house."""

    @property
    def backtests(self) -> BacktestRunner: ...

    @property
    def publications(self) -> PublicationBook: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...


async def begin_backtest(
    house: BacktestHouse, policy: str, against: str | None, since: str | None, until: str | None, actor: str
) -> BacktestJob:
    """Decide again what was decided here, by one recorded policy or two.

    `since` and `until` are days (2026-05-31) in the policy's zone. Raises NotFound
    (`unknown_policy_version`), BadRequest (`bad_period`), Conflict (`backtest_running`).
    """
    known = {one.label for one in await house.publications.publications()}
    for label in (policy, against):
        if label is not None and label not in known:
            split_label("" if "@" not in label else label)
            raise NotFound(
                "unknown_policy_version",
                f"No policy {label} is recorded here; name it as NAME@VERSION.",
                f"此处没有策略 {label} 的记录；请写成 NAME@VERSION。",
                policy=label,
            )
    if since is not None and until is not None and since >= until:
        raise BadRequest(
            "bad_period",
            "The first day must lie before the last one.",
            "开始日期须早于结束日期。",
            field="since",
        )
    now = house.clock.now()
    job = BacktestJob(
        id=house.ids.new("job", now),
        policy=policy,
        against=against,
        since=since,
        until=until,
        asked_by=actor,
        asked_at=now,
    )
    await house.backtests.start(job)
    return job


def find_backtest(house: BacktestHouse, job: str) -> BacktestJob:
    """One that is kept. Raises NotFound (`unknown_backtest`)."""
    for one in house.backtests.all():
        if one.id == job:
            return one
    raise NotFound("unknown_backtest", "There is no such backtest.", "没有这次回测。")


def backtest_running() -> Conflict:
    """One at a time: they take what the machine has to spare."""
    return Conflict(
        "backtest_running",
        "Another backtest is running; wait for it, or cancel it.",
        "已有回测在运行，请等待其完成或先取消。",
    )
