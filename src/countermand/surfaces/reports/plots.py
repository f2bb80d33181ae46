"""The plots of a backtest's page."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from countermand.kernel.text import Text
from countermand.oversight.report import Overlap, PolicyReport, RuleChange, Series, TradeOffPoint
from countermand.oversight.results import SCORE_MAX
from countermand.surfaces.reports.drawing import (
    Frame,
    axis_label,
    box,
    dot,
    drawing,
    level_axis,
    line,
    named_axis,
    text,
    ticks,
    upright_axis,
)
from countermand.surfaces.reports.words import OUTCOMES
from countermand.surfaces.reports.writing import Writer, percent, plain, short

DISTURBING = ("challenge", "hold", "approve", "deny")
RULE_BARS_MAX = 14
_WIDE = Frame(width=1180, height=300, left=62)


def grouped(series: Series, most: int = 370) -> tuple[list[str], list[list[int]], int]:
    """The names and the outcomes of a series of days, in steps of 1, 7 or more days so that they fit."""
    count = len(series.names)
    step = 1 if count <= most else 7 if count <= 7 * most else -(-count // most)
    starts = range(0, count, step)
    sums = [[sum(row[start : start + step]) for start in starts] for row in series.outcomes]
    return [series.names[start] for start in starts], sums, step


def days_plot(name: str, main: PolicyReport, other: PolicyReport | None) -> Markup:
    """Alerts by day and outcome as columns; the other policy's alerts as a line."""
    names, rows, step = grouped(main.days)
    totals = [sum(column) for column in zip(*rows[1:], strict=True)]
    lines = [sum(column) for column in zip(*grouped(other.days)[1][1:], strict=True)] if other else []
    marks = ticks(max([*totals, *lines, 1]))
    frame, top, count = _WIDE, marks[-1], len(names)
    width = frame.inner_width / count
    parts = [upright_axis(frame, marks, short, _per(step)), named_axis(frame, names, _DAY)]
    for place, day in enumerate(names):
        base = 0
        tip = _day_tip(day, [row[place] for row in rows])
        for word, row in zip(DISTURBING, rows[1:], strict=True):
            if row[place]:
                y = frame.y((base + row[place]) / top)
                height = frame.y(base / top) - y
                gap = min(1.0, width / 5)
                parts.append(box(frame.x(place / count) + gap / 2, y, width - gap, height, f"o-{word}", tip))
                base += row[place]
    if lines:
        parts.append(
            line(((frame.x((p + 0.5) / count), frame.y(v / top)) for p, v in enumerate(lines)), "line-p")
        )
    return drawing(frame, name, parts)


_DAY = Text(en="local day", zh="本地日期")


def _per(step: int) -> Text:
    if step == 1:
        return Text(en="alerts a day", zh="每日告警")
    return Text(en=f"alerts in {step} days", zh=f"每{step}天告警")


def _day_tip(day: str, counts: Sequence[int]) -> Text:
    words = [(OUTCOMES[word], n) for word, n in zip(DISTURBING, counts[1:], strict=True) if n]
    return Text(
        en=f"{day}: " + ", ".join(f"{plain(n)} {word.en}" for word, n in words),
        zh=f"{day}：" + "，".join(f"{word.zh} {plain(n)}" for word, n in words),
    )


def hours_plot(name: str, main: PolicyReport) -> Markup:
    """The share of operations disturbed by hour of the day."""
    series = main.hours
    shares = [
        (total - allowed) / total if total else 0.0
        for total, allowed in zip(series.operations, series.outcomes[0], strict=True)
    ]
    marks = ticks(max([*shares, 0.001]))
    frame = Frame()
    parts = [
        upright_axis(frame, marks, _share, Text(en="share disturbed", zh="打扰比例")),
        named_axis(frame, series.names, Text(en="local hour", zh="本地时刻")),
    ]
    for place, share in enumerate(shares):
        y = frame.y(share / marks[-1])
        hour, total = series.names[place], plain(series.operations[place])
        tip = Text(
            en=f"{hour}:00: {percent(share)} of {total} operations",
            zh=f"{hour}时：{total} 笔中的 {percent(share)}",
        )
        parts.append(
            box(frame.x((place + 0.12) / 24), y, 0.76 * frame.inner_width / 24, frame.floor - y, "plain", tip)
        )
    return drawing(frame, name, parts)


def scores_plot(name: str, main: PolicyReport, bands: Sequence[tuple[int, str]]) -> Markup:
    """How the scores of frauds and of the rest are spread above 0, each as a share of its own."""
    table = main.scores
    labelled = sum(table.fraud) > 0
    rest = table.genuine if labelled else table.operations
    groups = [("fraud", table.fraud)] if labelled else []
    groups.append(("genuine", rest))
    shares = {kind: [n / max(1, sum(counts)) for n in counts] for kind, counts in groups}
    highest = max([value for values in shares.values() for value in values[1:]] or [0.0])
    marks = ticks(max(highest, 0.001))
    frame, count, top = Frame(), len(table.operations), marks[-1]
    parts = [upright_axis(frame, marks, _share, Text(en="share of its kind", zh="占同类比例"))]
    room, across = frame.inner_width / count, table.edges[-1]
    for number, (kind, values) in enumerate(shares.items()):
        for place, value in enumerate(values):
            y = max(frame.top, frame.y(min(value, top) / top))
            span = f"{table.edges[place]}-{table.edges[place + 1] - 1}"
            tip = Text(
                en=f"score {span}: {percent(value)} of {_KINDS[kind].en}",
                zh=f"评分 {span}：占{_KINDS[kind].zh} {percent(value)}",
            )
            x = frame.x(place / count) + room * (0.1 + 0.4 * number)
            parts.append(box(x, y, room * 0.4, frame.floor - y, f"k-{kind}", tip))
    for at_least, word in bands:
        if at_least <= across:
            x = frame.x(at_least / across)
            parts.append(line([(x, frame.top), (x, frame.floor)], f"band s-{word}"))
            parts.append(text(x + 5, frame.top + 11, OUTCOMES[word], "start", "small"))
    marks = [mark for mark in ticks(across) if mark <= across]
    parts.append(level_axis(frame, marks, _points, Text(en="score", zh="评分"), across))
    return drawing(frame, name, parts)


_KINDS = {
    "fraud": Text(en="fraud", zh="欺诈"),
    "genuine": Text(en="the rest", zh="其余操作"),
}


def trade_off_plot(name: str, main: PolicyReport, other: PolicyReport | None, writer: Writer) -> Markup:
    """Loss stopped against friction: what was tried, the best of it, and where the policies stand."""
    assert main.trade_off is not None, "drawn only where there is labelled fraud"
    by_seconds = main.trade_off.friction == "seconds"
    points = main.trade_off.points
    also = [p for p in (other.trade_off.points if other and other.trade_off else []) if p.is_current]

    def friction(point: TradeOffPoint) -> float:
        return point.seconds if by_seconds else point.disturbed

    current = [friction(point) for point in points if point.is_current]
    reach = max([4 * max([*current, *(friction(p) for p in also)]), 1e-6])
    near = [point for point in points if friction(point) <= reach]
    across = ticks(max(friction(point) for point in [*near, *also]))
    frame = Frame(height=360)
    label = (
        Text(en="seconds added to an average operation", zh="每笔操作平均增加的秒数")
        if by_seconds
        else Text(en="share of customers' operations disturbed", zh="客户操作打扰率")
    )
    parts = [
        upright_axis(
            frame,
            [0, 0.2, 0.4, 0.6, 0.8, 1],
            _share,
            Text(en="share of fraud money saved", zh="挽回的欺诈金额占比"),
        ),
        level_axis(frame, across, _seconds if by_seconds else _share, label),
    ]

    def at(point: TradeOffPoint) -> tuple[float, float]:
        return frame.x(friction(point) / across[-1]), frame.y(point.saved_share or 0.0)

    swept = sorted((point for point in near if not point.without), key=friction)
    parts.append(line(map(at, swept), "swept"))
    parts.append(line(map(at, sorted((p for p in near if p.is_best), key=friction)), "front"))
    for point in near:
        kind = "best" if point.is_best else "tried"
        parts.append(dot(*at(point), 3.5 if point.is_best else 2.5, kind, point_tip(point, writer)))
    for point, word in [
        *((p, "Q" if other else "P") for p in near if p.is_current),
        *((p, "P") for p in also),
    ]:
        x, y = at(point)
        parts.append(dot(x, y, 7, f"now now-{word.lower()}", point_tip(point, writer)))
        parts.append(text(x + 12, y + 5, word, "start", "strong"))
    return drawing(frame, name, parts)


def point_tip(point: TradeOffPoint, writer: Writer) -> Text:
    """One setting in words."""
    bands = thresholds_of(point)
    money, disturbed = writer.money(point.saved), percent(point.disturbed)
    en = f"bands {bands.en}: saves {money.en} ({percent(point.saved_share or 0)}), disturbs {disturbed}"
    zh = f"分数档 {bands.zh}：挽回 {money.zh}（{percent(point.saved_share or 0)}），打扰 {disturbed}"
    if point.without:
        en, zh = f"{en}, without {point.without}", f"{zh}，去掉规则 {point.without}"
    return Text(en=en, zh=zh)


def thresholds_of(point: TradeOffPoint) -> Text:
    """The bands' thresholds; one that no score reaches is off."""

    def words(off: str) -> str:
        return " / ".join(str(t) if t <= SCORE_MAX else off for t in point.thresholds) or "–"

    return Text(en=words("off"), zh=words("停用"))


def changes_plot(name: str, changes: Sequence[RuleChange]) -> Markup:
    """For the rules that changed most: where they began to fire (right) and ceased to (left)."""
    moved = [change for change in changes if change.began or change.ceased][:RULE_BARS_MAX]
    frame = Frame(height=30 * len(moved) + 58, left=190, right=40, top=26, bottom=32)
    most = ticks(max([1, *(max(change.began, change.ceased) for change in moved)]), 2)[-1]
    middle, half = frame.x(0.5), frame.inner_width / 2
    parts = [
        text(middle - 8, 16, Text(en="ceased to fire", zh="不再触发"), "end", "axis"),
        text(middle + 8, 16, Text(en="began to fire", zh="开始触发"), "start", "axis"),
        line([(middle, frame.top), (middle, frame.floor)], "tick"),
    ]
    for number, change in enumerate(moved):
        y = frame.top + 30 * number + 6
        tip = Text(
            en=f"{change.rule}: began on {plain(change.began)}, ceased on {plain(change.ceased)}",
            zh=f"{change.rule}：新触发 {plain(change.began)}，不再触发 {plain(change.ceased)}",
        )
        left, right = half * change.ceased / most, half * change.began / most
        parts += [
            text(frame.left - 10, y + 14, _cut(change.rule, 24), "end", "label"),
            box(middle - left, y, left, 20, "ceased", tip),
            box(middle, y, right, 20, "began", tip),
        ]
    for place, mark in ((0.0, most), (0.5, 0.0), (1.0, most)):
        parts.append(text(frame.x(place), frame.floor + 16, short(mark)))
    parts.append(axis_label(frame, Text(en="", zh="")))
    return drawing(frame, name, parts)


def overlap_plot(name: str, overlap: Overlap) -> Markup:
    """A square of rules: how often the column's rule fires where the row's rule does."""
    count = len(overlap.rules)
    cell = 38
    frame = Frame(width=176 + cell * count + 20, height=126 + cell * count, left=176, top=120, bottom=6)
    parts: list[Markup] = []
    for row, rule in enumerate(overlap.rules):
        y = frame.top + cell * row
        parts.append(text(frame.left - 8, y + cell / 2 + 4, _cut(rule, 22), "end", "label"))
        x = frame.left + cell * row + cell / 2
        parts.append(
            Markup('<g transform="rotate(-50 {0} {1})">{2}</g>').format(
                x, frame.top - 8, text(x, frame.top - 8, _cut(rule, 18), "start", "label")
            )
        )
        for column, share in enumerate(overlap.shares[row]):
            tip = Text(
                en=f"where {rule} fires, {overlap.rules[column]} fires on {percent(share)}",
                zh=f"{rule} 触发时，{overlap.rules[column]} 同时触发 {percent(share)}",
            )
            kind = "same" if row == column else f"heat h{round(share * 10)}"
            left = frame.left + cell * column
            parts.append(box(left + 1, y + 1, cell - 2, cell - 2, kind, tip))
            if row != column and share >= 0.005:
                words = f"{share * 100:.0f}"
                parts.append(text(left + cell / 2, y + cell / 2 + 4, words, kind=f"on h{round(share * 10)}"))
    return drawing(frame, name, parts)


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _share(value: float) -> Text:
    words = f"{value * 100:.6g}%"
    return Text(en=words, zh=words)


def _seconds(value: float) -> Text:
    return Text(en=f"{short(value).en} s", zh=f"{short(value).zh} 秒")


def _points(value: float) -> Text:
    return Text(en=f"{value:.0f}", zh=f"{value:.0f}")
