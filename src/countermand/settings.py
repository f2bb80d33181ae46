"""Every setting of the product in one frozen object; each can be given as COUNTERMAND_<NAME>."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from countermand.kernel.errors import SetupError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """docs/operate/settings.md describes each in both languages.

    Raises SetupError (`bad_setting`) through `from_environment` when a value cannot be read.
    """

    data_dir: Path = Path("data")
    database_url: str | None = None
    postgres_binaries: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    policy: str = "cn-consumer-finance"
    policy_start: str = "live"
    policy_warm_seconds: int = 3600
    geo_country_file: Path | None = None
    geo_asn_file: Path | None = None
    group_size_max: int = 256
    groups_in_flight_max: int = 2
    queue_length_max: int = 20_000
    future_seconds_max: int = 300
    confirmation: str = "cn-consumer-finance"
    knowledge: Path | None = None
    public_notices: Path | None = None
    official_channels: Path | None = None
    official_key_file: Path | None = None
    challenge_seconds: int = 900
    approval_seconds: int = 86400
    banking: str | None = None
    banking_seconds_max: int = 10
    permit_key_file: Path | None = None
    permit_seconds: int = 300
    execution_seconds: int = 86400
    clock_skew_seconds_max: int = 2
    session_receivers: Path | None = None
    session_issuer: str = "https://countermand.invalid"
    shared_buffers_mb: int = 256
    vault_key_file: Path | None = None
    key_service: str = "file"
    key_service_key: str = "countermand"
    key_service_token_file: Path | None = None
    key_encryption_keys: str | None = None
    objects: str | None = None
    virus_scanner: str | None = None
    retention: Path | None = None
    relying_party: str = "localhost"
    relying_party_origins: str = "http://localhost:8080"
    breached_passwords_dir: Path | None = None
    device_check_days: int = 90
    password_reminder_days: int = 365
    staff_idle_seconds: int = 1800
    staff_session_seconds: int = 43200
    staff_invitation_seconds: int = 259200
    staff_issuer: str | None = None
    staff_client_id: str | None = None
    staff_client_secret_file: Path | None = None
    liveness_issuer: str | None = None
    liveness_keys_file: Path | None = None
    smtp_url: str | None = None
    smtp_sender: str | None = None
    imap_url: str | None = None
    imap_secret_file: Path | None = None
    mail_relay_name: str | None = None
    sms_gateway_url: str | None = None
    wechat_accounts_file: Path | None = None
    chat_keys_file: Path | None = None
    chat_audience: str = "countermand-chat"
    privacy_number: str = ""
    notice_webhook_url: str | None = None
    notice_webhook_secret_file: Path | None = None
    notice_webhook_recipient: str | None = None
    public_url: str | None = None
    trusted_proxies: str = ""
    timezone: str = "Asia/Shanghai"
    law_packs: str = "cn"
    triage_model: Path | None = None
    reading: str = "auto"
    shadow_lag_seconds_max: int = 300
    shadow_days_kept: int = 90
    log_origin: str = "countermand.invalid/countermand/main"
    log_sealing: str = "beside"
    log_entries: str = "closed"
    log_checkpoint_days_kept: int = 7
    log_signer_state: Path | None = None
    log_signer_socket: Path | None = None
    trust_policy: Path | None = None
    witness_seconds_max: int = 10
    timestamp_authorities: Path | None = None
    timestamp_seconds: int = 60
    timestamp_skew_seconds_max: int = 30
    anchor_url: str | None = None
    anchor_sender: str | None = None
    anchor_chain_id: int = 0
    anchor_seconds: int = 3600
    anchor_confirmations: int = 12
    seal_file: Path | None = None
    seal_passphrase_file: Path | None = None
    log_level: str = "info"
    spark_master: str = "local[2]"

    def with_values(self, **values: object) -> Settings:
        """These settings with some replaced; None leaves one as it is."""
        return replace(self, **{name: value for name, value in values.items() if value is not None})  # type: ignore[arg-type]


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the COUNTERMAND_* variables that name one; others are left alone."""
    given = os.environ if environment is None else environment
    values: dict[str, object] = {}
    types = {field.name: str(field.type) for field in fields(Settings)}
    for variable, text in given.items():
        if not variable.startswith("COUNTERMAND_") or text == "":
            continue
        name = variable.removeprefix("COUNTERMAND_").lower()
        if name not in types:
            continue
        values[name] = _value(variable, text, types[name])
    return Settings(**values)  # type: ignore[arg-type]


def _value(variable: str, text: str, kind: str) -> object:
    if kind.startswith("Path"):
        return Path(text)
    if kind == "int":
        if not text.isdigit():
            raise SetupError(
                "bad_setting",
                f"{variable} must be a whole number, not {text!r}.",
                f"{variable} 必须是整数，而不是 {text!r}。",
                variable=variable,
            )
        return int(text)
    return text
