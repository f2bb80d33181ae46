"""What an installation reads from files: policies, tables of operations, tables of addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from countermand.adapters.places.ip_table import IpTable
from countermand.kernel.errors import SetupError
from countermand.settings import Settings
from countermand.vocabulary.places import Place
from countermand.vocabulary.tables import OperationTable

_PACKAGE = Path(__file__).parent.parent
PACKS = _PACKAGE / "policies"
CONFIRMATION_PACKS = _PACKAGE / "confirmation_packs"
MAPPINGS = _PACKAGE / "mappings"
KNOWLEDGE = _PACKAGE / "knowledge"
DEMO_PLACES = _PACKAGE / "adapters" / "places" / "demo_places.csv"


@dataclass(frozen=True, slots=True)
class OpenedTable:
    """A file ready to be replayed, the name of its mapping, and the policy that the mapping is meant for."""

    table: OperationTable
    mapping: str
    policy: str | None
    label_delay: int | None = None


def read_policy(policy: str | Path) -> Mapping[str, str]:
    """The files of a policy: a folder, or the name of a pack that comes with the product.

    Raises SetupError (`unknown_policy`).
    """
    folder = Path(policy)
    if not folder.is_dir():
        folder = PACKS / str(policy)
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))}
    if not files:
        packs = ", ".join(sorted(path.name for path in PACKS.iterdir() if path.is_dir()))
        raise SetupError(
            "unknown_policy",
            f"{policy} is neither a folder with policy files nor a pack; the packs are {packs}.",
            f"{policy} 既不是策略文件夹，也不是内置策略包；内置策略包有：{packs}。",
            policy=str(policy),
        )
    return files


def read_confirmation_pack(pack: str | Path) -> Mapping[str, str]:
    """The files of a confirmation pack: a folder, or the name of one that comes with the product.

    Raises SetupError (`unknown_confirmation_pack`).
    """
    folder = Path(pack)
    if not folder.is_dir():
        folder = CONFIRMATION_PACKS / str(pack)
    if not folder.is_dir():
        packs = ", ".join(sorted(path.name for path in CONFIRMATION_PACKS.iterdir() if path.is_dir()))
        raise SetupError(
            "unknown_confirmation_pack",
            f"{pack} is neither a folder nor a confirmation pack; the packs are {packs}.",
            f"{pack} 既不是文件夹，也不是内置确认包；内置确认包有：{packs}。",
            pack=str(pack),
        )
    return {
        path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()) if path.is_file()
    }


def read_knowledge(folder: Path | None = None) -> Mapping[str, str]:
    """The files of a knowledge base: a folder, or the one that comes with the product.

    Raises SetupError (`unknown_knowledge`).
    """
    place = KNOWLEDGE if folder is None else folder
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(place.glob("*.yaml"))}
    if not files:
        raise SetupError(
            "unknown_knowledge",
            f"{place} is no folder with articles.",
            f"{place} 不是知识库文件夹。",
            folder=str(place),
        )
    return files


def open_operation_table(file: Path, mapping: str | Path, batch_rows: int) -> OpenedTable:
    """A Parquet or CSV file, opened against a mapping: a YAML file, or the name of a shipped one.

    Raises SetupError: `replay_extra_missing`, `unknown_mapping`, `mapping_unreadable`, `mapping_refused`,
    `mapping_column_missing`, `table_unreadable`.
    """
    path = Path(mapping)
    if not path.is_file():
        path = MAPPINGS / f"{mapping}.yaml"
    if not path.is_file():
        shipped = ", ".join(sorted(one.stem for one in MAPPINGS.glob("*.yaml")))
        raise SetupError(
            "unknown_mapping",
            f"{mapping} is neither a mapping file nor a mapping that is shipped; shipped are {shipped}.",
            f"{mapping} 既不是映射文件，也不是内置映射；内置映射有：{shipped}。",
            mapping=str(mapping),
        )
    try:
        from countermand.adapters.tables.files import open_table
        from countermand.adapters.tables.mapping import read_mapping
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] != "pyarrow":
            raise
        raise SetupError(
            "replay_extra_missing",
            "Reading Parquet and CSV needs pyarrow; install it with: pip install 'countermand[replay]'.",
            "读取 Parquet 与 CSV 需要 pyarrow；请安装：pip install 'countermand[replay]'。",
        ) from None
    read = read_mapping(path.read_text(encoding="utf-8"), path)
    table = open_table(file, read, path, batch_rows)
    return OpenedTable(table, read.mapping, read.policy, table.label_delay_micros)


def open_places(settings: Settings) -> tuple[Callable[[str], Place], bool]:
    """Where addresses are, and whether any table was set. Raises SetupError like `open_house`."""
    known = settings.geo_country_file is not None or settings.geo_asn_file is not None
    # In the demo's table, and in no other, the ranges reserved for documentation are somewhere.
    demo = settings.geo_country_file == DEMO_PLACES
    table = IpTable(settings.geo_country_file, settings.geo_asn_file, documentation_known=demo)
    return table.locate, known


def file_identity(settings: Settings, file: Path, mapping: str | Path) -> dict[str, Any]:
    """What tells a file's facts from any other's: its bytes, its mapping, the tables of addresses."""
    path = Path(mapping) if Path(mapping).is_file() else MAPPINGS / f"{mapping}.yaml"
    places = (settings.geo_country_file, settings.geo_asn_file)
    found = {"file": file, "mapping": path} | {f"places{n}": one for n, one in enumerate(places) if one}
    return {name: _sha256(one) for name, one in found.items()}


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise SetupError(
            "table_unreadable",
            f"{file} cannot be read: {error.strerror}.",
            f"无法读取 {file}：{error.strerror}。",
            file=str(file),
        ) from None
