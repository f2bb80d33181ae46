"""The report's first sentences: what the policy does, and whether the other one would do better."""

from __future__ import annotations

from collections.abc import Iterable

from countermand.kernel.text import Text
from countermand.oversight.figures import Figure
from countermand.oversight.report import BacktestReport, PolicyReport
from countermand.surfaces.reports.words import BETTER_UP
from countermand.surfaces.reports.writing import Writer, percent, plain


def verdict_of(report: BacktestReport, writer: Writer) -> list[Text]:
    """Two or three sentences, each true by the figures it names."""
    if report.comparison is None:
        return [*_alone(report.p, writer), *_budgets(report.p)]
    differences = report.comparison.differences
    changed, of = report.comparison.changed.value or 0, report.comparison.operations.value or 0
    first = Text(
        en=f"Q answers {plain(changed)} of {plain(of)} operations otherwise than P.",
        zh=f"与 P 相比，Q 对 {plain(of)} 笔操作中的 {plain(changed)} 笔给出不同处置。",
    )
    moved = _moved(differences.get("loss_stopped"), writer, _LOSS)
    felt = _moved(differences.get("disturbed_share"), writer, _FELT)
    return [first, *moved, *felt, *(_budgets(report.q) if report.q else [])]


def direction(name: str, difference: Figure) -> str:
    """`better`, `worse` or `unsure` for a difference whose interval leaves no doubt, or does."""
    if difference.low is None or difference.high is None or difference.low <= 0 <= difference.high:
        return "unsure"
    return "better" if (difference.low > 0) == (name in BETTER_UP) else "worse"


def _alone(policy: PolicyReport, writer: Writer) -> Iterable[Text]:
    figures = policy.figures
    day, felt = figures["alerts_a_day"], figures["disturbed_share"]
    share = figures.get("loss_stopped_share")
    if share is not None and share.value is not None:
        money = writer.money(figures["loss_stopped"].value or 0)
        yield Text(
            en=f"{policy.label} stops {percent(share.value)} of the fraud money ({money.en}; "
            f"95%: {writer.interval(share).en}).",
            zh=f"{policy.label} 拦下 {percent(share.value)} 的欺诈金额（{money.zh}；"
            f"95% 区间：{writer.interval(share).zh}）。",
        )
    yield Text(
        en=f"It disturbs {percent(felt.value or 0)} of customers' operations and raises "
        f"{writer.figure(day).en} alerts a day.",
        zh=f"它打扰 {percent(felt.value or 0)} 的客户操作，日均告警 {writer.figure(day).zh} 笔。",
    )


def _budgets(policy: PolicyReport) -> Iterable[Text]:
    over = [line.rule for line in policy.rules if line.budget.status in ("over", "perhaps")]
    if over:
        names = ", ".join(over[:4]) + (", …" if len(over) > 4 else ".")
        count = len(over)
        verb = "is" if count == 1 else "are"
        yield Text(
            en=f"{count} rule{'' if count == 1 else 's'} {verb} over the false-positive budget: {names}",
            zh=f"{count} 条规则超出误伤预算：{names.rstrip('.')}。",
        )


_LOSS = (
    Text(en="It stops {} more fraud money", zh="多拦下欺诈金额 {}"),
    Text(en="It stops {} less fraud money", zh="少拦下欺诈金额 {}"),
    Text(
        en="The data cannot tell whether it stops more fraud money",
        zh="数据不足以判断它是否拦下更多欺诈金额",
    ),
)
_FELT = (
    Text(en="It disturbs more customers, by {} of their operations", zh="打扰更多客户，打扰率上升 {}"),
    Text(en="It disturbs fewer customers, by {} of their operations", zh="打扰更少客户，打扰率下降 {}"),
    Text(
        en="The data cannot tell whether it disturbs more customers",
        zh="数据不足以判断它是否打扰更多客户",
    ),
)


def _moved(figure: Figure | None, writer: Writer, words: tuple[Text, Text, Text]) -> Iterable[Text]:
    """One difference in a sentence with its interval."""
    if figure is None or figure.value is None or figure.low is None or figure.high is None:
        return
    surely = not figure.low <= 0 <= figure.high
    one = words[2] if not surely else words[0] if figure.value > 0 else words[1]
    amount = writer.signed(abs(figure.value), figure.unit)
    bounds = writer.signed_interval(figure)
    yield Text(
        en=one.en.format(amount.en.removeprefix("+")) + f" (difference, 95%: {bounds.en}).",
        zh=one.zh.format(amount.zh.removeprefix("+")) + f"（差值 95% 区间：{bounds.zh}）。",
    )
