"""What customers wrote before the demo begins, when and how, and how far the desk has come with each."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from countermand.vocabulary.reports import Channel, Standing


class Progress(Enum):
    """How far the desk has come with a case of the backlog."""

    NEW = "new"
    GREETED = "greeted"
    EXAMINED = "examined"
    WITH_CUSTOMER = "with_customer"
    ASLEEP = "asleep"
    AT_REGULATOR = "at_regulator"
    SECOND_LOOK = "second_look"
    DECIDED = "decided"
    CLOSED = "closed"


class Ask(NamedTuple):
    """One report of the backlog. `hours_ago` is when it came."""

    hours_ago: float
    channel: Channel
    standing: Standing
    progress: Progress
    text: str


_APP, _CHAT, _MAIL, _CALL = Channel.APP, Channel.CHAT, Channel.EMAIL, Channel.HOTLINE
_PROVEN, _LIKELY, _CLAIMED = Standing.PROVEN, Standing.LIKELY, Standing.CLAIMED
_NEW, _GREETED, _EXAMINED = Progress.NEW, Progress.GREETED, Progress.EXAMINED
_WAITS, _ASLEEP, _REGULATOR = Progress.WITH_CUSTOMER, Progress.ASLEEP, Progress.AT_REGULATOR
_LOOK, _DECIDED, _CLOSED = Progress.SECOND_LOOK, Progress.DECIDED, Progress.CLOSED

# Names, numbers and addresses in them are made up; the desk shows none of them without a reason.
ASKS = (
    Ask(0.1, _APP, _PROVEN, _NEW, "刚刚有一笔4800元的转账不是我操作的，请马上停住！"),
    Ask(0.2, _CHAT, _PROVEN, _NEW,
        "Somebody is in my account right now and moving my money. Please stop it!"),
    Ask(0.4, _CALL, _LIKELY, _NEW, "客户来电：手机被偷，担心有人用他的账户付款，要求先停掉。"),
    Ask(0.6, _APP, _PROVEN, _NEW, "我收到一条短信说我申请了贷款，我没有申请过，是不是有人冒用我的身份？"),
    Ask(1, _MAIL, _CLAIMED, _NEW,
        "I never took this loan of 18,000 yuan. It is on my credit report. Please remove it."),
    Ask(1.5, _CHAT, _PROVEN, _NEW, "对方自称是你们客服，让我把钱转到安全账户，我转了38000元，是不是被骗了？"),
    Ask(2, _APP, _PROVEN, _NEW, "商家收了我两次钱，订单只有一笔，一共268元，请退回一笔。"),
    Ask(2.5, _CHAT, _PROVEN, _NEW, "催收每天给我公司打电话，还联系我同事，请停止联系第三人。"),
    Ask(3, _APP, _PROVEN, _NEW, "提前还款为什么还收手续费？合同里没有写。"),
    Ask(4, _CHAT, _CLAIMED, _NEW, "我朋友发给我一个链接，说是你们的还款页面，是真的吗？"),
    Ask(5, _CHAT, _PROVEN, _GREETED, "昨晚11点多有两笔付款不是我本人，一共900元，手机一直在我身边。"),
    Ask(6, _APP, _PROVEN, _GREETED,
        "My card was used at a hotel in a city where I have never been, 266 yuan."),
    Ask(8, _CALL, _LIKELY, _GREETED, "客户说被人诱导开了屏幕共享，之后账户多了一笔38000元转账，情绪激动。"),
    Ask(9, _APP, _PROVEN, _GREETED, "自动扣款我上个月就关了，这个月又扣了一次，198元。"),
    Ask(11, _MAIL, _LIKELY, _GREETED,
        "Please tell me which of my data you gave to your partners, and to whom."),
    Ask(20, _APP, _PROVEN, _EXAMINED, "凌晨三点有人登录我的账户，改了密码，还想转走5000元，都不是我。"),
    Ask(22, _CHAT, _PROVEN, _EXAMINED,
        "别人介绍我做刷单兼职，让我用身份证借了1800元，钱都给他们了，我是被骗的。"),
    Ask(24, _APP, _PROVEN, _EXAMINED, "我妈妈不懂手机，被人哄着点了借款，到账马上被转走，一共19900元。"),
    Ask(26, _CHAT, _PROVEN, _EXAMINED,
        "A transfer of 4,800 yuan went to a person I do not know. It was not me."),
    Ask(30, _CALL, _LIKELY, _EXAMINED, "客户称美容院员工用其手机办理了分期1990元，客户不知情，要求取消。"),
    Ask(28, _APP, _PROVEN, _WAITS, "有一笔付款1200元我没有印象，麻烦查一下是哪里扣的。"),
    Ask(33, _MAIL, _LIKELY, _WAITS,
        "The merchant never sent the goods and does not answer. I want my 588 yuan back."),
    Ask(40, _APP, _PROVEN, _ASLEEP, "还款已经扣了，但是页面还显示逾期，请更正我的征信记录。"),
    Ask(46, _MAIL, _CLAIMED, _REGULATOR,
        "我已向监管部门投诉：你们在我不知情的情况下给我放款2万元，请书面答复。"),
    Ask(50, _APP, _PROVEN, _LOOK, "这笔3000元的消费不是我做的，我要求退款。"),
    Ask(52, _CHAT, _PROVEN, _LOOK, "I did not make this payment of 640 yuan at an electronics shop."),
    Ask(55, _APP, _PROVEN, _DECIDED, "我的账户被盗，5000元提现不是我操作的。"),
    Ask(58, _CHAT, _PROVEN, _DECIDED, "商家重复扣款99元，请退回。"),
    Ask(62, _APP, _PROVEN, _CLOSED, "有人用我的账户付款320元，我没有操作。"),
    Ask(66, _CHAT, _PROVEN, _CLOSED, "利率怎么算的，和合同上写的不一样。"),
    Ask(70, _APP, _PROVEN, _CLOSED,
        "Someone signed in to my account from abroad. I have changed my password since."),
    Ask(71, _CALL, _LIKELY, _CLOSED, "客户来电询问案件进度，并要求人工回电，已回电说明。"),
)  # fmt: skip
