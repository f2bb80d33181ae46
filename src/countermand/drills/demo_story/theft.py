"""The first half: an ordinary day, a stranger in the account, what is decided, and “that was not me”."""

from __future__ import annotations

import asyncio

from countermand.cases.numbers import spoken
from countermand.drills.demo_company.cast import CUSTOMER
from countermand.drills.demo_story.acts import Act, Look, at, at_case, numbered, same
from countermand.drills.demo_story.scene import GOOD, GROCER, STOP, Scene
from countermand.drills.page_visitor import PageVisitor
from countermand.flows.holder_access import make_entry
from countermand.flows.show_holds import list_holds
from countermand.flows.show_incidents import check_session, show_incident
from countermand.flows.show_notices import list_notices
from countermand.kernel.text import Text
from countermand.vocabulary.cases import Contained
from countermand.vocabulary.holds import HoldState
from countermand.vocabulary.incidents import SessionQuestion
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.staff import Role

WAIT_SECONDS_MAX = 20.0
LOOK_SECONDS = 0.05
NOTICES_TOLD_MAX = 3


async def play_morning(scene: Scene) -> None:
    """Nobody is asked anything."""
    await scene.settle_in()
    await _small_one(scene)
    await scene.tell(
        "Lin Yue is at home with her own phone. She signs in and pays at the grocer's.",
        "林悦在家，用自己的手机。她登录账户，在便利店付款。",
    )
    first = await scene.try_it("login", "login", attributes={"result": "ok"}, **scene.home)
    paid = await scene.try_it("paid", "payment", yuan=36.8, payee=GROCER, **scene.home)
    await scene.expect(
        first == paid == Outcome.ALLOW, "an ordinary payment was not let through", "普通付款未被放行"
    )
    await scene.tell(
        "No question, no delay: both went through.", "没有任何追问和等待，两笔都直接放行。", GOOD
    )


async def play_stranger(scene: Scene) -> None:
    """A password in the wrong hands does not make a device known."""
    await scene.tell(
        "Somebody in another city has her password. He signs in on a phone that nobody has seen.",
        "有人在外地拿到了她的密码，用一部从未出现过的手机登录。",
    )
    await scene.try_it("stranger", "login", attributes={"result": "ok"}, **scene.away)
    await scene.tell("He wants that phone to be hers from now on.", "他想把这部手机绑定为她的常用设备。")
    bound = await scene.try_it("bind", "device_bind", **scene.away)
    await scene.expect(bound > Outcome.ALLOW, "the stranger's phone was bound", "陌生手机被直接绑定")
    await scene.tell(
        "He cannot answer that question, so the phone stays unknown. Her own phone is told at once.",
        "他答不上，绑定不生效；林悦自己的手机会立即收到提醒。",
        GOOD,
    )


async def _small_one(scene: Scene) -> None:
    """Too small and too plain to be stopped by anything: it has left before anybody knew."""
    mule, at = scene.world.named("payee-8"), scene.world.by_day(1)
    operation, decision = await scene.decided("payment", at, yuan=30, payee=mule)
    scene.operations["small"], scene.decisions["small"] = operation.id, decision.id
    left = decision.outcome == Outcome.ALLOW.word and (
        scene.setting.pay is None or await scene.setting.pay(operation.id)
    )
    await scene.expect(left, "the small payment was not executed", "小额付款未被执行")
    await scene.tell(
        "One more stands among her payments: 30.00 yuan to a shop, yesterday. Nobody has noticed it yet.",
        "她的付款里还有一笔：昨天向一家小店付了30.00元。还没有人注意到。",
    )


async def play_grab(scene: Scene) -> None:
    """A loan and two transfers; none of them leaves the house."""
    mule, away = scene.world.named("payee-7"), scene.away
    await scene.tell(
        "He tries what is left: a loan in her name, then her money.", "他转而以她的名义借款，再把钱转走。"
    )
    found = [
        await scene.try_it("loan", "loan_disburse", yuan=18000, **away),
        await scene.try_it("first", "transfer", yuan=4800, payee=mule, **away),
        await scene.try_it("second", "withdrawal", yuan=5000, **away),
    ]
    await scene.expect(min(found) > Outcome.ALLOW, "the thief got something", "盗用者得手")
    waiting = await list_holds(scene.house, scene.account, HoldState.OPEN)
    await scene.tell(
        f"Nothing more has left. {len(waiting['holds'])} operations wait, with a countdown that Lin Yue "
        "sees; each decision has its reasons on record.",
        f"没有再转出一分钱。{len(waiting['holds'])}笔操作正在等待，林悦能看到倒计时；每个决策的理由都已记录。",
        GOOD,
    )


async def has_case(scene: Scene) -> bool:
    """Whether somebody has said “not me” about her account."""
    return await scene.case() is not None


async def play_not_me(scene: Scene) -> None:
    """She presses the red button on her own page, as anybody would."""
    if await has_case(scene):
        await scene.yours(
            "You pressed the red button yourself, as Lin Yue. It counts; the story goes on from there.",
            "您已以林悦的身份按下红色按钮。操作已生效，故事从这里继续。",
        )
        return
    await scene.tell(
        "Lin Yue sees a transfer she does not know. One red button on every page: “That wasn't me”.",
        "林悦看到一笔陌生的转账。每个页面上都有一个红色按钮：“不是我”。",
    )
    answered = await press_red_button(scene, scene.operations["first"])
    await scene.expect(
        answered == 200 and await has_case(scene), "the red button opened no case", "按下“不是我”后没有立案"
    )
    await scene.tell(
        f"Two taps. Case {spoken(scene.number)} is open; she has a receipt with its number and a secret "
        "of her own.",
        f"只需点两下。案件 {spoken(scene.number)} 已立案；她拿到了带案号和密码的回执。",
        GOOD,
    )


async def press_red_button(scene: Scene, operation: str) -> int:
    """She says on her own page that an operation was not her; the status of the answer."""
    access = scene.house.holder_access
    device = scene.home["device"]
    entry = await make_entry(access, scene.account, f"app-{scene.now()}", device, public=False)
    return await asyncio.to_thread(_press, scene, entry.code, operation)


def _press(scene: Scene, code: str, operation: str) -> int:
    visitor = PageVisitor(scene.setting.address, scene.setting.language)
    visitor.post("/me/enter", {"code": code})
    page = f"/me/not-me?operation={operation}"
    return visitor.press(page, "/me/not-me", {"operation": operation, "stop": "everything"}).status


async def play_stopped(scene: Scene) -> None:
    """What stands still now, what still works, and who was told."""
    case = await scene.case()
    if case is None or not case.incidents:
        await scene.expect(False, "nothing was stopped", "没有任何止付")
        return
    shown = await show_incident(scene.house, case.incidents[0])
    said = shown["scope"]["said"]["text"]
    await scene.tell(said["en"], said["zh"], STOP)
    waiting = await list_holds(scene.house, scene.account, HoldState.OPEN)
    await scene.expect(not waiting["holds"], "something still waits", "仍有操作在等待执行")
    asked = SessionQuestion(account=scene.account, session=scene.away["session"], device=scene.away["device"])
    active = (await check_session(scene.house, asked))["active"]
    if case.contained is Contained.FROZEN:
        await scene.expect(not active, "the thief is still signed in", "盗用者的会话仍有效")
        await scene.tell(
            "The thief is signed out. He tries again all the same:", "盗用者已被登出。他又试了一次："
        )
    again = await scene.try_it(
        "again", "transfer", yuan=900, payee=scene.world.named("payee-7"), **scene.away
    )
    await scene.expect(again is Outcome.DENY, "the thief was not refused", "盗用者未被拒绝")
    await _bank_knows(scene, case.incidents[0])
    await _told(scene)


async def _bank_knows(scene: Scene, incident: str) -> None:
    """Core banking has frozen the account, too."""
    for _ in range(int(WAIT_SECONDS_MAX / LOOK_SECONDS)):
        effects = (await show_incident(scene.house, incident))["effects"]
        frozen = [one for one in effects if one["action"] == "freeze"]
        if not frozen:
            return
        if all(one["state"] == "done" for one in frozen):
            await scene.tell(
                "Core banking confirms: the account is frozen there, too.",
                "核心系统已确认：账户在那里也已止付。",
                GOOD,
            )
            return
        await asyncio.sleep(LOOK_SECONDS)
    await scene.expect(False, "the bank did not freeze the account", "核心系统未止付账户")


async def _told(scene: Scene) -> None:
    found: list[dict[str, object]] = []
    for _ in range(int(WAIT_SECONDS_MAX / LOOK_SECONDS)):
        found = (await list_notices(scene.house, scene.account))["notices"]
        if found:
            break
        await asyncio.sleep(LOOK_SECONDS)
    await scene.expect(bool(found), "nobody was told", "没有通知任何人")
    await scene.tell(
        f"Lin Yue was told, in her own words and at once: {len(found)} notices.",
        f"林悦已收到通知，通俗易懂、即时送达：{len(found)}条。",
        GOOD,
    )


_LOOK_CUSTOMER = Text(en="Look as Lin Yue", zh="以林悦身份查看")
THEFT: tuple[Act, ...] = (
    Act(
        "morning", Text(en="An ordinary day", zh="平常的一天"),
        Text(en="Most people, most days: nothing happens.", zh="大多数人的大多数日子：什么也不会发生。"),
        play_morning,
        looks=(
            Look(CUSTOMER, _LOOK_CUSTOMER, at("/me"), same("36.80", "36.80")),
            Look(Role.AGENT.value, Text(en="Look at the desk", zh="以客服身份看工作台"), at("/desk"),
                 same("/desk/cases/", "/desk/cases/")),
        ),
    ),
    Act(
        "stranger", Text(en="A stranger signs in", zh="陌生人登录"),
        Text(en="The password is right. The rest is not.", zh="密码是对的，其他都不对。"),
        play_stranger,
        looks=(Look(CUSTOMER, _LOOK_CUSTOMER, at("/me/history"), same("device", "设备")),),
    ),
    Act(
        "grab", Text(en="He goes for the money", zh="盗用者动手"),
        Text(en="Each operation is decided within milliseconds, with its reasons.",
                zh="每一笔操作都在毫秒间作出决策，并附理由。"),
        play_grab,
        looks=(
            Look(CUSTOMER, Text(en="Press the red button yourself", zh="亲自按下“不是我”"), at("/me"),
                 same("4,800.00", "4,800.00"), takes_over=True),
        ),
    ),
    Act(
        "not-me", Text(en="“That wasn't me”", zh="“不是我”"),
        Text(en="She says so, and everything stops first.", zh="她一说，先停下来再查。"),
        play_not_me, has_case,
        looks=(
            Look(Role.AGENT.value, Text(en="Look at the case as the agent", zh="以客服身份查看案件"),
                 at_case("/desk/cases/{number}"), numbered),
        ),
    ),
    Act(
        "stopped", Text(en="Stopped, and told", zh="已停住，已告知"),
        Text(en="What is stopped, what still works, who knows.", zh="停了什么、什么还能用、告诉了谁。"),
        play_stopped,
        looks=(
            Look(CUSTOMER, Text(en="Read what Lin Yue was told", zh="查看林悦收到的通知"), at("/me/notices"),
                 same("account", "账户")),
        ),
    ),
)  # fmt: skip
