"""Goal: any node of any log's tree is read from its tiles over HTTP, and what lacks or lies is named.

Method: static files on a small server; the monitor runs over them as it does outside.
"""

from __future__ import annotations

import httpx
import pytest

from adapters.witnesses.shown import files_of, shown
from countermand.adapters.witnesses.http import HttpWitness
from countermand.adapters.witnesses.shown_log import HttpLog
from countermand.drills.forks.story import ORIGIN, MemoryLog
from countermand.flows.monitor_log import monitor_log
from countermand.kernel.errors import Conflict, Unavailable
from countermand.transparency.forks import nodes_between
from countermand.transparency.trust import TrustPolicy

LOG = MemoryLog(b"%d" % number for number in range(700))
OTHER = LOG.fork(300, *(b"other %d" % number for number in range(300)))
POLICY = TrustPolicy((LOG.key,))


async def test_nodes_are_read_from_tiles():
    """Full tiles, partial ones, and full ones where the partial ones are gone."""
    nodes = [node for old in (1, 255, 256, 300, 699) for node in nodes_between(old, 700)]
    async with httpx.AsyncClient(trust_env=False) as client, shown(files_of(LOG, 700)) as address:
        log = HttpLog(address, client, seconds_max=5)
        assert await log.checkpoint() == LOG.note(700)
        assert await log.hashes(nodes, 700) == {node: LOG.hashes[node] for node in nodes}
    larger = MemoryLog(b"%d" % number for number in range(768))
    nodes = nodes_between(300, 600)
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        shown(files_of(larger, 600, partial=False)) as url,
    ):
        found = await HttpLog(url, client, seconds_max=5).hashes([n for n in nodes if n[0] < 8], 600)
        assert found == {node: larger.hashes[node] for node in nodes if node[0] < 8}


async def test_what_lacks_or_lies_is_named():
    """No server, no tile, a short tile, a checkpoint that is none."""
    files = files_of(LOG, 700)
    async with httpx.AsyncClient(trust_env=False) as client:
        async with shown(files) as address:
            log = HttpLog(address, client, seconds_max=5)
            files["tile/0/000"] = files["tile/0/000"][:-32]
            with pytest.raises(Conflict, match="log_lies"):
                await log.hashes([(0, 3)], 700)
            del files["tile/0/001"]
            with pytest.raises(Unavailable, match="404"):
                await log.hashes([(0, 256)], 700)
            files["checkpoint"] = b"nothing"
            with pytest.raises(Conflict, match="log_lies"):
                await log.checkpoint()
        with pytest.raises(Unavailable, match="log_away"):
            await log.checkpoint()


async def test_a_fork_is_proved_over_http():
    """A note handed in against what the web server shows; and a witness that is away does not hide it."""
    async with httpx.AsyncClient(trust_env=False) as client, shown(files_of(LOG, 700)) as address:
        log = HttpLog(address, client, seconds_max=5)
        gone = HttpWitness("http://127.0.0.1:9", (), client, seconds_max=1)
        report = await monitor_log(POLICY, ORIGIN, log, {"w": gone}, {"a": OTHER.note(590), "b": LOG.note(9)})
    assert report.doubts == {"w": "witness_away"}
    assert report.agree == ("log", "b")
    assert [proof.holds([LOG.key]) for proof in report.forks] == [True]
