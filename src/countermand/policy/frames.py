"""Hours shifted twice, days cut short, names that say another window; idle limits and bands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from countermand.policy.bound import Package
from countermand.policy.declarations import DAY
from countermand.policy.findings import Findings, Place
from countermand.policy.terms import DURATION_MICROS, Term
from countermand.policy.warnings import Warnings
from countermand.policy.wording import written
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.parties import is_zone

_SAYS_WINDOW = re.compile(r"_(\d{1,4})(s|m|min|h|d|w)$")
_MINUTE, _HOUR = DURATION_MICROS["MINUTE"], DURATION_MICROS["HOUR"]
# `m` is a minute, or a month of 30 days.
_UNITS = {
    "s": (10**6,),
    "m": (_MINUTE, 30 * DAY),
    "min": (_MINUTE,),
    "h": (_HOUR,),
    "d": (DAY,),
    "w": (7 * DAY,),
}


def check_frames(package: Package, findings: Findings) -> None:
    """A time zone nobody has, and limits of which one part can never decide."""
    items = package.declared.items
    if not is_zone(package.head.timezone):
        findings.add(
            "unknown_timezone",
            items.place(("head", "policy"), "timezone", Place("policy.yaml")),
            f"There is no time zone {package.head.timezone}; write one such as Asia/Shanghai.",
            f"没有时区 {package.head.timezone}；请写 Asia/Shanghai 这样的名称。",
        )
    for rule in package.rules:
        if rule.node is not None:
            continue
        single, daily = _amounts(rule.when, package)
        if single is not None and daily is not None and single > daily:
            findings.add(
                "idle_limit",
                items.place(("limit", rule.id.removeprefix("limit.")), "per_operation", rule.at),
                f"per_operation of {rule.id} never decides: an amount above it is above per_day already. "
                "Lower it, or raise per_day.",
                f"{rule.id} 的 per_operation 不起作用：超过它的金额已经超过 per_day。请调低它，或调高 "
                "per_day。",
            )


def doubtful_frames(package: Package, warnings: Warnings) -> None:
    """Hours that are shifted although they are local, windows that their name or key contradicts."""
    for item, term, node in package.conditions():
        for part in _shifted(term):
            text = written(part, package.head.currency)
            warnings.add(
                item,
                "shifted_hour",
                node.at_offset(part.offset),
                f"{text}: local_hour is already in the account's time zone. Compare local_hour itself.",
                f"{text}：local_hour 已经是账户所在时区的小时。请直接比较 local_hour。",
            )
    for feature in package.declared.features:
        item = ("feature", feature.name)
        at = warnings.place(item, "over", feature.at)
        said = _SAYS_WINDOW.search(feature.name)
        if said and feature.over is not None:
            sizes = [int(said[1]) * unit for unit in _UNITS[said[2]]]
            if feature.over not in sizes:
                warnings.add(
                    item,
                    "window_other",
                    at,
                    f"{feature.name} says {said[1]}{said[2]} in its name and looks over another window. "
                    "Correct `over` or the name.",
                    f"{feature.name} 的名称写明 {said[1]}{said[2]}，时间窗却不同。请更正 over 或名称。",
                )
        if "local_day" in feature.by and feature.over is not None and feature.over < DAY:
            warnings.add(
                item,
                "cut_day",
                at,
                f"{feature.name} is kept by day, but looks back less than a day. Write `over: 48 hours`.",
                f"{feature.name} 按自然日统计，时间窗却不足一天。请写 over: 48 hours。",
            )
    _doubtful_bands(package, warnings)


def _doubtful_bands(package: Package, warnings: Warnings) -> None:
    before = Outcome.ALLOW
    for band in package.declared.bands:
        if band.then is before:
            warnings.add(
                ("band", str(band.at_least)),
                "idle_band",
                band.at,
                f"The band from {band.at_least} points answers {band.then.word}, as fewer points do. "
                "Remove it, or give it a stricter answer.",
                f"{band.at_least} 分的档位与更低分数的结果相同（{band.then.word}）。请删去，或改为更严格"
                "的结果。",
            )
        before = band.then
    scoring = [rule for rule in package.rules if rule.score]
    if scoring and not package.declared.bands:
        warnings.add(
            ("rule", scoring[0].id),
            "idle_points",
            warnings.place(("rule", scoring[0].id), "score", scoring[0].at),
            "Rules give points, and there are no bands: points decide nothing.",
            "规则计分，但没有分数档：分数不起作用。",
        )


def _amounts(when: Term, package: Package) -> tuple[float | None, float | None]:
    """The amounts of a limit: the least it allows to one operation, and the most it allows to a day."""
    single: float | None = None
    daily: float | None = None
    bands = {one.name: (one.band.floor, one.band.ceiling) for one in package.thresholds}
    for part in _parts(when):
        if part.operator != ">":
            continue
        amount = part.operands[1]
        if amount.operator == "name" and amount.value in bands:
            low, high = bands[str(amount.value)]
        elif isinstance(amount.value, int):
            low = high = amount.value
        else:
            continue
        if part.operands[0].operator == "+":
            daily = high
        else:
            single = low
    return single, daily


def _parts(term: Term) -> Iterator[Term]:
    yield term
    for operand in term.operands:
        yield from _parts(operand)


def _shifted(term: Term) -> Iterator[Term]:
    for part in _parts(term):
        kinds = {(operand.operator, operand.value) for operand in part.operands}
        constant = any(operand.operator == "literal" for operand in part.operands)
        if part.operator in ("+", "-") and ("name", "local_hour") in kinds and constant:
            yield part
