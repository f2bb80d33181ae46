"""The section `thresholds`: a value that rules name, the band in which it may move, and what moves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from countermand.policy.budgets import A_DAY, SHARE
from countermand.policy.declarations import DAY, Threshold
from countermand.policy.items import Items
from countermand.policy.source import Node
from countermand.vocabulary.thresholds import Aim, Measure

LEAST, LEAST_MAX = 200, 10**9
WITHIN = 0.2
OVER_MICROS_MIN = 600 * 10**6
_REQUIRED = {"title", "value", "floor", "ceiling", "step", "toward"}
_KEYS = _REQUIRED | {"over", "delay", "least", "within"}

Named = Callable[[Node], str | None]
Duration = Callable[[Node | None, int], int]


def read_thresholds(section: Node, new_name: Named, duration: Duration, items: Items) -> Iterator[Threshold]:
    """Every threshold of the section; `new_name` and `duration` read a fresh name and microseconds."""
    for key, node in section.entries():
        name = new_name(key)
        parts = node.fields(_KEYS, _REQUIRED)
        items.note("threshold", name, parts)
        title = parts["title"].bilingual() if "title" in parts else None
        toward = _aim(parts["toward"]) if "toward" in parts else None
        over, delay = duration(parts.get("over"), DAY), duration(parts.get("delay"), 0)
        if over < OVER_MICROS_MIN:
            parts["over"].refuse(
                "bad_duration",
                "A threshold looks at ten minutes at least.",
                "阈值的观察期至少为十分钟。",
            )
        least = parts["least"].integer(1, LEAST_MAX) if "least" in parts else LEAST
        within = _within(parts.get("within"))
        if name is None or title is None or toward is None or not parts.keys() >= _REQUIRED:
            continue
        yield Threshold(
            name,
            key.at,
            title,
            parts["value"],
            parts["floor"],
            parts["ceiling"],
            parts["step"],
            toward,
            over,
            delay,
            least or LEAST,
            within,
        )


def _aim(node: Node) -> Aim | None:
    """`{alerts: 40 a day}`, `{false_alarms: 0.5%}`: one measure and how much of it."""
    measures = {one.value: one for one in Measure}
    parts = node.fields(set(measures), set())
    if len(parts) != 1:
        if node.is_mapping:
            node.refuse(
                "bad_aim",
                "Say what the threshold keeps to: `{alerts: 40 a day}` or `{false_alarms: 0.5%}`.",
                "请写明阈值的目标：`{alerts: 40 a day}` 或 `{false_alarms: 0.5%}`。",
            )
        return None
    ((word, said),) = parts.items()
    text = said.text()
    share, a_day = SHARE.match(text or ""), A_DAY.match(text or "")
    if share is not None and 0 < float(share[1]) <= 100:
        return Aim(measures[word], share=float(share[1]) / 100)
    if a_day is not None and float(a_day[1]) > 0:
        return Aim(measures[word], a_day=float(a_day[1]))
    if text is not None:
        said.refuse(
            "bad_aim",
            "Write an aim as `40 a day`, or as `0.5%` of the operations that the rules look at.",
            "目标请写作 `40 a day`（每天笔数）或 `0.5%`（占规则所检查操作的比例）。",
        )
    return None


def _within(node: Node | None) -> float:
    text = node.text() if node is not None else None
    match = SHARE.match(text or "")
    if match is not None and 0 <= float(match[1]) < 100:
        return float(match[1]) / 100
    if node is not None and text is not None:
        node.refuse(
            "bad_aim",
            "Write how far from the aim is near enough, below 100%: `20%`.",
            "请写明与目标相差多少以内无需调整，须小于 100%，例如 `20%`。",
        )
    return WITHIN
