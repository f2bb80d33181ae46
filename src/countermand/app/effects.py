"""Who stands behind the ports of the outbox, by the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from countermand.adapters.sessions.back_channel import BackChannel, read_receivers
from countermand.adapters.sessions.keys import kept_session_key
from countermand.app.readings import reading_engine
from countermand.flows.chat import CHAT_REPLIES_PORT
from countermand.flows.wechat_answers import PORTS
from countermand.kernel.clock import Clock
from countermand.settings import Settings
from countermand.vocabulary.pictures import READING_PORT
from countermand.vocabulary.reports import Channel, answers_port

SESSIONS = "sessions"


def effect_ports(settings: Settings) -> frozenset[str]:
    """The ports for which effects are put; notices always reach the product's own feed."""
    found = {"notices", CHAT_REPLIES_PORT}
    if settings.banking is not None:
        found.add("banking")
    if settings.session_receivers is not None:
        found.add(SESSIONS)
    if settings.imap_url is not None and settings.smtp_url is not None:
        found.add(answers_port(Channel.EMAIL))
    if settings.wechat_accounts_file is not None:
        found.update(PORTS)
    if reading_engine(settings) is not None:
        found.add(READING_PORT)
    return frozenset(found)


def session_port(
    settings: Settings, receivers_file: Path, clock: Clock, client: httpx.AsyncClient
) -> BackChannel:
    """The port that tells relying parties of ended sessions.

    Raises SetupError (`bad_session_receivers`, `bad_session_key`).
    """
    receivers = read_receivers(receivers_file)
    return BackChannel(receivers, kept_session_key(settings.data_dir), settings.session_issuer, clock, client)


def session_jwks(settings: Settings) -> dict[str, Any]:
    """The public keys of logout tokens (RFC 7517); none where none are sent."""
    if settings.session_receivers is None:
        return {"keys": []}
    return kept_session_key(settings.data_dir).jwks
