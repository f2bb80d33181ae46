"""The door where a case is bound, over the real house: promised, given, agreed to by two, and encrypted."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import httpx
import pyrage

from countermand.adapters.papers.seals import OWN_AUTHORITY
from countermand.app import open_house
from countermand.flows.manage_keys import create_key
from countermand.kernel.clock import MICROS_PER_SECOND, SystemClock
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from countermand.transparency.certificates import roots_of
from countermand.transparency.notes import VerifierKey
from countermand.transparency.trust import TrustPolicy
from countermand.transparency.verify import Question, Verdict
from countermand.transparency.verify_bundle import verify_bundle
from countermand.vocabulary.bundle_names import BUNDLE_MEDIA
from countermand.vocabulary.staff import Role
from flows.log_stage import seal_all, sealing_on

REPORT = {"channel": "app", "standing": "proven", "account": "a-1", "text": "刚才的转账不是我"}
COURT = pyrage.x25519.Identity.generate()


async def test_a_case_is_bound_at_the_desk(database_dsn: str, tmp_path: Path) -> None:
    """202 until the log has it, then a bundle; with a court's key 202 until a second person agreed."""
    settings = Settings(database_url=database_dsn, policy="cn-consumer-finance", data_dir=tmp_path)
    clock = SystemClock()
    async with (
        open_house(settings) as house,
        sealing_on(database_dsn, tmp_path / "signer", clock) as sealing,
        open_door(make_front(house), "127.0.0.1", 0) as address,
    ):
        clients = {}
        for name, role in (("li", Role.AGENT), ("wang", Role.INVESTIGATOR), ("zhao", Role.APPROVER)):
            _, key = await create_key(house, name, ["contain", "desk"], "test", staff=name, roles=(role,))
            clients[name] = httpx.AsyncClient(
                base_url=address, headers={"authorization": f"Bearer {key}"}, timeout=60
            )
        wang = clients["wang"]
        number = (await clients["li"].post("/v1/reports", json=REPORT)).json()["case"]
        door = f"/v1/cases/{number}/bundle"
        assert (await clients["li"].post(door, json={})).status_code == 403
        early = await wang.post(door, json={})
        assert (early.status_code, early.headers["retry-after"]) == (202, "2")
        await seal_all(await sealing.begin())

        async def verified(data: bytes) -> None:
            keys = [VerifierKey.parse(key) for shard in await house.log.shards() for key in shard.keys]
            roots = roots_of((tmp_path / OWN_AUTHORITY).read_bytes())
            question = Question(TrustPolicy(tuple(keys)), clock.now() // MICROS_PER_SECOND, seals=roots)
            findings = verify_bundle(BytesIO(data), question)
            assert findings.verdict is Verdict.VALID, findings.checks

        given = await wang.post(door, json={"language": "en"})
        assert (given.status_code, given.headers["content-type"]) == (200, BUNDLE_MEDIA)
        assert given.headers["content-length"] == str(len(given.content))
        assert f'case-{number.replace(" ", "")}.asice"' in given.headers["content-disposition"]
        await verified(given.content)

        asked = {"age": str(COURT.to_public()), "reason": "法院调取"}
        waits = await wang.post(door, json=asked)
        assert waits.status_code == 202
        look = waits.json()["waits"]["look"]
        answer = {"agreed": True, "reason": "已核对公函"}
        assert (await clients["zhao"].post(f"/v1/second-looks/{look}", json=answer)).status_code == 200
        await seal_all(await sealing.begin())
        sealed = await wang.post(door, json=asked)
        assert (sealed.status_code, sealed.headers["content-type"]) == (200, "application/octet-stream")
        assert sealed.content.startswith(b"age-encryption.org/v1")
        await verified(bytes(pyrage.decrypt(sealed.content, [COURT])))
        assert (await wang.post(door, json={"age": "AGE-SECRET-KEY-1", "reason": "x"})).status_code == 400
        for client in clients.values():
            await client.aclose()
