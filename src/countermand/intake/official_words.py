"""What is said of each thing that was checked against the official registry: the reason, and what to do."""

from __future__ import annotations

from countermand.kernel.text import Text

SAID: dict[str, Text] = {
    "link_ours": Text(
        en="This address is ours. It is safest to type it yourself instead of tapping a link.",
        zh="这是我们的网址。最稳妥的做法是自己输入网址，而不是点链接。",
    ),
    "link_unsafe": Text(
        en="The name is ours, but the link is not encrypted (http). We only use https. Do not open it.",
        zh="域名是我们的，但链接没有加密（http）。我们只用 https，请不要这样打开。",
    ),
    "link_dressed": Text(
        en="What stands before the @ is there to deceive: the link leads to what stands behind it.",
        zh="@ 前面的内容是伪装：链接真正通向 @ 后面的地址。",
    ),
    "link_number": Text(
        en="It leads to a bare network address. None of our pages do.",
        zh="它指向一个数字网络地址，我们的网页从不这样。",
    ),
    "link_short": Text(
        en="A short link hides where it leads. We never send one.",
        zh="短链接会隐藏真实去向，我们从不发送短链接。",
    ),
    "link_look_alike": Text(
        en="It only looks like our address. It was made to be taken for it. Do not open it.",
        zh="它只是长得像我们的网址，是仿冒的，请不要打开。",
    ),
    "link_script": Text(
        en="It is written with letters of another script, and is not one of our addresses.",
        zh="它混用了其他文字的字母，不是我们的网址。",
    ),
    "link_foreign": Text(
        en="It is none of our addresses. We cannot say whose it is.",
        zh="它不是我们的网址，我们无法说明它属于谁。",
    ),
    "link_unreadable": Text(
        en="This cannot be read as a link. Copy the whole of it, from its first letter.",
        zh="无法识别为链接，请从头完整复制。",
    ),
    "number_ours": Text(
        en="This number is ours. But a caller can fake it: if in doubt, hang up and dial it yourself.",
        zh="这是我们的号码。但来电显示可以伪造：拿不准就挂断，自己拨打。",
    ),
    "sender_ours": Text(
        en="Our text messages come from this sender. They never hold a link and never ask for a code.",
        zh="这是我们发短信的号码。我们的短信从不含链接，也不索要验证码。",
    ),
    "number_foreign": Text(
        en="We do not call or write from this number. Do not call it back.",
        zh="我们不使用这个号码，请不要回拨。",
    ),
    "number_unreadable": Text(
        en="This cannot be read as a number. Type it with its area code.",
        zh="无法识别为电话号码，请连同区号完整输入。",
    ),
    "mail_ours": Text(
        en="The address is ours. A sender can be faked: we never ask for a code or for money by mail.",
        zh="这是我们的邮箱。但发件人可以伪造：我们从不通过邮件索要验证码或要求转账。",
    ),
    "mail_look_alike": Text(
        en="It only looks like our mail address. Do not answer it.",
        zh="它只是长得像我们的邮箱，请不要回复。",
    ),
    "mail_foreign": Text(en="It is none of our mail addresses.", zh="它不是我们的邮箱。"),
    "mail_unreadable": Text(en="This cannot be read as a mail address.", zh="无法识别为邮箱地址。"),
    "account_ours": Text(
        en="This is our account. Before you pay, look that your bank shows the same holder.",
        zh="这是我们的收款账户。付款前请核对银行显示的户名是否一致。",
    ),
    "account_foreign": Text(
        en="This is not our account. Do not pay to it. If you have paid already, press “That wasn't me”.",
        zh="这不是我们的账户，请不要付款。如已付款，请按“不是我”。",
    ),
    "account_short": Text(
        en="That is too short for an account number. Type the whole of it.",
        zh="账号位数不足，请完整输入。",
    ),
    "agent_ours": Text(
        en="Somebody with this staff number works for us. Anybody can say a number: ask them for the code of "
        "your case, and check it there.",
        zh="有这个工号的员工。但工号谁都可以报：请让对方说出您案件的核验码，并在案件页核对。",
    ),
    "agent_foreign": Text(
        en="Nobody with this staff number works for us. End the conversation.",
        zh="我们没有这个工号的员工，请结束通话或聊天。",
    ),
    "agent_unreadable": Text(en="This cannot be read as a staff number.", zh="无法识别为工号。"),
    "app_ours": Text(
        en="The application is signed with our key: it is genuine.", zh="应用由我们的密钥签名，是正版。"
    ),
    "app_foreign": Text(
        en="This application is not signed by us. Remove it, and change your password on another device.",
        zh="该应用不是我们签名的，请卸载，并在另一台设备上修改密码。",
    ),
    "app_name": Text(
        en="Our application has this name, but a false one can too. Compare its fingerprint (SHA-256).",
        zh="我们的应用确实叫这个名字，但假应用也可以同名。请核对签名指纹（SHA-256）。",
    ),
    "app_unreadable": Text(
        en="A fingerprint has 64 hex digits. Your phone's settings or store shows it.",
        zh="指纹应为64位十六进制数，可在手机设置或应用商店查看。",
    ),
    "message_names_us": Text(
        en="It names us. Anybody can write our name.", zh="消息里提到了我们的名称，但谁都可以这样写。"
    ),
    "asks_code": Text(
        en="It asks for a code or password. We never do.", zh="它索要验证码或密码，我们从不这样做。"
    ),
    "asks_transfer": Text(
        en="It asks you to move money, or to pay before you are helped. We never do.",
        zh="它要您转账或先付费，我们从不这样做。",
    ),
    "asks_screen": Text(
        en="It wants to see or steer your screen. We never do.",
        zh="它要看或控制您的屏幕，我们从不这样做。",
    ),
    "message_only_ours": Text(
        en="What could be checked in it is ours. Who sent it cannot be told from its words: do not act by "
        "it, open the app yourself.",
        zh="其中可核验的内容属于我们，但仅凭文字无法确定发送者：请不要照做，自行打开官方App查看。",
    ),
    "message_nothing": Text(
        en="Nothing in it can be checked: no link, number or address. Ask us before you do what it says.",
        zh="其中没有可核验的链接、号码或地址。照做之前，请先问我们。",
    ),
}
