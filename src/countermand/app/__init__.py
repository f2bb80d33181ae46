"""The only package that names an adapter: it puts everything together from the settings.

Each room is entered when something of it is asked for: who signs needs nothing of who decides.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from countermand.app.address import (
        open_database,
    )
    from countermand.app.database import (
        OpenedRecord,
        database_grants,
        open_desk,
        open_follower,
        open_record,
    )
    from countermand.app.desk import (
        open_knowledge,
        reception_beside,
    )
    from countermand.app.evidence import (
        open_key_service,
    )
    from countermand.app.files import (
        DEMO_PLACES,
        MAPPINGS,
        PACKS,
        OpenedTable,
        file_identity,
        open_operation_table,
        open_places,
        read_confirmation_pack,
        read_knowledge,
        read_policy,
    )
    from countermand.app.house import (
        open_house,
    )
    from countermand.app.lab import (
        open_comparison,
        open_engine,
        open_learner,
        open_models,
        open_shelf,
        rows_for_model,
    )
    from countermand.app.log import (
        OpenedLog,
        files_audit,
        log_folder,
        open_audit,
        open_log,
        open_sealing,
        seal_until,
        sign_until,
        signer_socket,
        signer_state,
    )
    from countermand.app.official import check_signed_registry, open_official_channels
    from countermand.app.replaying import (
        open_replay,
    )
    from countermand.app.triage import (
        TRIAGE_DATA,
        keep_triage,
        open_triage,
        read_triage_card,
        read_triage_taxonomies,
        train_triage,
    )
    from countermand.app.witnessing import (
        add_witnessed_log,
        asks_outsiders,
        make_witness_keys,
        open_monitoring,
        open_outsiders,
        open_witness,
        open_witnessing,
        read_trust_policy,
    )
    from countermand.app.work import (
        SIMULATED_BANK,
        open_bank,
        open_worker,
        read_permit_keys,
        settlement_of,
    )

_ROOMS = {
    "address": "open_database",
    "database": "OpenedRecord database_grants open_desk open_follower open_record",
    "desk": "open_knowledge reception_beside",
    "evidence": "open_key_service",
    "files": (
        "DEMO_PLACES MAPPINGS OpenedTable PACKS file_identity open_operation_table "
        "open_places read_confirmation_pack read_knowledge read_policy "
    ),
    "house": "open_house",
    "lab": "open_comparison open_engine open_learner open_models open_shelf rows_for_model",
    "official": "check_signed_registry open_official_channels",
    "log": (
        "OpenedLog files_audit log_folder open_audit open_log open_sealing seal_until "
        "sign_until signer_socket signer_state "
    ),
    "replaying": "open_replay",
    "triage": ("TRIAGE_DATA keep_triage open_triage read_triage_card read_triage_taxonomies train_triage "),
    "witnessing": (
        "add_witnessed_log asks_outsiders make_witness_keys open_monitoring open_outsiders "
        "open_witness open_witnessing read_trust_policy "
    ),
    "work": "SIMULATED_BANK open_bank open_worker read_permit_keys settlement_of",
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names.split()}

__all__ = [
    "DEMO_PLACES",
    "MAPPINGS",
    "PACKS",
    "SIMULATED_BANK",
    "TRIAGE_DATA",
    "OpenedLog",
    "OpenedRecord",
    "OpenedTable",
    "add_witnessed_log",
    "asks_outsiders",
    "check_signed_registry",
    "database_grants",
    "file_identity",
    "files_audit",
    "keep_triage",
    "log_folder",
    "make_witness_keys",
    "open_audit",
    "open_bank",
    "open_comparison",
    "open_database",
    "open_desk",
    "open_engine",
    "open_follower",
    "open_house",
    "open_key_service",
    "open_knowledge",
    "open_learner",
    "open_log",
    "open_models",
    "open_monitoring",
    "open_official_channels",
    "open_operation_table",
    "open_outsiders",
    "open_places",
    "open_record",
    "open_replay",
    "open_sealing",
    "open_shelf",
    "open_triage",
    "open_witness",
    "open_witnessing",
    "open_worker",
    "read_confirmation_pack",
    "read_knowledge",
    "read_permit_keys",
    "read_policy",
    "read_triage_card",
    "read_triage_taxonomies",
    "read_trust_policy",
    "reception_beside",
    "rows_for_model",
    "seal_until",
    "settlement_of",
    "sign_until",
    "signer_socket",
    "signer_state",
    "train_triage",
]


def __getattr__(name: str) -> Any:
    """Whatever `__all__` names, from its room."""
    if name not in _ROOM_OF:
        raise AttributeError(f"the composition root has no {name}")
    return getattr(import_module(f"countermand.app.{_ROOM_OF[name]}"), name)
