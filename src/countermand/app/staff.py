"""How staff come in by browser, put together from the settings."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from countermand.adapters.identity.open_id import OpenIdProvider, read_client
from countermand.adapters.postgres.access import PostgresSessions
from countermand.adapters.postgres.unit import PostgresWorks
from countermand.app.desk import networks_of
from countermand.flows.proving import ProvingKit
from countermand.flows.staff_access import StaffAccess
from countermand.kernel.clock import Clock
from countermand.kernel.errors import SetupError
from countermand.kernel.ids import Ids
from countermand.settings import Settings
from countermand.vocabulary.staff_access import SessionTerms

BACK_PATH = "/staff/provider/back"


async def staff_access(
    stack: AsyncExitStack,
    settings: Settings,
    pool: asyncpg.Pool[Any],
    kit: ProvingKit,
    clock: Clock,
    ids: Ids,
) -> StaffAccess:
    """Signing in as the settings want it. Raises SetupError (`bad_setting`, `client_secret_unusable`)."""
    address = (settings.public_url or f"http://localhost:{settings.port}").rstrip("/")
    provider = None
    if settings.staff_issuer is not None:
        client = read_client(settings.staff_client_id, settings.staff_client_secret_file)
        provider = OpenIdProvider(settings.staff_issuer, client, f"{address}{BACK_PATH}", clock)
        stack.push_async_callback(provider.close)
    return StaffAccess(
        works=PostgresWorks(pool),
        sessions=PostgresSessions(pool),
        kit=kit,
        clock=clock,
        ids=ids,
        terms=_terms(settings),
        address=address,
        origins=frozenset({_origin(address), *_origins(settings.relying_party_origins)}),
        trusted=networks_of(settings.trusted_proxies),
        provider=provider,
    )


def _terms(settings: Settings) -> SessionTerms:
    terms = SessionTerms(
        settings.staff_idle_seconds, settings.staff_session_seconds, settings.staff_invitation_seconds
    )
    for name, value in zip(("idle", "session", "invitation"), terms, strict=True):
        if value < 1:
            variable = f"COUNTERMAND_STAFF_{name.upper()}_SECONDS"
            raise SetupError(
                "bad_setting",
                f"{variable} must be at least 1.",
                f"{variable} 至少为 1。",
                variable=variable,
            )
    return terms


def _origins(text: str) -> set[str]:
    return {
        _origin(one.strip()) for one in text.split(",") if one.strip().startswith(("http://", "https://"))
    }


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()
