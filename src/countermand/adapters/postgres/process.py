"""A server program as our direct child: started, watched, reaped, and stopped when we die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from countermand.adapters.postgres import child
from countermand.adapters.postgres.system_user import SystemUser, clean_environment

FAST_SECONDS_MAX = 120.0
IMMEDIATE_SECONDS_MAX = 15.0


class ServerProcess:
    """One run of `postgres`, in its own session, so that Ctrl-C at our terminal reaches only us.

    Should we be killed, the kernel sends it SIGINT: a fast shutdown ends all sessions at once, writes a
    checkpoint, and leaves nothing to recover. SIGQUIT would be as safe for the data, but the next start would
    have to replay the log. Linux sends that signal when the starting *thread* ends, hence a thread that lives
    exactly as long as the program.
    """

    def __init__(self, command: list[str], *, user: SystemUser, output: Path) -> None:
        self._command = command
        self._user = user
        self._output = output
        self._started = threading.Event()
        self._ended = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._failure: OSError | None = None
        threading.Thread(target=self._keep, name="postgres-keeper", daemon=True).start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure

    def _keep(self) -> None:
        identity = [os.getpid(), self._user.uid, self._user.gid, int(signal.SIGINT)]
        launcher = [sys.executable, "-I", "-S", child.__file__, *map(str, identity)]
        try:
            with self._output.open("wb") as output:
                self._process = subprocess.Popen(
                    [*launcher, *self._command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=clean_environment(),
                    start_new_session=True,
                )
        except OSError as error:
            self._failure = error
            self._started.set()
            return
        self._started.set()
        self._process.wait()
        self._ended.set()

    @property
    def pid(self) -> int:
        """The process number of the postmaster."""
        assert self._process is not None, "the constructor waited for the start"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the program has not ended yet."""
        return not self._ended.is_set()

    @property
    def exit_status(self) -> int | None:
        """The exit status (negative: the signal that killed it), or None while it runs."""
        return self._process.returncode if self._process is not None and self._ended.is_set() else None

    def wait(self, seconds_max: float) -> bool:
        """Whether it ended within the time."""
        return self._ended.wait(seconds_max)

    def stop(self) -> str:
        """Stop it: fast, then immediate, then by force. Returns the name of the signal that did it."""
        steps = ((signal.SIGINT, FAST_SECONDS_MAX), (signal.SIGQUIT, IMMEDIATE_SECONDS_MAX))
        for number, seconds_max in steps:
            self._send(number)
            if self.wait(seconds_max):
                return number.name
        self._send(signal.SIGKILL)
        self._ended.wait()
        return signal.SIGKILL.name

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self.running:
            self._process.send_signal(number)
