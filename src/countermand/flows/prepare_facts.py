"""Before a backtest: the facts tables that its policies need, and what must be said about their source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from countermand.flows.circumstances import EMPTY, Surroundings
from countermand.flows.facts_columns import Asked, FactsFolder, facts_columns, facts_key
from countermand.flows.facts_of_file import FactsOfFile, SkippingTable, facts_of_file
from countermand.flows.facts_of_record import FactsOfRecord, Record, facts_of_record
from countermand.kernel.clock import MICROS_PER_DAY, rfc3339
from countermand.kernel.errors import BadRequest, SetupError
from countermand.kernel.text import Text
from countermand.policy.plan import Window
from countermand.policy.program import Program
from countermand.vocabulary.facts_table import FactColumn, FactsTable
from countermand.vocabulary.places import Place

Told = Callable[[int], None]


class Shelf(Protocol):
    """Where facts tables are kept."""

    def folder(self, key: str, columns: Sequence[FactColumn]) -> AbstractContextManager[FactsFolder]:
        """The table of that key. Raises Conflict (`facts_in_use`), SetupError (`facts_not_written`)."""
        ...


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a reader of the results must know: a stable code, and the words."""

    code: str
    text: Text


@dataclass(slots=True)
class Prepared:
    """The facts of each policy, in the order of the policies; counts of the source; remarks."""

    tables: list[FactsTable]
    counts: dict[str, Any]
    remarks: list[Remark] = field(default_factory=list)
    refused_rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file to be backtested on.

    `identity` tells it from every other. `delay`: how long after an operation its label becomes known, in
    microseconds; None where the mapping does not say. `latest` is the real present.
    """

    table: SkippingTable
    identity: Mapping[str, Any]
    labelled: bool
    delay: int | None
    latest: int
    locate: Callable[[str], Place]
    places_known: bool


@contextmanager
def facts_from_file(
    source: FileSource, shelf: Shelf, programs: Sequence[Program], rows_max: int | None, told: Told
) -> Iterator[Prepared]:
    """The facts of a file for these policies; while the block lasts nobody changes them.

    Raises SetupError (`table_unreadable`, `nothing_to_decide`), BadRequest (`labels_needed`), and those of
    the shelf.
    """
    for program in programs:
        _check_labels(program, source)
    identity = {**source.identity, "rows_max": rows_max, "delay": source.delay}
    with ExitStack() as stack:
        tasks: dict[str, FactsOfFile] = {}
        keys = [facts_key(identity, program) for program in programs]
        for key, program in zip(keys, programs, strict=True):
            if key not in tasks:
                folder = stack.enter_context(shelf.folder(key, facts_columns(program)))
                surroundings = Surroundings(program, source.locate, EMPTY, EMPTY)
                tasks[key] = FactsOfFile(program, surroundings, folder, source.latest, source.delay)
        facts_of_file(source.table, list(tasks.values()), rows_max, told)
        for task in tasks.values():
            task.folder.share()
        counts = tasks[keys[0]].folder.summary()
        shown = counts.pop("refused_rows")
        if not counts["kept"]:
            raise _nothing(shown)
        remarks = [one for program in programs for one in _remarks_on_file(program, source)]
        remarks += [one for program in programs for one in _filling(program, counts["earliest"])]
        tables = [tasks[key].folder.table() for key in keys]
        yield Prepared(tables, _public(counts), _once(remarks), shown)


async def facts_from_record(
    record: Record,
    sources: Mapping[int, Mapping[str, str]],
    identity: Mapping[str, Any],
    shelf: Shelf,
    programs: Sequence[Program],
    since: int | None,
    told: Told,
    stack: ExitStack,
    *,
    live: bool = False,
) -> Prepared:
    """The facts of what was decided live, for these policies; kept unchanged until `stack` is closed.

    `since`: what is asked about occurred then or later; as much more is taken as windows look back. `live`
    brings every recorded fact along. Raises SetupError (`nothing_recorded`), Unavailable, and the shelf's.
    """
    earliest = await record.earliest()
    if earliest is None:
        raise SetupError(
            "nothing_recorded",
            "Nothing has been decided here yet, so there is nothing to backtest on.",
            "这里尚未作出任何决策，没有可供回测的数据。",
        )
    tasks: dict[str, FactsOfRecord] = {}
    keys = []
    for program in programs:
        bound = None if since is None else _day_before(since - program.plan.history_micros)
        key = facts_key({**identity, "since": bound}, program, live=live)
        keys.append((key, bound))
        if key not in tasks:
            folder = stack.enter_context(shelf.folder(key, facts_columns(program, live=live)))
            tasks[key] = FactsOfRecord(program, sources, folder, bound, live)
    await facts_of_record(record, list(tasks.values()), told)
    for task in tasks.values():
        task.folder.share()
    counts = tasks[keys[0][0]].folder.summary()
    remarks: list[Remark] = []
    for (key, _), program in zip(keys, programs, strict=True):
        remarks += _lost(program, tasks[key])
        decided_by = tasks[key].read.decided_by
        remarks += _declared(program, decided_by.total() - decided_by[program.label])
        remarks += _filling(program, earliest, since)
    return Prepared([tasks[key].folder.table() for key, _ in keys], _public(counts), _once(remarks))


def _day_before(at: int) -> int:
    """So that backtests of the same day share one table."""
    return at // MICROS_PER_DAY * MICROS_PER_DAY


def _public(counts: dict[str, Any]) -> dict[str, Any]:
    hidden = {"clock", "seq", "labelled_until", "lost"}
    return {name: value for name, value in counts.items() if name not in hidden}


def _once(remarks: Sequence[Remark]) -> list[Remark]:
    return list(dict.fromkeys(remarks))


def asks_label(program: Program) -> bool:
    """Whether some feature looks at labels."""
    return any("fraud" in term.names() for term in program.package.filters)


def _check_labels(program: Program, source: FileSource) -> None:
    if asks_label(program) and (not source.labelled or source.delay is None):
        raise BadRequest(
            "labels_needed",
            f"{program.label} has features that look at `fraud`: the mapping must give `label` a `delay`.",
            f"{program.label} 有引用 fraud 的特征；映射须写明 label 及其 delay。",
            policy=program.label,
        )


def _nothing(shown: Sequence[Mapping[str, Any]]) -> SetupError:
    first = shown[0] if shown else None
    en = "" if first is None else f" Row {first['row']}: {first['text']['en']} [{first['code']}]"
    zh = "" if first is None else f"第{first['row']}行：{first['text']['zh']} [{first['code']}]"
    return SetupError(
        "nothing_to_decide",
        f"No row of the file is an operation that could be decided.{en}",
        f"文件中没有一行是可以决策的操作。{zh}",
    )


def _remarks_on_file(program: Program, source: FileSource) -> Iterator[Remark]:
    asked = Asked.by(program)
    unknown = [*asked.profile, *(() if source.places_known else asked.places)]
    if unknown:
        names = ", ".join(dict.fromkeys(unknown))
        lacks = Text(en=" and no address tables are set", zh="，也未设置 IP 地址表")
        lacks = Text(en="", zh="") if source.places_known else lacks
        yield Remark(
            "facts_not_in_file",
            Text(
                en=f"{program.label}: a file has no account profiles{lacks.en}; "
                f"as if for a new account: {names}.",
                zh=f"{program.label}：文件中没有账户资料{lacks.zh}；以下事实按新账户处理：{names}。",
            ),
        )
    if asked.lists:
        names = ", ".join(sorted({program.package.listed[name][0] for name in asked.lists}))
        yield Remark(
            "lists_empty",
            Text(
                en=f"{program.label}: lists are taken as empty: {names}.",
                zh=f"{program.label}：名单按空名单处理：{names}。",
            ),
        )
    yield from _declared(program, None)
    if not source.labelled:
        yield Remark(
            "labels_missing",
            Text(
                en="The mapping names no label: nothing can be said about fraud found or missed.",
                zh="映射没有指定标签列：无法评价识别了多少欺诈。",
            ),
        )


def _lost(program: Program, task: FactsOfRecord) -> Iterator[Remark]:
    """The facts that nobody recorded, by name; they are unknown, and rules do what `if_unknown` says."""
    lost = task.read.lost
    if lost:
        names = ", ".join(f"{name} ({count:,})" for name, count in sorted(lost.items()))
        yield Remark(
            "facts_not_recorded",
            Text(
                en=f"{program.label} asks for facts that were not recorded for some operations; they are "
                f"unknown there (a local time is that of the policy's zone): {names}.",
                zh=f"{program.label} 用到部分操作未记录的事实，"
                f"这些操作按未知处理（当地时间取策略时区）：{names}。",
            ),
        )


def _declared(program: Program, others: int | None) -> Iterator[Remark]:
    """Operations that this policy did not decide, all or so many, and so under none of its moved values."""
    if not program.thresholds or others == 0:
        return
    names = ", ".join(program.thresholds)
    en = "" if others is None else f" for {others:,} operations that other policies decided"
    zh = "" if others is None else f"由其他策略决策的 {others:,} 笔操作中，"
    yield Remark(
        "thresholds_declared",
        Text(
            en=f"{program.label}: thresholds stand at their declared values{en}: {names}.",
            zh=f"{program.label}：{zh}阈值按声明的取值计算：{names}。",
        ),
    )


def _filling(program: Program, earliest: int, since: int | None = None) -> Iterator[Remark]:
    """The features whose windows reach back before the first operation there is."""
    start = earliest if since is None else max(since, earliest)
    short = [
        (window.name, window.micros + delay_of(window))
        for window in program.plan.windows
        if start - window.micros - delay_of(window) < earliest
    ]
    if short:
        full_from = rfc3339(earliest + max(micros for _, micros in short))[:10]
        names, begun = ", ".join(name for name, _ in short), rfc3339(earliest)[:10]
        yield Remark(
            "history_not_kept",
            Text(
                en=f"{program.label}: history begins on {begun}, so these see less than they ask for at "
                f"first, and all of it only from {full_from} on: {names}.",
                zh=f"{program.label}：历史从 {begun} 开始，以下特征起初看到的历史不完整，"
                f"自 {full_from} 起才完整：{names}。",
            ),
        )


def delay_of(window: Window) -> int:
    """How far a window's end lies before the operation, in microseconds."""
    return getattr(window, "delay_micros", 0)
