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
from countermand.surfaces.cli.printing import answer
from countermand.vocabulary.acts import AnyAct

ACT_WORDS = {
    "assign": Text(
        en="Give a case to somebody, a team, or whoever fits best.", zh="分派案件给人员、团队或最合适者。"
    ),
    "take": Text(en="Take a case.", zh="接单。"),
    "release": Text(en="Put one's case back.", zh="退回案件。"),
    "note": Text(en="Write a note among staff.", zh="添加内部备注。"),
    "reply": Text(en="Write to the customer.", zh="答复客户。"),
    "add_task": Text(en="Add something to be done.", zh="添加待办任务。"),
    "take_task": Text(en="Do a task oneself, or leave it again.", zh="领取待办任务，或放回。"),
    "done_task": Text(en="Say that a task is done, or not after all.", zh="完成待办任务，或重新打开。"),
    "begin_playbook": Text(en="Begin to follow a playbook.", zh="启用处理手册。"),
    "done_step": Text(en="Say that a playbook's step is done, or skipped.", zh="完成或跳过手册步骤。"),
    "promise": Text(en="Promise the customer something by a time.", zh="向客户承诺事项与时间。"),
    "keep_promise": Text(en="Say that a promise was kept.", zh="确认承诺已兑现。"),
    "snooze": Text(en="Put a case out of sight until a time.", zh="延后处理案件。"),
    "tag": Text(en="Put a word on a case, or take it off.", zh="添加或移除标签。"),
    "macro": Text(en="Do several acts under one name, all or none.", zh="执行宏（全部生效或全部不生效）。"),
    "move": Text(en="Move a case to its next stage.", zh="推进案件阶段。"),
    "pass_ball": Text(en="Say who moves next.", zh="指明下一步由谁处理。"),
    "set_side": Text(en="Say that the regulator or a court has it too.", zh="标记监管升级或诉讼。"),
    "set_risk": Text(en="Set how bad it is.", zh="设置风险等级。"),
    "decide": Text(en="Say what was found.", zh="作出处理结论。"),
    "close": Text(en="Close a case, with its root cause.", zh="注明根因并办结。"),
    "reopen": Text(en="Take a closed case up again.", zh="重新打开案件。"),
    "withdraw": Text(en="Withdraw for the customer.", zh="代客户撤回。"),
    "appeal": Text(en="Take up the customer's appeal.", zh="登记客户申诉。"),
    "review": Text(en="Say what the review of an appeal found.", zh="给出申诉复核结果。"),
    "pause_collection": Text(en="Pause the collection of disputed debts.", zh="暂停催收争议债务。"),
    "resume_collection": Text(en="Let collection go on after the decision.", zh="结论作出后恢复催收。"),
    "police_report": Text(en="Note the receipt of the police.", zh="登记报警回执。"),
    "renew_receipt": Text(en="Give a new secret after two proofs.", zh="两项核验后补发查询码。"),
    "grant_access": Text(
        en="Let a regulator, a peer or an auditor read this case for a time.",
        zh="限时向监管、同业或审计人员开放本案件（只读、脱敏、留痕）。",
    ),
    "end_access": Text(en="End what opened a case to somebody.", zh="收回案件访问授权。"),
    "freeze": Text(
        en="Stop money going out, or everything but paying back.", zh="止付，或冻结除还款外的全部功能。"
    ),
    "unfreeze": Text(en="Take back a freeze of the desk.", zh="撤回客服台的冻结。"),
    "link": Text(en="Link a case with another one.", zh="关联案件。"),
    "unlink": Text(en="Undo a link.", zh="取消关联。"),
}
FIELD_WORDS = {
    "to": Text(en="Whom it goes to.", zh="对象人员。"),
    "team": Text(en="Which team's it becomes.", zh="承办团队。"),
    "text": Text(en="The words.", zh="正文。"),
    "phrases": Text(
        en="Approved phrases, in their order; may be given several times.",
        zh="标准话术，按顺序，可多次给出。",
    ),
    "values": Text(
        en="What fills a mark, name=value; may be given several times.",
        zh="话术取值，格式为 名称=值，可多次给出。",
    ),
    "explanation": Text(
        en="Why, in full sentences: for a disputed decision.", zh="说明（争议处理结果必填）。"
    ),
    "plan": Text(en="What happens now: for a disputed decision.", zh="处理方案（争议处理结果必填）。"),
    "channel": Text(en="Through which channel; else the one it came by.", zh="答复渠道；默认为来信渠道。"),
    "ball": Text(en="Who moves next.", zh="下一步由谁处理。"),
    "title": Text(en="What is to be done.", zh="任务内容。"),
    "role": Text(en="Which role does it.", zh="由哪一角色办理。"),
    "owner": Text(en="Who does it.", zh="由谁办理。"),
    "due_at": Text(en="By when, RFC 3339 with an offset.", zh="截止时间（RFC 3339，含时区）。"),
    "task": Text(en="The task's name.", zh="任务编号。"),
    "playbook": Text(en="Which playbook; else the one for its category.", zh="处理手册；默认按类别选取。"),
    "step": Text(en="Which step.", zh="步骤。"),
    "skipped": Text(en="It is skipped, and why.", zh="跳过该步骤的理由。"),
    "what": Text(
        en="contact, answer, result or money.",
        zh="contact（联系）、answer（答复）、result（结果）或 money（款项）。",
    ),
    "promise": Text(en="The promise's name.", zh="承诺编号。"),
    "until": Text(
        en="Until when, RFC 3339 with an offset; none: in sight again.",
        zh="延后至（RFC 3339，含时区）；不填则立即恢复。",
    ),
    "tag": Text(en="The word.", zh="标签。"),
    "on": Text(en="On, or off again.", zh="开启或取消。"),
    "macro": Text(en="Which macro.", zh="宏名称。"),
    "stage": Text(en="The stage it moves to.", zh="进入的阶段。"),
    "side": Text(en="The regulator, or a court.", zh="监管升级或诉讼。"),
    "risk": Text(en="How bad it is.", zh="风险等级。"),
    "whole": Text(en="Everything, not just money going out.", zh="全部冻结，不仅止付。"),
    "incident": Text(en="Which containment.", zh="管控事件编号。"),
    "why": Text(en="Why.", zh="理由。"),
    "category": Text(en="What it is about, after all.", zh="更正后的类别。"),
    "no_loss": Text(en="No loss is claimed.", zh="确无损失主张。"),
    "outcome": Text(en="What was found.", zh="处理结论。"),
    "root_cause": Text(en="Why it could happen.", zh="根本原因。"),
    "merchant": Text(en="The merchant it lies with.", zh="相关商户。"),
    "system": Text(en="The system it lies with.", zh="相关系统。"),
    "fix_owner": Text(en="Who removes the cause.", zh="整改责任人。"),
    "fix_due_at": Text(en="By when, RFC 3339 with an offset.", zh="整改期限（RFC 3339，含时区）。"),
    "grounds": Text(en="Why the customer does not agree.", zh="申诉理由。"),
    "upheld": Text(en="The appeal is upheld, or not.", zh="申诉是否成立。"),
    "purpose": Text(en="What it is looked at for.", zh="查看目的。"),
    "grant": Text(en="The grant's name.", zh="授权编号。"),
    "debts": Text(en="Which debts; may be given several times.", zh="争议债务，可多次给出。"),
    "new_debt": Text(
        en="New debts stay possible; else none opens in that name or account.",
        zh="仍可新增借款；默认该人或账户不能新增借款。",
    ),
    "reference": Text(en="The number of the receipt.", zh="回执编号。"),
    "proofs": Text(en="How they proved who they are; two different ones.", zh="核验方式，须两种不同方式。"),
    "case": Text(en="The number of the other case.", zh="另一案件的编号。"),
    "kind": Text(
        en="duplicate, parent, same_ring, same_device or related.",
        zh="duplicate、parent、same_ring、same_device 或 related。",
    ),
}


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
    words = FIELD_WORDS[field.name]
    more: dict[str, Any] = {"required": field.required}
    name = f"--{field.name.replace('_', '-')}"
    if bare is bool:
        more["default"] = field.default if isinstance(field.default, bool) else None
        against = "--off" if name == "--on" else f"--not{name[1:]}"
        return option(f"{name}/{against}", field.name, en=words.en, zh=words.zh, **more)
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


def say(shown: dict[str, Any]) -> None:
    """The number and version, what it waits for, and whatever else came of it."""
    lines: list[Text | str] = [
        Text(
            en=f"Case {shown['case']}, version {shown['version']}.",
            zh=f"案件 {shown['case']}，版本 {shown['version']}。",
        )
    ]
    if "waits" in shown:
        look = shown["waits"]["look"]
        lines.append(
            Text(
                en=f"It takes two people. Somebody else: countermand case agree {look} --reason TEXT",
                zh=f"须由两人办理。请他人执行：countermand case agree {look} --reason 理由",
            )
        )
    lines += [f"{name}: {value}" for name, value in shown.items() if name not in ("case", "version", "waits")]
    answer(shown, *lines)
