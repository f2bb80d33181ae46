"""Goal: what people write is masked where it names them, and nowhere else. Method: tables of sentences."""

import pytest

from countermand.intake.redaction import Certainty, Kind, MaskFor, find, mask

MASKED = [
    ("我叫张伟，身份证11010519491231002X", "我叫张**，身份证1101**********002X"),
    ("身份证号 110105 19491231 002x 谢谢", "身份证号 1101**********002X 谢谢"),
    ("老身份证130503670401001", "老身份证1305*******1001"),
    ("证件１１０１０５１９４９１２３１００２Ｘ", "证件1101**********002X"),
    ("手机138 0013 8000", "手机138****8000"),
    ("幺三八，零零幺三，八零零零", "138****8000"),
    ("电话：一三八零零一三八零零零", "电话：138****8000"),
    ("13800138000这个号是我的", "138****8000这个号是我的"),
    ("tel+86-138-0013-8000", "tel138****8000"),
    ("1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣", "138****8000"),
    ("138\u200b0013\u200b8000", "138****8000"),
    ("١٣٨٠٠١٣٨٠٠٠", "138****8000"),
    ("座机(010)62345678", "座机010****5678"),
    ("call me at (415) 555-2671 pls", "call me at 415***2671 pls"),
    ("whatsapp +852 9123 4567", "whatsapp +85*****4567"),
    ("卡号6222 0212 3456 7890 128", "卡号***************0128"),
    ("my card 4111-1111-1111-1111 exp 12/27 cvv 123", "my card ************1111 exp ****** cvv ******"),
    ("card 4111 1111 1111 1111, 12/27, 123", "card ************1111, ******, ******"),
    ("卡 6222 0212\n3456 7890 128 被盗刷", "卡 ***************0128 被盗刷"),
    ("IBAN GB29 NWBK 6016 1331 9268 19 paid", "IBAN GB****************6819 paid"),
    ("香港身份证A123456(3)", "香港身份证A*****63"),
    ("台湾的A123456789", "台湾的A1******89"),
    ("澳门1234567(8)", "澳门1******8"),
    ("护照E12345678，回乡证H12345678", "护照E*****678，回乡证H*****678"),
    ("台胞证号：12345678", "台胞证号：1****678"),
    ("ssn 123-45-6789", "ssn *****6789"),
    ("车牌京A12345，新能源粤B·D12345", "车牌京A***45，新能源粤B****45"),
    ("邮箱zhang.san@example.com", "邮箱z***@example.com"),
    ("发到zhangsan艾特qq点com", "发到z***"),
    ("微信号zhangsan_88，QQ：123456789", "微信号z*********8，QQ：1*******9"),
    ("加我vx：abc12345", "加我vx：a******5"),
    ("住在北京市朝阳区幸福路12号3单元502室", "住在北京市朝阳区***"),
    ("送到幸福小区三号楼二单元1202室", "送到***"),
    ("I live at 123 Main Street, Apt 4B, Springfield, IL 62704", "I live at ***"),
    ("姓名：李四 电话：010-62345678", "姓名：李** 电话：010****5678"),
    ("my name is John Smith and", "my name is J** and"),
]  # fmt: skip

SECRET = [
    ("您的验证码是384756，5分钟内有效", "您的验证码是******，5分钟内有效"),
    ("【某银行】384756（登录验证码），请勿告诉他人", "【某银行】******（登录验证码），请勿告诉他人"),
    ("验证码他让我念，我就说了 3 8 4 7 5 6", "验证码他让我念，我就说了 ******"),
    ("验证码三八四七五六", "验证码******"),
    ("yanzhengma shi 123456", "yanzhengma shi ******"),
    ("验证码是 **384756**", "验证码是 **********"),
    ("your code is G-384756", "your code is ******"),
    ("the code they sent me was 384756.", "the code they sent me was ******."),
    ("otp 123-456", "otp ******"),
    ("密码是abc123!", "密码是******!"),
    ("mima: qwer1234 帮我看下", "mima: ****** 帮我看下"),
    ("密码是我的生日19900307", "密码是我的生日******"),
    ("my password is hunter2, help", "my password is ******, help"),
    ("my password is sunshine.", "my password is ******."),
    ("pin is 1234", "pin is ******"),
    ("卡背面三位123", "卡背面三位******"),
    ("密码是13800138000", "密码是******"),
]

UNTOUCHED = [
    "请拨打95588或400-800-8888，12378，12363，96110",
    "客服 4008888888 / 800-820-8820 / 1-800-829-1040",
    "订单号 6222021234567890128，金额 13800138000元",
    "订单编号：13800138000",
    "order no. 4111111111111111 is late",
    "2025-11-22 10:52:06 转出50,000.00元，余额1,234,567.89元",
    "流水号20251122134506123456789012345678",
    "case-0193a45b6c7d8e9f01234567890abcde",
    "550e8400-e29b-41d4-a716-446655440000",
    "转走了5000元，验证码我没给",
    "输了验证码，然后卡里少了8000",
    "验证码不要告诉任何人，95588也不会问",
    "my password is wrong and I cannot log in",
    "my password was changed by someone else",
    "zip code 94107, error code 500123, 15 U.S. Code 1681",
    "my name is on the account, company name: Acme",
    "我叫车去银行，叫他们退钱",
    "我在路上，11月5号到",
    "I paid 500 for 2 days on the road",
    "https://bank.example/help?id=1234&v=2",
    "192.168.100.100",
    "已经扣了3次，每次999.00",
    "卡尾号1234的卡被盗刷",
    "微信支付500元，支付宝转账",
    "",
    "\x00\ud800",
]


@pytest.mark.parametrize(("text", "expected"), MASKED + SECRET)
def test_personal_values_are_masked(text, expected):
    """Each value becomes its mask, and everything around it stays."""
    assert mask(text).text == expected


@pytest.mark.parametrize("text", UNTOUCHED)
def test_other_texts_stay_as_they_are(text):
    """Hotlines, amounts, times, orders, cases and plain talk survive to the letter."""
    assert (mask(text).text, mask(text).secret_said) == (text, False)


@pytest.mark.parametrize("text", [text for text, _ in MASKED + SECRET])
@pytest.mark.parametrize("purpose", MaskFor)
def test_masking_again_changes_nothing(text, purpose):
    """A masked text has nothing left to mask, at any strength."""
    once = mask(text, purpose).text
    assert mask(once, purpose).text == once
    assert mask(once).found == ()


@pytest.mark.parametrize("text", [text for text, _ in SECRET])
@pytest.mark.parametrize("purpose", MaskFor)
def test_secrets_are_hidden_whole_at_every_strength(text, purpose):
    """A code or a password keeps no character, and the desk hears that one was said."""
    masked = mask(text, purpose)
    assert masked.secret_said
    assert all(set(masked.text[one.shown_start : one.shown_end]) == {"*"} for one in masked.found)


def test_a_value_has_one_mask_and_one_token_however_it_is_written():
    """The same phone in four spellings is one phone; another phone is another."""
    masked = mask("13800138000 / 138-0013-8000 / 一三八零零一三八零零零 / +86 13800138000 / 13900138000")
    assert [one.token for one in masked.found] == ["phone-1"] * 4 + ["phone-2"]
    shown = {masked.text[one.shown_start : one.shown_end] for one in masked.found}
    assert shown == {"138****8000", "139****8000"}


def test_what_a_word_told_once_is_known_everywhere():
    """The code, the name and the passport are hidden again where no word announces them."""
    text = "我叫李小龙，验证码是384756。后来李小龙又报了384756"
    assert mask(text).text == "我叫李**，验证码是******。后来李**又报了******"


def test_offsets_are_those_of_the_original():
    """Full-width, invisible and expanding characters before a value do not move it."""
    text = "㈱⑩\u200b：１３８\u200b００１３８０００。ok"
    (found,) = find(text)
    assert (found.kind, found.certainty) == (Kind.PHONE, Certainty.CERTAIN)
    assert text[found.start : found.end] == "１３８\u200b００１３８０００"
    (hidden,) = mask(text).found
    assert (hidden.start, hidden.end) == (found.start, found.end)
    assert mask(text).text == "㈱⑩\u200b：138****8000。ok"


@pytest.mark.parametrize(
    ("purpose", "expected"),
    [
        (MaskFor.DISPLAY, "我叫张**，138****8000，z***@example.com，住北京市朝阳区***"),
        (MaskFor.SEND, "我叫******，*******8000，***@example.com，住******"),
        (MaskFor.INDEX, "我叫******，******，******，住******"),
    ],
)
def test_each_purpose_shows_what_it_needs(purpose, expected):
    """The desk recognises, the outside sees last digits, the index learns nothing."""
    text = "我叫张伟，13800138000，zs@example.com，住北京市朝阳区幸福路12号"
    assert mask(text, purpose).text == expected
