"""What challenges are checked with, put together from the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from countermand.adapters.credentials.envelope import JweEnvelope
from countermand.adapters.credentials.liveness import SignedLiveness
from countermand.adapters.credentials.passkeys import WebAuthnPasskeys
from countermand.adapters.credentials.passwords import ArgonPasswords
from countermand.adapters.credentials.time_codes import PyOtpCodes
from countermand.adapters.credentials.vault import FileVault
from countermand.adapters.senders.kannel import Kannel
from countermand.adapters.senders.relay import SmtpRelay
from countermand.adapters.senders.sms_gateway import SmsCodes
from countermand.adapters.senders.smtp import SmtpCodes
from countermand.app.files import read_confirmation_pack
from countermand.confirmation.challenge_ports import CodeSender
from countermand.confirmation.tier_pack import read_pack
from countermand.flows.proving import ProvingKit
from countermand.settings import Settings
from countermand.vocabulary.authenticators import Method

VAULT_KEY_FILE = "vault.key"


@asynccontextmanager
async def open_proving(settings: Settings, *, may_make_keys: bool = True) -> AsyncIterator[ProvingKit]:
    """The kit of the settings; a method whose part is not set is not offered.

    Not `may_make_keys`: something is sealed already, so its key file must be there.

    Raises SetupError (`vault_unusable`, `key_encryption_key_lost`,
    `unknown_confirmation_pack`, `liveness_keys_unusable`,
    `bad_setting`), PolicyError (`auth_pack_refused`).
    """
    senders: dict[Method, CodeSender] = {}
    gateway = None
    if settings.sms_gateway_url is not None:
        gateway = Kannel(settings.sms_gateway_url)
        senders[Method.SMS] = SmsCodes(gateway)
    if settings.smtp_url is not None:
        senders[Method.EMAIL] = SmtpCodes(SmtpRelay(settings.smtp_url, settings.smtp_sender or ""))
    liveness = None
    if settings.liveness_issuer is not None and settings.liveness_keys_file is not None:
        liveness = SignedLiveness(settings.liveness_issuer, settings.liveness_keys_file)
    origins = [one.strip() for one in settings.relying_party_origins.split(",") if one.strip()]
    try:
        yield ProvingKit(
            pack=read_pack(read_confirmation_pack(settings.confirmation)),
            vault=FileVault(
                settings.vault_key_file or settings.data_dir / VAULT_KEY_FILE, may_make=may_make_keys
            ),
            passwords=ArgonPasswords(settings.breached_passwords_dir),
            time_codes=PyOtpCodes(),
            passkeys=WebAuthnPasskeys(settings.relying_party, "Countermand", origins),
            envelope=JweEnvelope(),
            liveness=liveness,
            senders=senders,
        )
    finally:
        if gateway is not None:
            await gateway.close()
