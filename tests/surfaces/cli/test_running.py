"""Goal: commands work beside a running server and without one. Method: real processes, one data directory."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

SECONDS_MAX = 60
PROGRAM = [sys.executable, "-c", "from countermand.surfaces.cli.main import main; main()"]


def command(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """A run of the command line in a process of its own."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    environment.pop("COUNTERMAND_DATABASE_URL", None)
    return subprocess.run(
        [*PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
        env=environment,
    )


def answered(*arguments: str, stdin: str | None = None):
    """The JSON answer of a run that must succeed."""
    done = command(*arguments, "--json", stdin=stdin)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def serving(directory, policy="handbook-demo"):
    """A server on the directory, at an address of its own choosing."""
    process = subprocess.Popen(
        [*PROGRAM, "serve", "--data-dir", str(directory), "--port", "0", "--policy", policy],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield _address(process)
    finally:
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=SECONDS_MAX)[1]
        assert process.returncode == 0, rest


def _address(process) -> str:
    said = []
    for line in process.stderr:
        said.append(line)
        found = re.search(r"address=(http://\S+)", re.sub(r"\x1b\[[0-9;]*m", "", line))
        if found:
            return found.group(1)
    pytest.fail("".join(said))


def operation(number: int, **more) -> dict:
    """A small operation of now."""
    at = datetime.fromtimestamp(time.time(), UTC).isoformat()
    return {"id": f"op-{number}", "kind": "payment", "account": "a-1", "occurred_at": at, **more}


def test_commands_beside_a_running_server(server_directory):
    """Keys, lists, accounts, policies and the database are kept while the server decides, and it follows."""
    with serving(server_directory) as address:
        place = ("--data-dir", str(server_directory))
        key = answered("key", "create", "core", "--scope", "decide", "--scope", "contain", *place)
        with httpx.Client(base_url=address, headers={"authorization": f"Bearer {key['key']}"}) as client:
            decided = client.post("/v1/operations", json=operation(1))
            assert decided.status_code == 200, decided.text

            listed = answered(
                "list",
                "add",
                "mules",
                "c-9",
                "--source",
                "s",
                "--reason",
                "r",
                "--expires",
                "2099-01-01T00:00:00Z",
                *place,
            )
            assert listed["active"]
            frozen = answered("account", "freeze", "a-1", "--reason", "reported", *place)
            stopped = client.post("/v1/operations", json=operation(2)).json()["decision"]
            assert stopped["outcome"] == "deny"
            assert answered("account", "show", "a-1", *place)["frozen"]["order"] == frozen["order"]
            assert answered("account", "lift", "a-1", *place)["order"] == frozen["order"]

            refused = command("decide", "-", "--json", *place, stdin=json.dumps(operation(3)))
            assert refused.returncode == 1
            assert json.loads(refused.stderr)["error"]["code"] == "database_in_use"
            assert answered("replay-decision", "op-1", *place)["identical"]
            assert answered("policy", "show", *place)["policies"][0]["live"]
            assert answered("db", "status", *place)["server"] == "already running"

            answered("key", "revoke", "core", *place)
            asyncio.run(_until_refused(client))


async def _until_refused(client) -> None:
    began = time.monotonic()
    while client.post("/v1/operations", json=operation(9)).status_code != 401:
        assert time.monotonic() - began < 1.0, "a revoked key is refused within a second"
        await asyncio.sleep(0.01)


def test_commands_where_nothing_runs(server_directory):
    """The private database is made, used and stopped; what was done is there the next time."""
    place = ("--data-dir", str(server_directory))
    key = answered("key", "create", "core", "--scope", "decide", *place)
    again = command("key", "create", "core", "--scope", "decide", "--json", *place)
    profile = json.dumps({"timezone": "Asia/Shanghai", "devices": ["d-1"]})
    put = answered("account", "put", "a-1", "-", *place, stdin=profile)
    decided = answered("decide", "-", "--policy", "handbook-demo", *place, stdin=json.dumps(operation(1)))
    table = command("key", "list", *place)

    assert set(key) >= {"key", "name", "scopes"}
    assert key["key"].startswith("cm_")
    assert json.loads(again.stderr)["error"]["code"] == "key_name_taken"
    assert put["devices"] == ["d-1"]
    assert decided["operation"] == "op-1"
    assert "core" in table.stdout
    assert key["key"] not in table.stdout
    assert answered("replay-decision", "op-1", *place)["identical"]
    assert answered("db", "migrate", *place)["migrations_pending"] == []
    assert answered("db", "status", *place)["server"] == "started for this command"
    assert not (server_directory / "cluster" / "postmaster.pid").exists()


@pytest.mark.parametrize("page", ["docs/start.md", "docs/start.zh-CN.md"])
def test_the_walk_of_the_first_page_works_as_it_stands(page, tmp_path, server_directory):
    """Its commands, copied into a shell: taken back, agreed to, permitted, contained, lifted."""
    text = (Path(__file__).parents[3] / page).read_text(encoding="utf-8")
    (walk,) = [block for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL) if "ask()" in block]
    with serving(server_directory, policy="cn-consumer-finance") as address:
        scopes = [word for scope in ("decide", "confirm", "contain", "read") for word in ("--scope", scope)]
        key = answered("key", "create", "desk", *scopes, "--data-dir", str(server_directory))["key"]
        script = re.sub(r"^\$ ", "", walk, flags=re.MULTILINE).replace("localhost:8080", address)
        done = subprocess.run(
            ["bash", "-euc", script],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            timeout=SECONDS_MAX,
            env={**os.environ, "KEY": key},
        )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    held, waiting, back, _, shown, agreed, permit, preview, stopped, refused, lifted = said
    assert (held["decision"]["outcome"], waiting["state"], back["revoked"]) == ("hold", "open", True)
    assert agreed["shown"] == shown["text"]
    assert permit["permit"]
    assert preview["said"]
    assert len(stopped["orders"]) > 1
    assert refused["code"] == "contained"
    assert (lifted["state"], lifted["orders"]) == ("closed", [])
