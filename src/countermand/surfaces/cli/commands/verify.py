"""`countermand verify`: is a receipt what it says? Also: write the verifier as one file of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from countermand.kernel.clock import MICROS_PER_SECOND, SystemClock
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, option
from countermand.surfaces.cli.printing import notice
from countermand.surfaces.cli.speech import current_speech
from countermand.surfaces.verifier.command import (
    ABOUT,
    CODE_HELP,
    ENTRY_HELP,
    OWN_HELP,
    POLICY_HELP,
    SEAL_HELP,
    TSA_HELP,
    Misused,
    findings_of,
    said,
)
from countermand.surfaces.verifier.zipapp import NAME, write_zipapp
from countermand.surfaces.verify_page.building import NAME as PAGE_NAME
from countermand.surfaces.verify_page.building import write_page

_FILE = click.Path(dir_okay=False, path_type=Path)


@command(None, "verify", en=ABOUT.en, zh=ABOUT.zh)
@click.argument("file", type=_FILE, required=False)
@option("--policy", type=_FILE, en=POLICY_HELP.en, zh=POLICY_HELP.zh)
@option("--entry", type=_FILE, en=ENTRY_HELP.en, zh=ENTRY_HELP.zh)
@option("--file", "own", type=_FILE, multiple=True, en=OWN_HELP.en, zh=OWN_HELP.zh)
@option("--code", en=CODE_HELP.en, zh=CODE_HELP.zh)
@option("--seal-ca", type=_FILE, en=SEAL_HELP.en, zh=SEAL_HELP.zh)
@option("--tsa-ca", type=_FILE, en=TSA_HELP.en, zh=TSA_HELP.zh)
@option(
    "--write-zipapp",
    "zipapp_path",
    type=click.Path(path_type=Path),
    en=f"Write the verifier as one file ({NAME}) here, for whoever has nothing of ours.",
    zh=f"将核验程序写成单个文件（{NAME}），供没有本产品的人使用。",
)
@option(
    "--write-page",
    "page_path",
    type=click.Path(path_type=Path),
    en=f"Write the page that checks receipts in a browser, offline ({PAGE_NAME}), here.",
    zh=f"将可在浏览器中离线核验回执的页面（{PAGE_NAME}）写到此处。",
)
@click.pass_context
def verify(
    context: click.Context,
    file: Path | None,
    policy: Path | None,
    entry: Path | None,
    own: tuple[Path, ...],
    code: str | None,
    seal_ca: Path | None,
    tsa_ca: Path | None,
    zipapp_path: Path | None,
    page_path: Path | None,
) -> None:
    """No database, no network, no settings: files in, findings out."""
    speech = current_speech()
    for path, name, write in ((zipapp_path, NAME, write_zipapp), (page_path, PAGE_NAME, write_page)):
        if path is not None:
            _write(path / name if path.is_dir() else path, write)
    if zipapp_path is not None or page_path is not None:
        return
    if file is None or policy is None:
        raise click.UsageError(
            speech.say(
                Text(
                    en="Give a receipt or a bundle, and a --policy.", zh="请提供回执或证据包文件与 --policy。"
                )
            )
        )
    now = SystemClock().now() // MICROS_PER_SECOND
    try:
        findings = findings_of(file, policy, now, entry, own, code, seal_ca, tsa_ca)
    except Misused as misuse:
        raise click.UsageError(misuse.words.of(speech.language)) from misuse
    click.echo(said(findings, speech.language, as_json=speech.as_json))
    context.exit(int(findings.verdict))


def _write(target: Path, write: Callable[[Path], None]) -> None:
    try:
        write(target)
    except OSError as error:
        raise click.FileError(str(target), error.strerror or "") from error
    notice(Text(en=f"Wrote {target}.", zh=f"已写入 {target}。"))
