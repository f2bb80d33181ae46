"""`countermand auth-methods`: the methods and tiers of a confirmation pack, checked before they count."""

from __future__ import annotations

from pathlib import Path

import click

from countermand.confirmation.auth_methods import MethodRank, read_auth_methods
from countermand.confirmation.tier_pack import METHODS_FILE, TIERS_FILE, read_pack
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, group
from countermand.surfaces.cli.printing import answer_table


@group("auth-methods", en="Check methods and tiers of confirmation.", zh="检查验证方式与层级配置。")
def auth_methods() -> None:
    """Everything is in the subcommands."""


@command(
    auth_methods,
    "check",
    en="Check an auth_methods JSON file, or a folder with auth_methods.json and tiers.yaml; every finding is "
    "told with its line.",
    zh="检查 auth_methods JSON 文件，或含 auth_methods.json 与 tiers.yaml 的文件夹；逐处指出问题所在行。",
)
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, exists=True))
def check(path: Path) -> None:
    """The methods in the order in which they are offered."""
    ranks = _read(path)
    answer_table(
        {"methods": ranks},
        [Text(en="priority", zh="优先级"), Text(en="method", zh="方式"), Text(en="biometric", zh="生物识别")],
        [(one.priority, one.method.value, "✓" if one.biometric else "") for one in ranks],
        Text(en="", zh=""),
    )


def _read(path: Path) -> tuple[MethodRank, ...]:
    try:
        if path.is_dir():
            files = {name: (path / name).read_text(encoding="utf-8") for name in (METHODS_FILE, TIERS_FILE)}
            return read_pack(files).methods
        return read_auth_methods(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(
            "unreadable_file",
            f"The file {path} cannot be read: {type(error).__name__}.",
            f"无法读取文件 {path}：{type(error).__name__}。",
            file=str(path),
        ) from None
