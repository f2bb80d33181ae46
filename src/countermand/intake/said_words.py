"""The words that announce a personal value, and what may stand between them and it; all bounded in length."""

from __future__ import annotations

import re

# One pass over the text finds every word that may lead to a value; what follows is read at that place only.
_KINDS_OF_WORDS = {
    "code": (
        "验证码|验证马|校验码|动态码|动态密码|动态口令|短信码|短信密码|确认码|随机码|取款码|授权码|口令|"
        "yanzhengma|yanzheng ma|yzm|otp|passcode|one-time password|one time password|verification code|code"
    ),
    "password": "密码|密 码|mima|password|passwd|passphrase|pwd|pin",
    "security": (
        "cvv2?|cvc2?|安全码|(?:背面|背后|反面)的?(?:后|末)?(?:三|3)位|security code|code on the back"
    ),
    "expiry": "卡有效期|有效期|到期|expiry|expiration|expires|exp|valid thru|valid until",
    "qq": "qq|扣扣|企鹅号",
    "messenger": (
        "微信|weixin|wechat|wx|vx|v信|薇信|威信|支付宝|alipay|zfb|telegram|tg|whatsapp|line id|"
        "抖音号|快手号|小红书号|陌陌"
    ),
    "passport": "护照|passport",
    "permit": "台胞证|回乡证|通行证|台湾居民来往大陆",
    "name": (
        "我叫|我的名字叫|我的名字是|名字是|名字叫|姓名|真名|户名|收款人|联系人|持卡人|开户人|"
        "my name is|my name's|my name|full name|name"
    ),
}
WORD = re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS_OF_WORDS.items()))

_LINK = (
    r"(?:[\s:=\"'“”‘’「」『』【】\[\](){}<>《》,，。!?！？；;、~…#-]|是|为|就是|等于|号码|号|叫|给你|发你|"
    r"改成|改为|设成|设为|设置成|设置为|告诉他|我说|的|"
    r"(?:is|was|are|now|here|to|no|number|shi)(?![a-z])){0,6}"
)
_UNIT = (  # behind a number these say that it counts something
    r"(?:年|月|日|号|点|时|分|秒|次|个|条|笔|天|千|百|人|位|岁|折|期|张| ?(?:元|块|万|亿|%|美元|"
    r"rmb|cny|usd|dollar|yuan|times|days|hours|minutes|seconds|digit|years|am|pm)|[:/.]\d)"
)
_STOP = rf"(?!\d|\*{{3}}|{_UNIT})"
COUNTED = re.compile(_UNIT)

# One-time codes: four to eight digits, together or broken evenly; with letters only right behind the word.
_GROUPED = (
    r"(?:\d{4}[ -]\d{4}|\d{3}[ -]\d{3}|\d\d(?:[ -]\d\d){2,3}|\d(?:[ ,，.、-]{1,2}\d){3,7}|\d{4,8})" + _STOP
)
_ALONE = r"(?<![\d*.:/a-z-])(?<!\d )"
CODE = re.compile(rf"{_LINK}\*{{0,2}}({_GROUPED})")
CODE_MIXED = re.compile(
    rf"{_LINK}(g-\d{{4,8}}|(?=[a-z]{{0,9}}\d)(?=\d{{0,9}}[a-z])[a-z0-9]{{4,10}})(?![a-z0-9*-]|{_UNIT})"
)
CODE_NEAR = re.compile(_ALONE + _GROUPED)
_BACK_LINK = (
    r"(?:[\s:\"'“”「」【】\[\]()<>,，*-]|是|就是|这个|这|为|了|你的|您的|我的|的|短信|手机|银行|"
    r"登录|支付|转账|交易|注册|(?:is|was|your|the|my|a|as|one-time|google|login)(?![a-z])){0,5}$"
)
CODE_BEFORE = re.compile(rf"{_ALONE}({_GROUPED}){_BACK_LINK}")
# A code that is hidden is the code: nothing further away is taken for it.
CODE_HIDDEN = re.compile(rf"{_LINK}\*{{0,2}}[a-z0-9+]{{0,4}}\*{{3}}")
CODE_HIDDEN_BEFORE = re.compile(rf"\*{{3}}[0-9a-z]{{0,4}}{_BACK_LINK}")
NEAR_MAX = 28
NOT_BEFORE_CODE = re.compile(
    r"(?:[¥$€£]|rmb|cny|usd|尾号|末四位|后四位|后4位|ending(?: in| with)?|last four|last 4|"
    r"金额|余额|转|少了|扣|花|收费|损失|骗|付|消费|借|贷款|贷|还款|充值|提现|取了|工号|柜台|"
    r"lost|charged|paid|took|withdrew|sent|transferred|for|of) ?(?:我|了|走|款|账|\$|¥)? ?$"
)
NO_CODE = re.compile(r"9[56]\d{3}|1[12]\d{3}|10\d{3}|106\d{4,}|400\d{0,7}|(?:19|20)\d\d|\d+000")
OTHER_CODE = re.compile(
    r"(?:zip|area|error|postal|post|country|sort|promo|swift|qr|bar|status|dress|source|discount|coupon|"
    r"branch|bank|routing|product|reason|response|invite|invitation|referral|building|penal|tax|morse|"
    r"u\.? ?s\.?|states|government|civil|act,?|criminal|revenue|bankruptcy|commercial|"
    r"邀请|邮政|优惠)[ -]?$"
)

# Passwords: what follows a plain statement; an ordinary word after "is" describes the password.
SECRET_LINK = re.compile(_LINK)
SECRET = re.compile(r"[!-~]{3,40}")
SENTENCE_SIGNS = "\"'.,;!?)]}>"
SURE_LINK = re.compile(
    r"[:=\"'“‘「『是为改设]|就是|等于|叫|告诉|我说|(?<![a-z])(?:is|was|to|now|shi)(?![a-z])"
)
SENTENCE_ENDS = re.compile(r"[,，。!?！？;；]")
WORD_ENDS = re.compile(r"[\"')\]]*(?:[.,;!?\n]|$|[^\x00-\x7f])")
BIRTHDAY = re.compile(
    rf"[^0-9*\n,，。;；!?！？]{{0,4}}(?:是|为|is|:)[^0-9*\n,，。;；!?！？]{{0,10}}(\d{{4,12}}){_STOP}"
)
PIN = re.compile(rf"{_LINK}(\d(?:[ -]?\d){{3,7}}){_STOP}")
ORDINARY = frozenset(
    (
        "about account after again already also always and any are back because been before being "
        "blocked but can cannot change changed compromised correct could did does done even ever "
        "every exactly expired fine for forgotten from gone good had has have hacked help her here "
        "him his how incorrect invalid just known leaked link locked lost manager many missing more "
        "must need needed never new none not now old one only our out please protected recovery "
        "required reset resets right safe same saved secret secure set she should simple some still "
        "stolen strong such that the their them then there they this too twice unique unknown used "
        "very was way weak well were what when where which while who why will with without working "
        "would written wrong yes yet you your"
    ).split()
)

# Cards: the digits on the back, and how long it is valid.
SECURITY = re.compile(rf"[^0-9*\n]{{0,12}}?\*{{0,2}}(\d{{3,8}}){_STOP}")
EXPIRY = re.compile(
    r"[^0-9*\n]{0,8}((?:0?[1-9]|1[0-2]) ?[/-] ?(?:20)?\d\d|(?:20)?\d\d ?年 ?\d{1,2} ?月|"
    r"20\d\d[/-](?:0?[1-9]|1[0-2])|(?:0[1-9]|1[0-2])\d\d)(?![\d/-])"
)
BEHIND_CARD = re.compile(
    r"[^0-9*\n]{0,10}((?:0[1-9]|1[0-2]) ?/ ?(?:20)?\d\d)(?![\d/])(?:[^0-9*\n]{1,6}(\d{3,4})(?!\d))?"
)
CARD_WORD = re.compile(r"卡|card|cvv|cvc|visa|mastercard")
CARD_WORD_MAX = 80

# Accounts of messengers and papers.
ACCOUNT_LINK = re.compile(
    r"(?:[ :=@\"'“”「」【】(]|号码|号|账号|帐号|账户|id|是|为|叫|加|搜|is|我的|你的|他的|群|名){0,6}"
)
NAMED_LINK = re.compile(r"[:=号搜加叫]|id")
QQ = re.compile(r"\d(?:[ -]?\d){4,10}(?!\d)")
HANDLE = re.compile(r"[a-z][a-z0-9_.-]{3,30}[a-z0-9_-]")
PAPERS = re.compile(rf"{_LINK}([a-z0-9]{{6,10}})(?![a-z0-9*])")
