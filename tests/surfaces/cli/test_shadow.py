"""Goal: a shadow follows a server that people run, from its first command to its last, as processes."""

from __future__ import annotations

import time
from contextlib import ExitStack

import httpx

from surfaces.cli.test_running import SECONDS_MAX, answered, command, operation, serving


def test_a_shadow_follows_a_running_server(server_directory, tmp_path):
    """Added beside the server, it sees what comes after, is compared, paused, resumed and removed."""
    place = ("--data-dir", str(server_directory))
    with ExitStack() as stack:
        address = stack.enter_context(serving(server_directory))
        key = answered("key", "create", "desk", "--scope", "decide", *place)["key"]
        headers = {"Authorization": f"Bearer {key}"}
        client = stack.enter_context(httpx.Client(base_url=address, headers=headers))
        assert client.post("/v1/operations", json=operation(0)).status_code == 200
        added = answered("shadow", "add", "handbook-demo", "--name", "twin", *place)
        assert (added["state"], added["operations"], added["seq_first"]) == ("running", 0, 1)
        again = command("shadow", "add", "handbook-demo", "--name", "twin", *place)
        assert (again.returncode, "shadow_name_taken" in again.stderr) == (1, True)
        for number in range(1, 6):
            assert client.post("/v1/operations", json=operation(number)).status_code == 200
        deadline = time.monotonic() + SECONDS_MAX
        while (found := answered("shadow", "list", *place)["shadows"][0])["operations"] < 5:
            assert time.monotonic() < deadline, found
        compared = answered("shadow", "diff", "twin", *place)
        assert compared["operations"] == 5
        assert all(one["live"] == one["candidate"] for one in compared["transitions"])
        told = command("--lang", "zh", "shadow", "diff", "twin", *place)
        assert (told.returncode, "5 笔操作" in told.stdout) == (0, True), told.stderr
        assert answered("shadow", "pause", "twin", *place)["reason"]["code"] == "by_hand"
        assert answered("shadow", "resume", "twin", *place)["state"] == "running"
        assert answered("shadow", "remove", "twin", *place)["removed"]
        assert command("shadow", "list", *place).stdout == "There are no shadows.\n"
