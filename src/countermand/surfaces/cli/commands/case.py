"""`countermand case`: work on cases as the person whose key one has, also while a server runs."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import click

from countermand.app import open_replay
from countermand.flows.act_on_case import act_on_case
from countermand.flows.agree_act import agree
from countermand.flows.case_papers import Paper
from countermand.flows.desk_view import for_desk
from countermand.flows.disclose import Unmask, break_glass, review_glass, unmask
from countermand.flows.hand_out_paper import hand_out_paper
from countermand.flows.link_cases import link, suggested
from countermand.flows.mass_incident import answer_all, gather, take_back
from countermand.flows.merge_cases import merge, split, unmerge
from countermand.flows.see_case import cover_for
from countermand.flows.show_case import dossier_of
from countermand.flows.show_clocks import show_clocks
from countermand.kernel.text import Text
from countermand.surfaces.cli.at_desk import at_desk, key_option, whole_desk
from countermand.surfaces.cli.case_acts import ACT_WORDS, act_of, act_options, say
from countermand.surfaces.cli.commands.case_bundle import bundle
from countermand.surfaces.cli.files import write_output
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer
from countermand.surfaces.cli.replaying import all_option, answer_replay, one_or_all
from countermand.vocabulary.acts import AnyAct, Link, Reply, Unlink
from countermand.vocabulary.consent import LANGUAGES
from countermand.vocabulary.staff import FieldClass, Purpose

OUT_FOLDER = click.Path(file_okay=False, path_type=Path)


@group("case", en="Work on cases, as the person whose key one has.", zh="以密钥持有人身份办理案件。")
def case() -> None:
    """Everything is in the subcommands."""


@command(
    case,
    "show",
    en="Show a case: state, messages (masked), promises, tasks.",
    zh="查看案件：状态、消息（脱敏）、承诺与任务。",
)
@click.argument("number")
@key_option
@data_dir_option
@in_event_loop
async def show(number: str, key: str, data_dir: Path | None) -> None:
    """As far as one's role goes."""
    async with at_desk(data_dir, key) as (desk, by):
        cover = await cover_for(desk, number, by)
        dossier = await dossier_of(desk, number)
        shown = cover(for_desk(dossier, await show_clocks(desk.clocks.house, dossier.case.id)))
    state = shown["case"]
    lines: list[Text | str] = [
        f"{state['number']}  {state['stage']}  {state['risk']}  {state['category']}  v{state['version']}",
        Text(
            en=f"owner: {state.get('owner')}, next: {state['ball']}, stopped: {state['contained']}",
            zh=f"承办人：{state.get('owner')}，下一步：{state['ball']}，止付：{state['contained']}",
        ),
    ]
    lines += [f"{one['at']}  {one['direction']}  {one['author']}  {one['text']}" for one in shown["messages"]]
    answer(shown, *lines)


@command(
    case,
    "paper",
    en="Make a paper about a case, masked and signed: PDF, with its data beside it.",
    zh="制作案件文件（已脱敏、已签名）：PDF 及同内容的数据文件。",
)
@click.argument("number")
@click.argument("paper", type=click.Choice([one.value for one in Paper]))
@option("--to", "folder", type=OUT_FOLDER, required=True, en="Into which folder.", zh="保存到的文件夹。")
@option("--language", type=click.Choice(LANGUAGES), default="zh", en="Which language.", zh="语言。")
@key_option
@data_dir_option
@in_event_loop
async def make_case_paper(
    number: str, paper: str, folder: Path, language: str, key: str, data_dir: Path | None
) -> None:
    """That it was made is on record, by its hashes, before a file is written."""
    async with whole_desk(data_dir, key) as (desk, by):
        made = await hand_out_paper(desk.bundles, number, Paper(paper), language, by)
    files = {}
    for file in made.files:
        place = folder / Path(file.path).name
        write_output(place, file.content)
        files[str(place)] = sha256(file.content).hexdigest()
    answer({"files": files}, *[f"{digest}  {place}" for place, digest in files.items()])


@command(
    case,
    "replay",
    en="Rebuild a case from the journal; exit code 1 where stored state differs, and each difference named.",
    zh="从日记账重建案件；与库中状态不一致时退出码为 1，并逐项指明差异。",
)
@click.argument("number", metavar="[NUMBER]", required=False)
@all_option
@option("--objects", is_flag=True, en="Read the sealed bytes of exhibits too.", zh="同时核对证物的密文字节。")
@data_dir_option
@in_event_loop
async def replay(number: str | None, everything: bool, objects: bool, data_dir: Path | None) -> None:
    """Events, state, clocks, promises, reports; it opens what facts bind, so it runs where the keys are."""
    quiet_logs()
    one_or_all(number, everything=everything)
    async with open_replay(settings_with(data_dir)) as replayer:
        found = await (replayer.cases() if number is None else replayer.case(number))
        if objects:
            found.differ(await replayer.exhibits(number))
    answer_replay(found)


def _act_command(kind: type[AnyAct]) -> None:
    tag = str(kind.__struct_config__.tag)
    words = ACT_WORDS[tag]

    async def act(number: str, version: int | None, key: str, data_dir: Path | None, **given: Any) -> None:
        wanted = act_of(kind, given)
        async with at_desk(data_dir, key) as (desk, by):
            if isinstance(wanted, Link | Unlink):
                shown = await link(desk, number, wanted, by, version=version, trace=None)
            else:
                shown = await act_on_case(desk, number, wanted, by, version=version)
        say(shown)

    made = in_event_loop(act)
    made = data_dir_option(key_option(made))
    made = option(
        "--version",
        type=int,
        en="The version one has before oneself; another one is refused.",
        zh="所见版本；不一致则拒绝。",
    )(made)
    made = click.argument("number")(act_options(kind)(made))
    command(case, tag.replace("_", "-"), en=words.en, zh=words.zh)(made)


for _kind in get_args(AnyAct):
    _act_command(_kind)
case.add_command(bundle)


@command(case, "merge", en="Make other cases part of one.", zh="将其他案件并入一个案件。")
@click.argument("number")
@click.argument("others", nargs=-1, required=True)
@key_option
@data_dir_option
@in_event_loop
async def merge_others(number: str, others: tuple[str, ...], key: str, data_dir: Path | None) -> None:
    """`unmerge` gives back exactly what was."""
    async with at_desk(data_dir, key) as (desk, by):
        say(await merge(desk, number, others, by))


@command(case, "unmerge", en="Give back what became part of a case.", zh="撤销合并。")
@click.argument("number")
@click.argument("only", nargs=-1)
@key_option
@data_dir_option
@in_event_loop
async def unmerge_others(number: str, only: tuple[str, ...], key: str, data_dir: Path | None) -> None:
    """All of it, or these."""
    async with at_desk(data_dir, key) as (desk, by):
        say(await unmerge(desk, number, by, only=only))


@command(case, "split", en="Make a case of its own of some messages.", zh="将部分消息拆分为新案件。")
@click.argument("number")
@click.argument("messages", nargs=-1, required=True)
@key_option
@data_dir_option
@in_event_loop
async def split_one(number: str, messages: tuple[str, ...], key: str, data_dir: Path | None) -> None:
    """Its clocks run from the first report all the same."""
    async with at_desk(data_dir, key) as (desk, by):
        say(await split(desk, number, messages, by))


@command(case, "suggested", en="Show cases that may be the same, and why.", zh="列出可能重复的案件及理由。")
@click.argument("number")
@key_option
@data_dir_option
@in_event_loop
async def suggest(number: str, key: str, data_dir: Path | None) -> None:
    """Surest first."""
    async with at_desk(data_dir, key) as (desk, by):
        found = await suggested(desk, number, by)
    lines: list[Text | str] = []
    for one in found["suggested"]:
        why = [Text(**reason["text"]) for reason in one["why"]]
        said = Text(en=", ".join(one.en for one in why), zh="、".join(one.zh for one in why))
        lines.append(
            Text(
                en=f"{one['case']}  {one['score']}  {said.en}", zh=f"{one['case']}  {one['score']}  {said.zh}"
            )
        )
    answer(found, *(lines or [Text(en="None.", zh="无。")]))


@command(case, "gather", en="Hang cases on the one that stands for a fault.", zh="将案件归集到同一故障案件。")
@click.argument("number")
@click.argument("others", nargs=-1, required=True)
@option("--off", is_flag=True, en="Let them go again.", zh="移出归集。")
@key_option
@data_dir_option
@in_event_loop
async def gather_others(
    number: str, others: tuple[str, ...], off: bool, key: str, data_dir: Path | None
) -> None:
    """All or none."""
    async with at_desk(data_dir, key) as (desk, by):
        say(await gather(desk, number, others, by, on=not off))


@command(
    case, "answer-all", en="Answer all cases of a fault with one message.", zh="统一答复某一故障的全部案件。"
)
@click.argument("number")
@act_options(Reply)
@key_option
@data_dir_option
@in_event_loop
async def answer_many(number: str, key: str, data_dir: Path | None, **given: Any) -> None:
    """Two people agree on it first."""
    told = act_of(Reply, given)
    assert isinstance(told, Reply), "made from its own fields"
    async with at_desk(data_dir, key) as (desk, by):
        say(await answer_all(desk, number, told, by))


@command(
    case, "take-back", en="Take one message to many back, before it goes out.", zh="在发出前撤回统一答复。"
)
@click.argument("number")
@click.argument("sent")
@key_option
@data_dir_option
@in_event_loop
async def take_answer_back(number: str, sent: str, key: str, data_dir: Path | None) -> None:
    """Within five minutes."""
    async with at_desk(data_dir, key) as (desk, by):
        say(await take_back(desk, number, sent, by))


@command(case, "agree", en="Be the second person: agree, or refuse.", zh="作为第二人同意或不同意。")
@click.argument("look")
@option("--reason", required=True, en="Why.", zh="理由。")
@option("--refuse", is_flag=True, en="Do not agree.", zh="不同意。")
@key_option
@data_dir_option
@in_event_loop
async def agree_to(look: str, reason: str, refuse: bool, key: str, data_dir: Path | None) -> None:
    """Then it is done in the name of who asked."""
    async with at_desk(data_dir, key) as (desk, by):
        say(await agree(desk, look, by, agreed=not refuse, reason=reason))


@command(case, "unmask", en="See one text as it was, on record.", zh="查看消息原文（留痕）。")
@click.argument("number")
@click.argument("message")
@option(
    "--field", type=click.Choice([*FieldClass]), required=True, en="Which class of data.", zh="信息类别。"
)
@option("--purpose", type=click.Choice([*Purpose]), required=True, en="What for.", zh="查看目的。")
@option("--reason", required=True, en="Why; the customer can read it.", zh="理由（客户可见）。")
@key_option
@data_dir_option
@in_event_loop
async def unmask_one(
    number: str, message: str, field: str, purpose: str, reason: str, key: str, data_dir: Path | None
) -> None:
    """No record, no text."""
    wanted = Unmask(field=FieldClass(field), purpose=Purpose(purpose), reason=reason)
    async with at_desk(data_dir, key) as (desk, by):
        say(await unmask(desk, number, message, wanted, by))


@command(
    case,
    "break-glass",
    en="Open a case beyond one's role for 15 minutes.",
    zh="紧急越权查看案件15分钟（事后复核）。",
)
@click.argument("number")
@option("--reason", required=True, en="Why.", zh="理由。")
@key_option
@data_dir_option
@in_event_loop
async def break_case_glass(number: str, reason: str, key: str, data_dir: Path | None) -> None:
    """Somebody else reviews it."""
    async with at_desk(data_dir, key) as (desk, by):
        say(await break_glass(desk, number, reason, by))


@command(
    case,
    "review-glass",
    en="Say whether somebody else's opening of a case was needed.",
    zh="复核他人的紧急授权是否必要。",
)
@click.argument("glass")
@option("--justified/--not-justified", required=True, en="It was needed, or not.", zh="必要或不必要。")
@option("--finding", required=True, en="What was found.", zh="复核意见。")
@key_option
@data_dir_option
@in_event_loop
async def review_case_glass(
    glass: str, justified: bool, finding: str, key: str, data_dir: Path | None
) -> None:
    """Never one's own."""
    async with at_desk(data_dir, key) as (desk, by):
        say(await review_glass(desk, glass, by, justified=justified, finding=finding))
