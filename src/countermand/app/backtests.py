"""Backtests as processes beside the house: nice to what decides, each with its report in a file."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog

from countermand.flows.run_backtests import JOBS_KEPT_MAX, BacktestJob, JobState, backtest_running
from countermand.kernel.clock import Clock
from countermand.kernel.text import Text
from countermand.settings import Settings

log = structlog.get_logger(__name__)
PROGRESS_VARIABLE = "COUNTERMAND_PROGRESS_FILE"
_PROGRAM = "from countermand.surfaces.cli.main import main; main()"
_NICE = ("nice", "-n", "10")
_ERROR_BYTES_MAX = 1 << 20
END_SECONDS_MAX = 5.0


class _Refusal(msgspec.Struct):
    """What a command says on standard error when it fails."""

    class Words(msgspec.Struct):
        """Its code and its words."""

        code: str = ""
        text: Text | None = None

    error: Words


@dataclass(slots=True)
class BacktestProcesses:
    """Implements `flows.run_backtests.BacktestRunner` over a folder."""

    folder: Path
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    clock: Clock
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, job: BacktestJob) -> None:
        """Begin. Raises Conflict (`backtest_running`)."""
        if self._running or self._tasks:
            raise backtest_running()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._keep(job)
        task = asyncio.create_task(self._run(job), name="countermand backtest")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def cancel(self, job: str) -> bool:
        """End a running one; False where it does not run."""
        process = self._running.get(job)
        if process is None:
            return False
        self._write(job, JobState.CANCELLED)
        await _end(process)
        return True

    def all(self) -> list[BacktestJob]:
        """Those that are kept, newest first; one that a server left behind has failed."""
        found = []
        for path in self.folder.glob("*.json") if self.folder.exists() else ():
            with suppress(OSError, msgspec.MsgspecError):
                found.append(self._standing(msgspec.json.decode(path.read_bytes(), type=BacktestJob)))
        found.sort(key=lambda one: one.asked_at, reverse=True)
        for one in found[JOBS_KEPT_MAX:]:
            for suffix in (".json", ".html", ".rows"):
                (self.folder / f"{one.id}{suffix}").unlink(missing_ok=True)
        return found[:JOBS_KEPT_MAX]

    def report(self, job: str) -> bytes | None:
        """The report of one that is done, an HTML page."""
        known = {one.id for one in self.all() if one.state is JobState.DONE}
        path = self.folder / f"{job}.html"
        return path.read_bytes() if job in known and path.exists() else None

    async def close(self) -> None:
        """End what runs."""
        for process in list(self._running.values()):
            await _end(process)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _standing(self, job: BacktestJob) -> BacktestJob:
        if job.state is not JobState.RUNNING:
            return job
        if job.id not in self._running and not self._tasks:
            left = Text(en="The server was stopped before it was done.", zh="服务器在完成前已停止。")
            return msgspec.structs.replace(job, state=JobState.FAILED, words=left)
        with suppress(OSError, ValueError):
            rows = int((self.folder / f"{job.id}.rows").read_text(encoding="ascii") or 0)
            return msgspec.structs.replace(job, rows=rows)
        return job

    async def _run(self, job: BacktestJob) -> None:
        asked = ["backtest", "live", "--policy", job.policy, "--html", str(self.folder / f"{job.id}.html")]
        asked.append("--json")
        for name, value in (("--against", job.against), ("--from", job.since), ("--to", job.until)):
            asked += [name, value] if value is not None else []
        nice = _NICE if shutil.which(_NICE[0]) else ()
        rows = {PROGRESS_VARIABLE: str(self.folder / f"{job.id}.rows")}
        process = await asyncio.create_subprocess_exec(
            *nice, sys.executable, "-c", _PROGRAM, *asked, *self.arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE, env={**os.environ, **self.environment, **rows},
            start_new_session=True, limit=_ERROR_BYTES_MAX,
        )  # fmt: skip
        self._running[job.id] = process
        assert process.stderr is not None, "it was started with a pipe"
        try:
            said = await process.stderr.read()
            code = await process.wait()
        finally:
            del self._running[job.id]
        kept = msgspec.json.decode((self.folder / f"{job.id}.json").read_bytes(), type=BacktestJob)
        if kept.state is JobState.RUNNING:
            done = code == 0 and (self.folder / f"{job.id}.html").exists()
            self._write(job.id, JobState.DONE if done else JobState.FAILED, None if done else _words(said))
        log.info("backtest_ended", job=job.id, code=code)

    def _write(self, job: str, state: JobState, words: Text | None = None) -> None:
        path = self.folder / f"{job}.json"
        kept = self._standing(msgspec.json.decode(path.read_bytes(), type=BacktestJob))
        self._keep(msgspec.structs.replace(kept, state=state, ended_at=self.clock.now(), words=words))

    def _keep(self, job: BacktestJob) -> None:
        path = self.folder / f"{job.id}.json"
        written = path.with_suffix(".tmp")
        written.write_bytes(msgspec.json.encode(job))
        written.replace(path)


def backtest_processes(settings: Settings, clock: Clock) -> BacktestProcesses:
    """Jobs on the database and in the data directory of the settings."""
    given: dict[str, str] = {}
    if settings.database_url is not None:
        given["COUNTERMAND_DATABASE_URL"] = settings.database_url
    folder = (settings.data_dir / "backtests").absolute()
    return BacktestProcesses(folder, ("--data-dir", str(settings.data_dir.absolute())), given, clock)


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(END_SECONDS_MAX):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _words(said: bytes) -> Text:
    """Why it failed, in its own words where it said any."""
    for line in reversed(said.splitlines()):
        with suppress(msgspec.MsgspecError):
            found = msgspec.json.decode(line, type=_Refusal).error
            if found.text is not None:
                return found.text
    last = said.decode("utf-8", "replace").strip().splitlines()[-1:] or ["?"]
    return Text(en=f"It ended with: {last[0][:300]}", zh=f"进程结束时的提示：{last[0][:300]}")
