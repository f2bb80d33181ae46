"""`countermand log monitor`: watch a log as an outsider; two stories are written down as a proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from countermand.app import open_monitoring, read_trust_policy
from countermand.flows.monitor_log import Report, monitor_log
from countermand.kernel.clock import MICROS_PER_SECOND, rfc3339
from countermand.kernel.errors import BadRequest, SetupError
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, in_event_loop, option
from countermand.surfaces.cli.place import quiet_logs
from countermand.surfaces.cli.printing import answer
from countermand.transparency.notes import Note, NoteError, parse_note
from countermand.transparency.proofs import HEADER, LogProof
from countermand.transparency.trust import TrustPolicy

FORKED, DOUBTFUL = 1, 2
KEPT_NAME, PROOF_NAME = "kept-note-{}.txt", "fraud-proof{}.txt"
KEPT_MAX = 64
NOTE_FILE_BYTES_MAX = 1 << 20
_NO_QUORUM = Text(en="NO quorum of witnesses vouches for them.", zh="见证方联署未达到法定数。")


@command(
    None,
    "monitor",
    en="Compare a log with its witnesses and notes handed in; exit code 0 one story, 1 two, 2 in doubt.",
    zh="比对日志、其见证方与他人提交的检查点；退出码：0 一致，1 发现分叉，2 存疑。",
)
@option(
    "--policy",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    en="Trust policy (C2SP tlog-policy) with the log's and the witnesses' keys and addresses.",
    zh="信任策略（C2SP tlog-policy），含日志与见证方的公钥及地址。",
)
@option(
    "--origin", en="Which log (default: the policy's only one).", zh="日志名称（默认为策略中唯一的日志）。"
)
@option(
    "--address",
    en="Where the log shows itself (default: the policy's).",
    zh="日志的访问地址（默认取自策略）。",
)
@option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    en="Folder for notes to compare again next time, and for fraud-proof.txt.",
    zh="文件夹：保存下次继续比对的检查点，以及 fraud-proof.txt。",
)
@option(
    "--note",
    "notes",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    en="A checkpoint or a tlog-proof that somebody was given; more than once for more.",
    zh="他人收到的检查点或 tlog-proof 文件；可多次给出。",
)
@option(
    "--chain",
    nargs=2,
    type=(str, click.IntRange(1)),
    metavar="URL ID",
    en="A node of the chain that the log is anchored in, of your own choice, and the chain's id.",
    zh="日志所锚定的链：由您自选的节点地址与链编号。",
)
@option(
    "--seconds",
    type=click.IntRange(1, 600),
    default=10,
    show_default=True,
    en="Most seconds for an answer.",
    zh="等待应答的最长秒数。",
)
@click.pass_context
@in_event_loop
async def monitor(
    context: click.Context, policy: Path, origin: str | None, address: str | None, state: Path,
    notes: Sequence[Path], chain: tuple[str, int] | None, seconds: int,
) -> None:  # fmt: skip
    """One look; a timer of the system's repeats it."""
    quiet_logs()
    trusted = read_trust_policy(policy)
    watched = _origin(trusted, origin)
    handed = {str(path): _read(path) for path in notes} | _kept(state)
    async with open_monitoring(trusted, watched, address, seconds, chain) as seen:
        report = await monitor_log(trusted, watched, seen.log, seen.witnesses, handed, seen.chain)
    written = _write(state, report)
    _tell(watched, report, written)
    if report.forks or report.doubts:
        context.exit(FORKED if report.forks else DOUBTFUL)


def _origin(policy: TrustPolicy, asked: str | None) -> str:
    origins = sorted({key.name for key in policy.logs})
    if asked in origins:
        return asked
    if asked is None and len(origins) == 1:
        return origins[0]
    raise BadRequest(
        "unknown_log_origin",
        f"Say which log with --origin; the policy knows: {', '.join(origins) or 'none'}.",
        f"请用 --origin 指明日志；策略中有：{', '.join(origins) or '无'}。",
    )


def _read(path: Path) -> Note:
    """The note in a file, or the one at the end of a proof."""
    try:
        with path.open("rb") as file:
            content = file.read(NOTE_FILE_BYTES_MAX + 1)
        return LogProof.parse(content).note if content.startswith(HEADER.encode()) else parse_note(content)
    except (OSError, NoteError) as error:
        raise BadRequest(
            "note_unreadable",
            f"{path.name} is neither a checkpoint nor a tlog-proof: {error}.",
            f"{path.name} 既不是检查点，也不是 tlog-proof：{error}。",
            file=str(path),
        ) from error


def _kept(state: Path) -> dict[str, Note]:
    return {path.name: _read(path) for path in sorted(state.glob(KEPT_NAME.format("*")))}


def _write(state: Path, report: Report) -> list[str]:
    """Keep what is to be compared again, and every proof; what was proved is never taken away."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        for number, note in enumerate(report.keep[:KEPT_MAX]):
            _replace(state / KEPT_NAME.format(number), str(note))
        for path in state.glob(KEPT_NAME.format("*")):
            if path.name not in {KEPT_NAME.format(number) for number in range(len(report.keep))}:
                path.unlink()
        known = {path.read_text(encoding="utf-8") for path in state.glob(PROOF_NAME.format("*"))}
        written: list[str] = []
        for proof in report.forks:
            if str(proof) not in known:
                taken = len(known) + len(written)
                path = state / PROOF_NAME.format(f"-{taken + 1}" if taken else "")
                _replace(path, str(proof))
                written.append(str(path))
    except OSError as error:
        raise SetupError(
            "monitor_state_unusable",
            f"The monitor's folder {state} cannot be used: {error}.",
            f"监测文件夹 {state} 无法使用：{error}。",
        ) from error
    return written


def _replace(path: Path, content: str) -> None:
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_text(content, encoding="utf-8")
    unfinished.replace(path)


def _quorum(size: int, times: Mapping[str, str]) -> Text:
    said = ", ".join(f"{name} {at}" for name, at in times.items())
    return Text(
        en=f"A quorum of witnesses vouches for {size} of them ({said or 'none is asked for'}).",
        zh=f"见证方法定数已为其中 {size} 条联署（{said or '策略不要求见证方'}）。",
    )


def _tell(origin: str, report: Report, written: Sequence[str]) -> None:
    vouched = report.vouched
    times = (
        {}
        if vouched is None
        else {
            name: rfc3339(seconds * MICROS_PER_SECOND)[:19] + "Z"
            for name, seconds in vouched.witnesses.items()
        }
    )
    value: dict[str, Any] = {
        "origin": origin,
        "size": None if report.top is None else report.top.size,
        "vouched_size": None if vouched is None else vouched.checkpoint.size,
        "cosigned_at": times,
        "agree": list(report.agree),
        "forks": len(report.forks),
        "written": list(written),
        "doubts": dict(report.doubts),
    }
    lines: list[Text | str] = []
    if report.top is not None:
        lines.append(
            Text(
                en=f"{origin} shows {report.top.size} entries.",
                zh=f"{origin} 当前展示 {report.top.size} 条。",
            )
        )
        lines.append(_NO_QUORUM if vouched is None else _quorum(vouched.checkpoint.size, times))
    lines.append(
        Text(
            en=f"One story: {', '.join(report.agree) or 'nobody'}.",
            zh=f"彼此一致：{'、'.join(report.agree) or '无'}。",
        )
    )
    lines += [
        Text(en=f"In doubt: {who} ({code}).", zh=f"存疑：{who}（{code}）。")
        for who, code in report.doubts.items()
    ]
    if report.forks:
        lines.append(
            Text(
                en=f"THE LOG TOLD TWO STORIES. Proof: {', '.join(written) or 'written before'}.",
                zh=f"该日志出现分叉（前后矛盾）。证据文件：{'、'.join(written) or '此前已写出'}。",
            )
        )
    answer(value, *lines)
