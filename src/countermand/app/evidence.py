"""The evidence vault, put together from the settings: keys, objects, scanner, rules of how long."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import httpx

from countermand.adapters.key_services.kept_keys import environment_keys, file_keys
from countermand.adapters.key_services.transit import TransitKeys, check_transit
from countermand.adapters.objects.bucket import open_bucket
from countermand.adapters.objects.folder import ObjectFolder
from countermand.adapters.postgres.evidence import anything_sealed
from countermand.adapters.scanners.clamd import Clamd
from countermand.adapters.tombstones.file import StoneFile
from countermand.adapters.unlockers.pdf import PdfUnlocker
from countermand.app.proving import VAULT_KEY_FILE
from countermand.evidence.proof_law import read_proof_law
from countermand.evidence.retention import RetentionPack, read_retention
from countermand.extensions import KeyService, ObjectStore
from countermand.flows.case_desk import CaseDesk
from countermand.flows.data_keys import DataKeys
from countermand.flows.evidence_room import EvidenceRoom
from countermand.kernel.clock import Clock
from countermand.kernel.errors import SetupError
from countermand.kernel.ids import Ids
from countermand.settings import Settings

RETENTION = Path(__file__).parent.parent / "evidence_packs" / "retention-cn.yaml"
PROOF_LAW = RETENTION.parent / "proof-law-cn.yaml"
OBJECTS_FOLDER, TOMBSTONE_FILE = "objects", "tombstones.jsonl"
KEY_SERVICES = ("file", "environment")


async def may_make_keys(pool: asyncpg.Pool[object]) -> bool:
    """Whether nothing is sealed in this database yet: only then may a missing key file be made."""
    return not await anything_sealed(pool)


async def open_keys(
    stack: AsyncExitStack, settings: Settings, clock: Clock, ids: Ids, *, may_make: bool
) -> DataKeys:
    """Data keys behind the key service of the settings.

    Raises SetupError (`bad_setting`, `vault_unusable`, `key_encryption_key_lost`).
    """
    service = await open_key_service(stack, settings, settings.key_service, may_make=may_make)
    return DataKeys(service, clock, ids)


async def open_key_service(
    stack: AsyncExitStack, settings: Settings, kind: str, *, may_make: bool = False
) -> KeyService:
    """A key service by its kind: `file`, `environment`, `transit` or the address of a transit mount.

    Raises SetupError as `open_keys`.
    """
    if kind == "file":
        return file_keys(settings.vault_key_file or settings.data_dir / VAULT_KEY_FILE, may_make=may_make)
    if kind == "environment":
        return environment_keys(settings.key_encryption_keys)
    mount = settings.key_service if kind == "transit" else kind
    if not mount.startswith(("https://", "http://")):
        raise SetupError(
            "bad_setting",
            f"COUNTERMAND_KEY_SERVICE must be file, environment or the address of a transit mount, "
            f"not {mount!r}.",
            f"COUNTERMAND_KEY_SERVICE 应为 file、environment 或 transit 挂载地址，而不是 {mount!r}。",
            variable="COUNTERMAND_KEY_SERVICE",
        )
    token_file = check_transit(mount, settings.key_service_token_file)
    client = await stack.enter_async_context(httpx.AsyncClient())
    return TransitKeys(mount, settings.key_service_key, token_file, client)


def room_of(settings: Settings, desk: CaseDesk) -> EvidenceRoom:
    """The evidence room of a desk. Raises SetupError (`bad_setting`, `s3_missing`, `retention_refused`)."""
    return EvidenceRoom(
        desk=desk,
        objects=_objects(settings),
        scanner=None if settings.virus_scanner is None else Clamd(settings.virus_scanner),
        retention=_retention(settings.retention or RETENTION),
        stones=StoneFile(settings.data_dir / TOMBSTONE_FILE),
        proof_law=read_proof_law(PROOF_LAW.name, PROOF_LAW.read_text(encoding="utf-8")),
        own_seal=settings.seal_file is None,
        unlocker=PdfUnlocker(),
    )


def _objects(settings: Settings) -> ObjectStore:
    place = settings.objects
    if place is not None and "://" in place:
        return open_bucket(place)
    return ObjectFolder(settings.data_dir / OBJECTS_FOLDER if place is None else Path(place))


def _retention(path: Path) -> RetentionPack:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            "retention_refused",
            f"The retention rules in {path} cannot be read ({type(error).__name__}).",
            f"无法读取留存规则 {path}（{type(error).__name__}）。",
        ) from error
    return read_retention(path.name, text)
