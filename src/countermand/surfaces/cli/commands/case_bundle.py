"""`countermand case bundle`: bind a case into one sealed file for a court, a regulator or the customer."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import click

from countermand.flows.bundle_case import Bound, Bundling, bundle_case
from countermand.flows.hand_out_receipt import NotSealed
from countermand.kernel.errors import Conflict
from countermand.kernel.text import Text
from countermand.surfaces.cli.at_desk import key_option, whole_desk
from countermand.surfaces.cli.case_acts import say
from countermand.surfaces.cli.grammar import command, data_dir_option, in_event_loop, option
from countermand.surfaces.cli.printing import answer


@command(
    None,
    "bundle",
    en="Bind a case into one sealed file (ASiC-E) that anybody checks without us.",
    zh="将案件装订为一个盖章文件（ASiC-E），任何人不经我方即可核验。",
)
@click.argument("number")
@option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    required=True,
    en="The file to write, or a folder.",
    zh="写入的文件或文件夹。",
)
@option(
    "--age",
    en="A court's public key (age1...): every exhibit goes in, for its holder alone; it takes two people.",
    zh="司法机关的 age 公钥（age1……）：含全部证物原件，仅其可打开；须两人办理。",
)
@option("--reason", en="What for; with --age it must be said.", zh="用途；使用 --age 时必填。")
@option(
    "--language",
    type=click.Choice(["zh", "en"]),
    default="zh",
    en="The language that papers speak first.",
    zh="文书首选语言。",
)
@key_option
@data_dir_option
@in_event_loop
async def bundle(
    number: str,
    target: Path,
    age: str | None,
    reason: str | None,
    language: str,
    key: str,
    data_dir: Path | None,
) -> None:
    """Written beside its place and put there when it is whole; a file that is there stays as it is."""
    wanted = Bundling(language="en" if language == "en" else "zh", age=age, reason=reason)
    async with whole_desk(data_dir, key) as (desk, by):
        found = await bundle_case(desk.bundles, number, wanted, by)
    if isinstance(found, NotSealed):
        raise Conflict("log_behind", found.text.en, found.text.zh)
    if not isinstance(found, Bound):
        return say(found)
    try:
        place = _write(found, target)
    finally:
        found.made.close()
    return answer(
        {"file": str(place), "bytes": place.stat().st_size, "manifest_sha256": found.sha256},
        Text(en=f"Wrote {place}.", zh=f"已写入 {place}。"),
    )


def _write(bound: Bound, target: Path) -> Path:
    """The whole file or none; for its owner's eyes."""
    place = target / bound.file_name if target.is_dir() else target
    beside = place.with_name(f".{place.name}.part")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.writelines(bound.made.pieces())
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, place)
    except OSError as error:
        raise click.FileError(str(place), error.strerror or "") from error
    finally:
        with suppress(OSError):
            beside.unlink()
    return place
