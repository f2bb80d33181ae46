"""`countermand contain`: stop what somebody never wanted, see what that means, and give it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from countermand.app import open_desk
from countermand.flows.contain_now import contain_now, preview_containment, stop_for_police
from countermand.flows.lift_containment import lift_containment, uphold_appeal
from countermand.flows.show_incidents import list_tasks, show_incident
from countermand.kernel.clock import moment_of
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.vocabulary.incidents import (
    AppealRequest,
    ContainRequest,
    LiftRequest,
    PoliceStopRequest,
    Preset,
    Proof,
)

PRESETS = [preset.value for preset in Preset]


@group("contain", en="Stop what somebody never wanted; give it back.", zh="一键止损与逐级解除。")
def contain() -> None:
    """Everything is in the subcommands."""


def _about(function: Any) -> Any:
    """Whom and what to contain."""
    for decorate in (
        option("--account", en="The account.", zh="账户。"),
        option("--person", en="The person; they need no account.", zh="个人；无需有账户。"),
        option(
            "--preset",
            type=click.Choice(PRESETS),
            default=Preset.OUTGOING.value,
            show_default=True,
            en="What to stop.",
            zh="停止范围。",
        ),
        option("--trusted-device", en="A device the holder has in hand.", zh="持有人手中的设备。"),
        option("--reason", default="not me", show_default=True, en="Why.", zh="理由。"),
        data_dir_option,
    ):
        function = decorate(function)
    return function


def _request(**given: Any) -> ContainRequest:
    known = {name: value for name, value in given.items() if value is not None}
    request: ContainRequest = _fitting(known, ContainRequest)
    return request


def _fitting(value: Any, kind: Any) -> Any:
    """The value as a request. Raises BadRequest (`invalid_containment`)."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise BadRequest(
            "invalid_containment", f"The request does not fit: {error}.", f"请求不符合要求：{error}。"
        ) from None


@command(contain, "now", en="Stop it now; the command returns when it binds.", zh="立即止损；返回即生效。")
@_about
@option("--key", en="Idempotency key: the same key, the same containment.", zh="幂等键：同键只生效一次。")
@in_event_loop
async def now(key: str | None, data_dir: Path | None, **about: Any) -> None:
    """A containment."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        name = key or desk.ids.new("key", desk.clock.now())
        shown = await contain_now(desk, _request(**about), name, ACTOR)
    said = _summary(shown)
    answer(
        shown,
        Text(
            en=f"Incident {shown['incident']}. {said.en}",
            zh=f"事件 {shown['incident']}。{said.zh}",
        ),
    )


@command(
    contain, "preview", en="Say what would stop and what would keep working.", zh="预览停止与保留的范围。"
)
@_about
@in_event_loop
async def preview(data_dir: Path | None, **about: Any) -> None:
    """A look, nothing more."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        scope = await preview_containment(desk, _request(**about), ACTOR)
    answer(scope, Text(**scope["said"]["text"]))


@command(contain, "show", en="Show an incident as it stands.", zh="查看事件现状。")
@click.argument("incident", metavar="INCIDENT")
@data_dir_option
@in_event_loop
async def show(incident: str, data_dir: Path | None) -> None:
    """What was stopped and what still is."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        _answer_orders(await show_incident(desk, incident))


@command(contain, "lift", en="Give an account back by a grade, with proofs.", zh="凭凭证逐级解除。")
@click.argument("incident", metavar="INCIDENT")
@option("--grade", type=click.IntRange(1, 3), required=True, en="1, 2 or 3.", zh="1、2 或 3。")
@option(
    "--proof",
    multiple=True,
    en="A method that was just proved, e.g. passkey.",
    zh="刚完成的核验方式，如 passkey。",
)
@data_dir_option
@in_event_loop
async def lift(incident: str, grade: int, proof: tuple[str, ...], data_dir: Path | None) -> None:
    """A grade, attested by who sits here."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        at = moment_of(desk.clock.now())
        given = [Proof(method=method, given_at=at) for method in proof]
        request = _fitting({"grade": grade, "proofs": given}, LiftRequest)
        _answer_orders(await lift_containment(desk, incident, request, ACTOR))


@command(
    contain,
    "appeal",
    en="An appeal was upheld: lift everything linked.",
    zh="申诉成立：一次解除全部关联措施。",
)
@click.argument("incident", metavar="INCIDENT")
@option("--reason", required=True, en="Why.", zh="理由。")
@data_dir_option
@in_event_loop
async def appeal(incident: str, reason: str, data_dir: Path | None) -> None:
    """Everything at once."""
    quiet_logs()
    request = _fitting({"reason": reason}, AppealRequest)
    async with open_desk(settings_with(data_dir)) as desk:
        _answer_orders(await uphold_appeal(desk, incident, request, ACTOR))


@command(contain, "police-stop", en="Stop payments for 48 hours for the police.", zh="公安紧急止付48小时。")
@click.argument("account", metavar="ACCOUNT")
@option("--reference", required=True, en="Case number.", zh="案号。")
@option("--authority", required=True, en="Who asks.", zh="机关名称。")
@option(
    "--all-matches",
    is_flag=True,
    en="Name, account, amount and time all match.",
    zh="户名、账号、金额、时间全部相符。",
)
@option("--key", en="Idempotency key.", zh="幂等键。")
@data_dir_option
@in_event_loop
async def police_stop(
    account: str, reference: str, authority: str, all_matches: bool, key: str | None, data_dir: Path | None
) -> None:
    """The emergency stop."""
    quiet_logs()
    matches = dict.fromkeys(
        ("name_matches", "account_matches", "amount_matches", "time_matches"), all_matches
    )
    request = _fitting(
        {"account": account, "reference": reference, "authority": authority, **matches}, PoliceStopRequest
    )
    async with open_desk(settings_with(data_dir)) as desk:
        name = key or desk.ids.new("key", desk.clock.now())
        _answer_orders(await stop_for_police(desk, request, name, ACTOR))


@command(
    contain,
    "tasks",
    en="What people must look at, the most urgent first.",
    zh="待人工处理的任务，最急的在前。",
)
@option("--done", is_flag=True, en="Those that are done.", zh="已完成的。")
@data_dir_option
@in_event_loop
async def tasks(done: bool, data_dir: Path | None) -> None:
    """The queue of the desk."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        page = await list_tasks(desk, done=done, after="")
    names = ("task", "tier", "kind", "about", "due_at")
    words = ("任务", "级别", "类型", "对象", "时限")
    answer_table(
        page,
        [Text(en=name, zh=zh) for name, zh in zip(names, words, strict=True)],
        [tuple(str(task[name]) for name in names) for task in page["tasks"]],
        Text(en="Nothing is waiting.", zh="没有待处理任务。"),
    )


def _answer_orders(shown: dict[str, Any]) -> None:
    names = ("order", "measure", "account", "person", "ends_at", "lifted_at")
    words = ("指令", "措施", "账户", "个人", "到期", "解除")
    answer_table(
        shown,
        [Text(en=name, zh=zh) for name, zh in zip(names, words, strict=True)],
        [tuple(str(order.get(name) or "-") for name in names) for order in shown["orders"]],
        _summary(shown),
    )


def _summary(shown: dict[str, Any]) -> Text:
    """What still binds, what nobody could be told, each time something was given back, each device."""
    said = [shown["scope"]["said"]["text"]]
    said += {one["port"]: one["text"] for one in shown.get("untold", [])}.values()
    for one in shown.get("liftings", []):
        count, owed = len(one["lifted"]), len(one["outstanding"])
        head = f"{one['lifted_at']} {one['kind']} ({one['lifted_by']})"
        en = f"{head}: {count} lifted, {owed} effects outstanding."
        zh = f"{head}：解除{count}项，{owed}项尚未落实。"
        said.append({"en": en, "zh": zh})
    for one in shown.get("devices", []):
        text = one["text"]
        said.append({"en": f"{one['device']}: {text['en']}", "zh": f"{one['device']}：{text['zh']}"})
    return Text(en="\n".join(one["en"] for one in said), zh="\n".join(one["zh"] for one in said))
