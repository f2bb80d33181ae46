"""What can be asked for in a containment, and when it is said to have happened."""

from __future__ import annotations

from dataclasses import dataclass

from countermand.kernel.clock import MICROS_PER_DAY, micros_of
from countermand.kernel.errors import BadRequest
from countermand.vocabulary.incidents import ContainRequest, MeasureRequest, PoliceStopRequest, Source
from countermand.vocabulary.operations import Channel, Kind
from countermand.vocabulary.orders import Measure

WINDOW_DEFAULT_MICROS = MICROS_PER_DAY
WINDOW_MICROS_MAX = 90 * MICROS_PER_DAY
POLICE_STOPS_MAX = 2

NEED_VALUES = frozenset(
    {
        Measure.STOP_KINDS,
        Measure.STOP_CHANNELS,
        Measure.STOP_DEVICES,
        Measure.STOP_PAYEES,
        Measure.STOP_COLLECTION,
    }
)
NEED_END = frozenset({Measure.HEIGHTENED_REVIEW})
NEED_ACCOUNT_OR_PERSON = frozenset(
    {Measure.STOP_DEVICES, Measure.STOP_SESSIONS, Measure.STOP_MANDATES, Measure.STOP_INSTRUMENTS}
)


@dataclass(frozen=True, slots=True)
class Window:
    """When it is said to have happened, microseconds UTC."""

    began_at: int
    ended_at: int


def window_of(request: ContainRequest, now: int) -> Window:
    """When it is said to have happened; the last day, where nothing is said.

    Raises BadRequest `invalid_containment`: it ends before it begins, begins in the future, or is too long.
    """
    until = now if request.until is None else min(now, micros_of(request.until))
    since = until - WINDOW_DEFAULT_MICROS if request.since is None else micros_of(request.since)
    if since > until or until - since > WINDOW_MICROS_MAX:
        raise invalid(
            "since",
            "The time of the incident must begin in the past and span 90 days at most",
            "事件时间必须始于过去，跨度不超过90天",
        )
    return Window(since, until)


def code_of(request: ContainRequest) -> str:
    """Why, as a word of CAUSES."""
    if request.everybody:
        return "channel_stopped"
    if request.source is Source.CUSTOMER:
        return "identity_misused" if request.account is None else "not_me"
    return {Source.DESK: "desk", Source.RULE: "suspected", Source.POLICE: "police"}[request.source]


def check(request: ContainRequest) -> None:
    """Raises BadRequest `invalid_containment` for what no plan can be made of."""
    named = request.account is not None or request.person is not None
    if named == request.everybody:
        raise invalid(
            "account", "Name an account or a person, or say everybody", "请指明账户或个人，或声明针对所有人"
        )
    if request.preset is None and not request.measures:
        raise invalid("measures", "Choose a preset or at least one measure", "请选择预设方案或至少一项措施")
    if request.everybody and request.preset is not None:
        raise invalid(
            "preset", "What binds everybody is named measure by measure", "针对所有人的措施须逐项列明"
        )
    if request.source is Source.POLICE:
        raise invalid(
            "source", "The police use their own door, /v1/police-stops", "公安止付请使用 /v1/police-stops"
        )
    for number, one in enumerate(request.measures):
        _check_measure(one, f"measures[{number}]", everybody=request.everybody)


def _check_measure(one: MeasureRequest, field: str, *, everybody: bool) -> None:
    if one.measure in NEED_VALUES and not one.values:
        raise invalid(f"{field}.values", f"{one.measure} needs values", f"{one.measure} 需要 values")
    if one.measure is Measure.STOP_SESSIONS and not one.values and one.begun_before is None:
        raise invalid(
            f"{field}.begun_before",
            "stop_sessions needs sessions or an instant",
            "stop_sessions 需要会话标识或时间点",
        )
    if (one.measure is Measure.LOWER_LIMIT) != (one.amount_limit is not None):
        raise invalid(
            f"{field}.amount_limit",
            "lower_limit, and nothing else, has an amount",
            "只有 lower_limit 需要且必须给出金额",
        )
    if one.measure in NEED_END and one.hours is None:
        raise invalid(f"{field}.hours", f"{one.measure} must have an end", f"{one.measure} 必须有期限")
    if everybody and one.measure in NEED_ACCOUNT_OR_PERSON:
        raise invalid(
            f"{field}.measure",
            f"{one.measure} needs an account or a person",
            f"{one.measure} 须针对某个账户或个人",
        )
    allowed: frozenset[str] | None = None
    if one.measure is Measure.STOP_KINDS:
        allowed = frozenset(kind.value for kind in Kind)
    elif one.measure is Measure.STOP_CHANNELS:
        allowed = frozenset(channel.value for channel in Channel)
    elif one.measure is Measure.HEIGHTENED_REVIEW:
        allowed = frozenset({"challenge", "hold"})
    if allowed is not None and not allowed.issuperset(one.values):
        wrong = next(value for value in one.values if value not in allowed)
        raise invalid(
            f"{field}.values",
            f"{wrong!r} is not a value of {one.measure}",
            f"{wrong!r} 不是 {one.measure} 的有效值",
        )


def invalid(field: str, en: str, zh: str) -> BadRequest:
    """400 for what no plan can be made of; the details name the field."""
    return BadRequest(
        "invalid_containment",
        f"The containment does not fit: {en} (field {field}).",
        f"止损请求不符合要求：{zh}（字段 {field}）。",
        field=field,
    )


def unmatched(request: PoliceStopRequest) -> None:
    """Raises BadRequest `police_stop_mismatch` unless name, account, amount and time all match."""
    wrong = [
        name
        for name in ("name_matches", "account_matches", "amount_matches", "time_matches")
        if not getattr(request, name)
    ]
    if wrong:
        raise BadRequest(
            "police_stop_mismatch",
            "An emergency stop is carried out only where name, account, amount and time all match; send "
            "this answer back to the authority.",
            "只有户名、账号、金额、时间全部相符才能执行紧急止付；请将此结果反馈给公安机关。",
            account=request.account,
            reference=request.reference,
            differing=wrong,
        )
