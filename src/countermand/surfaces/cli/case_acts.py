"""One command for each act on a case, made from the acts themselves; its options are the act's fields."""

from __future__ import annotations

import types
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import click
import msgspec

from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import option
from countermand.vocabulary.acts import AnyAct

ACT_WORDS = {
    "assign": Text(
        en="Give a case to somebody, a team, or whoever fits best.", zh="分派工单给人员、团队或最合适者。"
    ),
    "take": Text(en="Take a case.", zh="接单。"),
    "release": Text(en="Put one's case back.", zh="退回工单。"),
    "note": Text(en="Write a note among staff.", zh="添加内部备注。"),
    "reply": Text(en="Write to the customer.", zh="答复客户。"),
    "add_task": Text(en="Add something to be done.", zh="添加待办任务。"),
    "done_task": Text(en="Say that a task is done.", zh="完成待办任务。"),
    "begin_playbook": Text(en="Begin to follow a playbook.", zh="启用处理手册。"),
    "done_step": Text(en="Say that a playbook's step is done, or skipped.", zh="完成或跳过手册步骤。"),
    "promise": Text(en="Promise the customer something by a time.", zh="向客户承诺事项与时间。"),
    "keep_promise": Text(en="Say that a promise was kept.", zh="确认承诺已兑现。"),
    "snooze": Text(en="Put a case out of sight until a time.", zh="延后处理工单。"),
    "tag": Text(en="Put a word on a case, or take it off.", zh="添加或移除标签。"),
    "macro": Text(en="Do several acts under one name, all or none.", zh="执行宏（全部生效或全部不生效）。"),
    "move": Text(en="Move a case to its next stage.", zh="推进工单阶段。"),
    "pass_ball": Text(en="Say who moves next.", zh="指明下一步由谁处理。"),
    "set_side": Text(en="Say that the regulator or a court has it too.", zh="标记监管升级或诉讼。"),
    "set_risk": Text(en="Set how bad it is.", zh="设置风险等级。"),
    "decide": Text(en="Say what was found.", zh="作出处理结论。"),
    "close": Text(en="Close a case, with its root cause.", zh="注明根因并办结。"),
    "reopen": Text(en="Take a closed case up again.", zh="重新打开工单。"),
    "withdraw": Text(en="Withdraw for the customer.", zh="代客户撤回。"),
    "appeal": Text(en="Take up the customer's appeal.", zh="登记客户申诉。"),
    "review": Text(en="Say what the review of an appeal found.", zh="给出申诉复核结果。"),
    "pause_collection": Text(en="Pause the collection of disputed debts.", zh="暂停催收争议债务。"),
    "resume_collection": Text(en="Let collection go on after the decision.", zh="结论作出后恢复催收。"),
    "police_report": Text(en="Note the receipt of the police.", zh="登记报警回执。"),
    "renew_receipt": Text(en="Give a new secret after two proofs.", zh="两项核验后补发查询码。"),
    "link": Text(en="Link a case with another one.", zh="关联工单。"),
    "unlink": Text(en="Undo a link.", zh="取消关联。"),
}
_FIELD = Text(en="{field} of the act.", zh="该操作的“{field}”。")


def act_options(kind: type[AnyAct]) -> Callable[[Any], Any]:
    """The fields of an act as options of a command."""

    def give(function: Any) -> Any:
        hints = get_type_hints(kind, include_extras=True)
        for field in reversed(msgspec.structs.fields(kind)):
            function = _option(field, hints[field.name])(function)
        return function

    return give


def act_of(kind: type[AnyAct], given: dict[str, Any]) -> AnyAct:
    """The act of what was typed. Raises BadRequest (`invalid_request`)."""
    known: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or value == ():
            continue
        is_mapping = get_origin(get_type_hints(kind)[name]) is dict
        known[name] = dict(_pair(one) for one in value) if is_mapping else value
    try:
        return msgspec.convert({"act": kind.__struct_config__.tag, **known}, kind)
    except msgspec.ValidationError as error:
        raise BadRequest(
            "invalid_request", f"This act cannot be: {error}.", f"该操作无效：{error}。"
        ) from None


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise BadRequest("invalid_request", "Values are given as name=value.", "取值格式为 名称=值。")
    return name, value


def _option(field: Any, hint: Any) -> Callable[[Any], Any]:
    bare = _bare(hint)
    words = _FIELD.filled({"field": field.name})
    more: dict[str, Any] = {"required": field.required}
    name = f"--{field.name.replace('_', '-')}"
    if bare is bool:
        more = {
            "default": field.default if isinstance(field.default, bool) else None,
            "required": field.required,
        }
        return option(f"{name}/--no{name[1:]}", field.name, en=words.en, zh=words.zh, **more)
    if get_origin(bare) in (tuple, dict):
        more["multiple"] = True
    elif isinstance(bare, type) and issubclass(bare, StrEnum):
        more["type"] = click.Choice([one.value for one in bare])
    return option(name, field.name, en=words.en, zh=words.zh, **more)


def _bare(hint: Any) -> Any:
    """A type without its limits and without None."""
    if get_origin(hint) is Annotated:
        return _bare(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return _bare(next(one for one in get_args(hint) if one is not type(None)))
    return hint
