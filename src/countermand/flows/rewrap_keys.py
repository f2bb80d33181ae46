"""After a rotation of the key-encryption key: every data key is wrapped anew; no data is touched."""

from __future__ import annotations

from typing import Any

from countermand.evidence.ports import KeyRow
from countermand.extensions import KeyService, keys_lost
from countermand.flows.data_keys import DataKeys, key_context
from countermand.kernel.errors import SetupError, Unavailable
from countermand.vocabulary.facts import DATA_KEYS_REWRAPPED, Fact
from countermand.vocabulary.vault import WrappedKey
from countermand.work import Works

BATCH = 2000


async def rewrap(works: Works, keys: DataKeys, old: KeyService, actor: str) -> dict[str, Any]:
    """Wrap every live data key with the newest key of the service; `old` unwraps those of another service.

    Batches commit one by one, so it goes on where it was cut off. Raises Unavailable
    (`key_encryption_key_lost`, `key_service_away`).
    """
    service, after, done = keys.service, "", 0
    newest = await service.newest()
    while True:
        async with works.open() as unit:
            rows = await unit.evidence.keys_to_rewrap(service.name, newest, after, BATCH)
            if not rows:
                break
            anew = [await _rewrapped(row, service, old) for row in rows]
            await unit.evidence.rewrap(anew)
            body = {"count": len(anew), "service": service.name, "key": newest, "actor": actor}
            await unit.note([Fact(keys.clock.now(), DATA_KEYS_REWRAPPED, body)])
            after, done = rows[-1].id, done + len(anew)
    return {"rewrapped": done, "service": service.name, "key": newest}


async def _rewrapped(row: KeyRow, service: KeyService, old: KeyService) -> KeyRow:
    assert row.wrapped is not None, "only live keys are rewrapped"
    before = service if row.service == service.name else old
    key = await before.unwrap(WrappedKey(row.key_name, row.wrapped), key_context(row.id))
    wrapped = await service.wrap(key, key_context(row.id))
    return row._replace(wrapped=wrapped.sealed, service=service.name, key_name=wrapped.key_name)


async def check_keys(works: Works, keys: DataKeys) -> None:
    """Before anything is served: one data key of each wrapping key must unwrap.

    Raises SetupError (`key_encryption_key_lost`), naming the key that is not there; a service that does not
    answer now is left to later.
    """
    async with works.open() as unit:
        samples = await unit.evidence.key_samples()
    for row in samples:
        if row.service != keys.service.name:
            raise SetupError(
                "key_service_changed",
                f"Data keys are wrapped by the key service '{row.service}', not '{keys.service.name}': "
                f"rewrap them first, with `countermand vault rewrap --from {row.service}`.",
                f"数据密钥由密钥服务“{row.service}”封装，而当前为“{keys.service.name}”：请先运行 "
                f"`countermand vault rewrap --from {row.service}`。",
            )
        try:
            await keys.unwrapped(row)
        except Unavailable as error:
            if error.code == "key_encryption_key_lost":
                raise keys_lost(row.service, row.key_name) from error
