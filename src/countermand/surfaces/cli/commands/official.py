"""`countermand official`: what is really ours, signed; and whether something is, also from files alone."""

from __future__ import annotations

from pathlib import Path

import click

from countermand.app import check_signed_registry, open_official_channels
from countermand.flows.official_channels import OfficialChannels
from countermand.intake.official_check import Claim, Finding, Verdict
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, option
from countermand.surfaces.cli.place import settings_with
from countermand.surfaces.cli.printing import answer

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
VERDICTS = {
    Verdict.OURS: Text(en="OURS", zh="是我们的"),
    Verdict.NOT_OURS: Text(en="NOT OURS", zh="不是我们的"),
    Verdict.UNKNOWN: Text(en="UNKNOWN", zh="无法确定"),
}


@group("official", en="Check whether something is really ours.", zh="核验某物是否属于本机构。")
def official() -> None:
    """Everything is in the subcommands."""


@command(
    official,
    "show",
    en="Print the signed registry of official channels (a compact JWS), or its public keys.",
    zh="输出已签名的官方渠道登记表（JWS），或其公钥。",
)
@option(
    "--keys",
    "only_keys",
    is_flag=True,
    en="The public keys (JWK Set) instead.",
    zh="改为输出公钥（JWK Set）。",
)
@data_dir_option
def show(only_keys: bool, data_dir: Path | None) -> None:
    """What stands at the well-known address."""
    found = open_official_channels(settings_with(data_dir))
    answer(
        dict(found.keys) if only_keys else {"registry": found.signed}, *([] if only_keys else [found.signed])
    )


@command(
    official,
    "check",
    en="Whether a link, number, account, staff number, message or fingerprint is ours.",
    zh="核验链接、号码、账户、工号、消息或应用指纹是否属于本机构。",
)
@click.argument("value")
@option("--kind", type=click.Choice([one.value for one in Claim]), en="What it is.", zh="内容类型。")
@option(
    "--registry",
    type=_FILE,
    en="A signed registry that was kept; nothing else is asked then.",
    zh="已保存的签名登记表；离线核验。",
)
@option("--keys", type=_FILE, en="The public keys that were kept with it.", zh="与其一同保存的公钥。")
@data_dir_option
def check(
    value: str, kind: str | None, registry: Path | None, keys: Path | None, data_dir: Path | None
) -> None:
    """With --registry and --keys no setting and no network is read."""
    if (registry is None) != (keys is None):
        raise click.UsageError("--registry, --keys")
    found = _opened(registry, keys, data_dir).check(value, None if kind is None else Claim(kind))
    shown = [_shown(one) for one in found.findings]
    answer(
        {"verdict": found.verdict.value, "findings": shown},
        VERDICTS[found.verdict],
        *map(_said, found.findings),
    )


def _opened(registry: Path | None, keys: Path | None, data_dir: Path | None) -> OfficialChannels:
    if registry is None or keys is None:
        return open_official_channels(settings_with(data_dir))
    return check_signed_registry(registry, keys)


def _shown(one: Finding) -> dict[str, object]:
    return {
        "kind": one.kind.value,
        "verdict": one.verdict.value,
        "code": one.code,
        "shown": one.shown,
        "text": {"en": one.text.en, "zh": one.text.zh},
    }


def _said(one: Finding) -> Text:
    before = f"{one.shown}: " if one.shown else ""
    return Text(en=f"{before}{one.text.en}", zh=f"{before}{one.text.zh}")
