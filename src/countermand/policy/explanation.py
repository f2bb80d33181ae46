"""A policy in words, for people who did not write it: every feature, limit, rule and band as a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from countermand.kernel.text import Text
from countermand.policy.bound import BoundModel, BoundRule, BoundThreshold
from countermand.policy.declarations import DAY, Band, Feature
from countermand.policy.models import SCENARIO
from countermand.policy.plan import Aggregate
from countermand.policy.program import Program
from countermand.policy.wording import written_value
from countermand.vocabulary.friction import FalsePositiveBudget
from countermand.vocabulary.thresholds import Measure, Value

_UNITS = (
    (7 * DAY, "week", "周"),
    (DAY, "day", "天"),
    (DAY // 24, "hour", "小时"),
    (60 * 10**6, "minute", "分钟"),
    (10**6, "second", "秒"),
)
_OF_COLUMN = {
    Aggregate.SUM: ("sum of {column}", "{column} 之和"),
    Aggregate.AVG: ("average {column}", "{column} 平均值"),
    Aggregate.MIN: ("smallest {column}", "最小的 {column}"),
    Aggregate.MAX: ("largest {column}", "最大的 {column}"),
    Aggregate.DISTINCT: ("number of different {column}", "不同 {column} 的个数"),
    Aggregate.LAST: ("latest {column}", "最近一次的 {column}"),
    Aggregate.COUNT: ("number of operations", "操作次数"),
    Aggregate.FIRST_SEEN: ("time since the first operation", "距首次操作的时长"),
    Aggregate.TIME_SINCE_LAST: ("time since the latest operation", "距最近一次操作的时长"),
}


@dataclass(frozen=True, slots=True)
class Explained:
    """One thing of a policy and its sentence; `section`: budget, feature, threshold, rule, model or band."""

    section: str
    name: str
    text: Text


def explain(program: Program) -> list[Explained]:
    """The budget of all rules, features, thresholds, rules (limits and models' bands too), models, bands.

    Each in the policy's order.
    """
    declared = program.package.declared
    default = declared.head.false_positive_budget
    return [
        *([] if default is None else [Explained("budget", "false_positive_budget", default_text(default))]),
        *(Explained("feature", one.name, feature_text(one)) for one in declared.features),
        *(
            Explained("threshold", one.name, threshold_text(one, program.currency))
            for one in program.package.thresholds
        ),
        *(Explained("rule", one.id, rule_text(one)) for one in program.package.rules),
        *(Explained("model", one.name, model_text(one)) for one in program.models),
        *(Explained("band", f"score>={one.at_least}", band_text(one)) for one in declared.bands),
    ]


def duration_text(micros: int) -> Text:
    """A duration in its largest whole unit.

    >>> duration_text(48 * 3600 * 10**6).en, duration_text(90 * 10**6).zh
    ('2 days', '90秒')
    """
    for size, en, zh in _UNITS:
        if micros % size == 0:
            count = micros // size
            return Text(en=f"{count} {en}" + ("" if count == 1 else "s"), zh=f"{count}{zh}")
    return Text(en=f"{micros} microseconds", zh=f"{micros}微秒")


def feature_text(feature: Feature) -> Text:
    """What a feature measures, over which operations."""
    if feature.aggregate is Aggregate.RATE:
        per = duration_text(feature.per)
        en, zh = f"operations per {per.en}", f"每{per.zh}的操作次数"
    else:
        en, zh = _OF_COLUMN[feature.aggregate]
    by = ", ".join(feature.by)
    en = f"The {en.format(column=feature.column)} of the same {by}"
    zh = f"同一 {by} 的{zh.format(column=feature.column)}"
    span = Text(en="over all of the history", zh="全部历史")
    if feature.over is not None:
        over = duration_text(feature.over)
        span = Text(en=f"in the last {over.en}", zh=f"最近{over.zh}")
    if feature.delay:
        delay = duration_text(feature.delay)
        span = Text(en=f"{span.en} up to {delay.en} before", zh=f"{span.zh}，截至{delay.zh}之前")
    en, zh = f"{en}, {span.en}", f"{zh}（{span.zh}）"
    where = None if feature.where is None else feature.where.text()
    if where is not None:
        en, zh = f"{en}, where {_one_line(where)}", f"{zh}，条件为 {_one_line(where)}"
    if feature.own is not None:
        en += "; the operation itself counts" if feature.own else "; the operation itself does not count"
        zh += "；包含本次操作" if feature.own else "；不含本次操作"
    return Text(en=f"{en}.", zh=f"{zh}。")


def threshold_text(one: BoundThreshold, currency: str) -> Text:
    """Where a threshold begins, how far it may go by itself, and what for."""
    band, over = one.band, duration_text(one.over)

    def said(value: Value) -> str:
        return written_value(value, one.type, currency)

    genuine = one.aim.measure is Measure.FALSE_ALARMS
    en = (
        f"{one.title.en}: {said(band.value)} at first; by itself from {said(band.floor)} to "
        f"{said(band.ceiling)}, at most {said(band.step)} in {over.en}, to keep the "
        f"{'alarms on genuine operations' if genuine else 'alarms'} of {', '.join(one.rules)} near "
        f"{one.aim.text.en}"
    )
    zh = (
        f"{one.title.zh}：初始为 {said(band.value)}；可在 {said(band.floor)} 至 {said(band.ceiling)} 之间"
        f"自动调整，每{over.zh}最多 {said(band.step)}，使 {', '.join(one.rules)} 的"
        f"{'误报' if genuine else '告警'}接近 {one.aim.text.zh}"
    )
    if one.delay:
        wait = duration_text(one.delay)
        en, zh = f"{en}; labels have {wait.en} to come", f"{zh}；等待标签 {wait.zh}"
    near = f"{one.within * 100:g}%"
    en += f"; not for less than {near}, nor on fewer than {one.least:,} operations"
    zh += f"；偏差不足 {near} 或操作少于 {one.least:,} 笔时不调整"
    return Text(en=f"{en}.", zh=f"{zh}。")


def rule_text(rule: BoundRule) -> Text:
    """When a rule fires, what follows, and what an unknown condition means."""
    written = None if rule.node is None else rule.node.text()
    kinds = None if rule.kinds is None else ", ".join(sorted(kind.value for kind in rule.kinds))
    en = "On every operation" if kinds is None else f"On {kinds}"
    zh = "对任何操作" if kinds is None else f"对 {kinds}"
    if rule.scenario == SCENARIO and written is None:
        least = rule.id.split(".", 2)[2]
        en, zh = f"{en}, when the model scores {least} or more", f"{zh}，模型评分达到 {least} 时"
    elif written is None:
        en, zh = f"{en}, over the limit", f"{zh}，超过限额时"
    else:
        en, zh = f"{en}, when {_one_line(written)}", f"{zh}，当 {_one_line(written)} 时"
    en, zh = f"{en}: {_follows(rule, 'en')}", f"{zh}：{_follows(rule, 'zh')}"
    if rule.budget is not None:
        allowed = budget_text(rule.budget)
        en, zh = f"{en}; it may disturb at most {allowed.en}", f"{zh}；至多打扰{allowed.zh}"
    en += "; also when that is unknown" if rule.fires_unknown else "; not when that is unknown"
    zh += "；条件未知时同样触发" if rule.fires_unknown else "；条件未知时不触发"
    return Text(en=f"{en}. Reason: {rule.reason.en}", zh=f"{zh}。理由：{rule.reason.zh}")


def budget_text(budget: FalsePositiveBudget) -> Text:
    """How many genuine operations may be disturbed.

    >>> budget_text(FalsePositiveBudget(share=0.002)).en, budget_text(FalsePositiveBudget(a_day=5.0)).zh
    ('0.2% of the genuine operations it looks at', '每天 5 笔正常操作')
    """
    if budget.share is not None:
        share = f"{budget.share * 100:.8g}%"
        return Text(en=f"{share} of the genuine operations it looks at", zh=f"其所检查正常操作的 {share}")
    number = f"{budget.a_day:.8g}"
    return Text(en=f"{number} genuine operations a day", zh=f"每天 {number} 笔正常操作")


def default_text(budget: FalsePositiveBudget) -> Text:
    """The budget of every rule that has none of its own."""
    allowed = budget_text(budget)
    return Text(
        en=f"A rule that says nothing else may disturb at most {allowed.en}.",
        zh=f"未另作说明的规则至多打扰{allowed.zh}。",
    )


def model_text(model: BoundModel) -> Text:
    """What a model looks at, and what its score is good for."""
    kinds = None if model.kinds is None else ", ".join(sorted(kind.value for kind in model.kinds))
    inputs = ", ".join(model.inputs)
    file = "untrained" if model.file is None else f"sha256:{model.file[:12]}…"
    en = f"{model.title.en} ({file}): scores {'every operation' if kinds is None else kinds} from 0 to 1"
    zh = f"{model.title.zh}（{file}）：对{'任何操作' if kinds is None else f' {kinds} '}给出 0 到 1 的评分"
    if not model.decides:
        en, zh = f"{en}; a challenger, recorded only", f"{zh}；挑战者，仅记录"
    return Text(en=f"{en}. Inputs: {inputs}.", zh=f"{zh}。输入：{inputs}。")


def band_text(band: Band) -> Text:
    """From how many points on the outcome is at least what."""
    word = band.then.word
    return Text(
        en=f"From {band.at_least} points on: at least {word}. Reason: {band.reason.en}",
        zh=f"分数达到 {band.at_least} 起：至少 {word}。理由：{band.reason.zh}",
    )


def _follows(rule: BoundRule, language: str) -> str:
    parts: list[Text] = []
    if rule.then is not None:
        parts.append(Text(en=rule.then.word, zh=rule.then.word))
        if rule.then.word == "hold":
            held = duration_text(rule.hold_micros)
            parts[-1] = Text(en=f"hold for {held.en}", zh=f"hold（暂缓{held.zh}）")
    if rule.score:
        parts.append(Text(en=f"{rule.score} points", zh=f"计{rule.score}分"))
    if rule.oblige:
        words = ", ".join(rule.oblige)
        parts.append(Text(en=f"then {words}", zh=f"并须 {words}"))
    return ", ".join(part.en for part in parts) if language == "en" else "，".join(part.zh for part in parts)


def _one_line(text: str) -> str:
    return " ".join(text.split())
