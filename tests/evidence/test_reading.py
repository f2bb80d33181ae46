"""Goal: fields are what screens say, and unknown where they do not. Method: tables of layouts, and laws."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermand.evidence.fields import ALWAYS_CONFIRMED, FieldName, RecordKind
from countermand.evidence.lexicon import read_lexicon
from countermand.evidence.reading import read_fields
from countermand.kernel.errors import SetupError
from countermand.vocabulary.pictures import PictureText, TextLine, hull, upright
from evidence.screens import LEXICON, boxes_of, paragraph, picture, read, values

ORDER = "3016613186091390996030824628"
ROWS = [
    ("付款方式", "招商银行储蓄卡(8779)"), ("转账备注", "转账"), ("对方账户", "138****1542"),
    ("创建时间", "2026-06-1901:58:32"), ("订单号", ORDER),
]  # fmt: skip
TOP = [
    (40, 20, "04:25", 36), (430, 110, "账单详情", 46), (370, 270, "转账-转给王*明", 40),
    (350, 350, "-16258.25", 76), (450, 460, "交易成功", 38),
]  # fmt: skip
WHOLE = {
    "amount": 1625825, "sign": "out", "time": "2026-06-19T01:58:32", "order_number": ORDER,
    "account_tail": "8779", "institution": "招商银行", "counterparty": "王*明", "counterparty_tail": "1542",
    "counterparty_account": "138****1542", "status": "done",
}  # fmt: skip


def placed(spots):
    """The rows of a receipt where a layout puts them, by the number of the row."""
    return [row for number, pair in enumerate(ROWS) for row in spots(number, *pair)]


LAYOUTS = {
    "labels on the left": placed(lambda n, a, b: ((75, 580 + n * 100, a, 38), (310, 580 + n * 100, b, 38))),
    "values on the right edge": placed(
        lambda n, a, b: ((75, 580 + n * 100, a, 38), (1020 - 20 * len(b), 580 + n * 100, b, 38))
    ),
    "labels above": placed(lambda n, a, b: ((75, 580 + n * 150, a, 34), (75, 630 + n * 150, b, 40))),
    "one line with a colon": placed(lambda n, a, b: ((75, 580 + n * 90, f"{a}：{b}", 38),)),
    "one line with a blank": placed(lambda n, a, b: ((75, 580 + n * 90, f"{a} {b}", 38),)),
}  # fmt: skip


@pytest.mark.parametrize("turned", [0.0, -3.0, 3.0])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_receipt_is_read_however_it_is_laid_out(layout, turned):
    """Labels on the left, on the right edge, above or inline, straight or askew: the same fields."""
    assert values(read(*TOP, *LAYOUTS[layout], turned=turned)) == WHOLE


@pytest.mark.parametrize(
    ("shown", "minor", "sign", "currency"),
    [
        ("-16258.25", 1625825, "out", None),
        ("16258.25", 1625825, "unknown", None),
        ("一16258.25", 1625825, "unknown", None),
        ("~16,258.25", 1625825, "unknown", None),
        ("+88.00", 8800, "in", None),
        ("￥88.00", 8800, "unknown", "CNY"),
        ("-￥3,280.00", 328000, "out", "CNY"),
        ("￥-3,280.00", 328000, "out", "CNY"),
        ("−3280.00元", 328000, "out", "CNY"),
        ("-CNY 85228.77", 8522877, "out", "CNY"),
        ("1.8万元", 1800000, "unknown", "CNY"),
        ("HK$ 12.00", 1200, "unknown", "HKD"),
        ("1 299.00", None, "unknown", None),
    ],
)
def test_an_amount_keeps_what_is_written_and_no_more(shown, minor, sign, currency):
    """Sign and currency are those that stand there; what was lost or misread is unknown."""
    found = values(
        read(
            (350, 350, shown, 76), (450, 460, "交易成功", 38), (75, 600, "订单号", 38), (310, 600, ORDER, 38)
        )
    )
    assert (found.get("amount"), found["sign"], found.get("currency")) == (minor, sign, currency)


MESSAGES = [
    (
        "【工商银行】您尾号2472卡于2月6日04:14支出(消费财付通)6584.85元，余额1207.28元。",
        {"amount": 658485, "sign": "out", "currency": "CNY", "balance": 120728, "time": "--02-06T04:14",
         "account_tail": "2472", "institution": "工商银行", "counterparty": "财付通"},
    ),
    (
        "【安心消费金融】您申请的18000元借款已于11月6日03:37放款至尾号9358账户，如非本人操作请致电95654或回复T，参考19.41。",
        {"amount": 1800000, "sign": "in", "currency": "CNY", "time": "--11-06T03:37", "account_tail": "9358",
         "institution": "安心消费金融", "callback": "95654"},
    ),
    (
        "您账户8616于3月9日06:44在财付通消费人民币85.06，可用余额92836.62。[招商银行]",
        {"amount": 8506, "sign": "out", "currency": "CNY", "balance": 9283662, "time": "--03-09T06:44",
         "account_tail": "8616", "institution": "招商银行", "counterparty": "财付通"},
    ),
    (
        "【兴业银行】您的账户尾号3395，6月20日04:06向抖音支付转账支出¥3.39，余额¥85331.57。如有疑问请致电95561。",
        {"amount": 339, "sign": "out", "currency": "CNY", "balance": 8533157, "time": "--06-20T04:06",
         "account_tail": "3395", "institution": "兴业银行", "counterparty": "抖音支付", "callback": "95561"},
    ),
    (
        "【中国银行】您尾号1234的账户11月06日15:37向尾号5678账户转出200.00元，退款请勿轻信。",
        {"amount": 20000, "sign": "out", "currency": "CNY", "time": "--11-06T15:37", "account_tail": "1234",
         "counterparty_tail": "5678", "institution": "中国银行"},
    ),
]  # fmt: skip


@pytest.mark.parametrize("columns", [9, 14, 18, 23])
@pytest.mark.parametrize(("text", "wanted"), MESSAGES)
def test_a_message_is_read_wherever_its_lines_break(text, wanted, columns):
    """Numbers and dates broken over two lines are whole again; balances are no amounts."""
    found = read((400, 60, "95588", 42), *paragraph(text, columns=columns))
    assert values(found) == wanted | {"sender": "95588"}
    assert found.records[0].kind is RecordKind.MESSAGE


def test_yesterday_has_a_date_only_where_the_capture_has_one():
    """A day named by its distance stays unknown without the time of capture, and so does a year."""
    rows = (
        (350, 350, "-12.00", 76),
        (75, 600, "交易时间", 38),
        (310, 600, "昨天 23:41", 38),
        (75, 700, "订单号", 38),
        (310, 700, ORDER, 38),
    )
    at = datetime(2026, 1, 1, 9, 0)  # noqa: DTZ001 - pictures know no zone
    assert values(read(*rows))["time"] is None
    assert values(read(*rows, captured_at=at))["time"] == "2025-12-31T23:41"
    message = paragraph("【工商银行】您尾号2472卡于12月30日04:14支出6584.85元。")
    assert values(read(*message))["time"] == "--12-30T04:14"
    assert values(read(*message, captured_at=at))["time"] == "2025-12-30T04:14"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("【建设银行】验证码642084，您正在进行快捷支付，请勿告知他人。", "642084"),
        ("【建设银行】验让吗642084，您正在进行快捷支付，请勿告知他人。", "642084"),
        ("【微信支付】482913是您的登录验证码，10分钟内有效。", "482913"),
        ("Your verification code is 123 456. Do not share it with anyone.", "123 456"),
        ("[Bank] 5531 is your one-time code for a payment of CNY 300.00 to a shop.", "5531"),
    ],
)
@pytest.mark.parametrize("columns", [12, 18, 40])
def test_a_code_is_covered_at_once(text, code, columns):
    """No digit of a one-time code is left in lines or fields; amounts and minutes beside it are."""
    found = read(*paragraph(text, columns=columns))
    said = "".join(one.text for one in found.lines).replace(" ", "")
    assert code.replace(" ", "") not in said
    assert found.records[0].get(FieldName.CODE).value is None
    assert all(code not in (one.raw or "") for one in found.records[0].fields)
    assert ("300.00" in text) == ("300.00" in said)


def test_several_messages_are_several_records():
    """Each bubble has its own fields; who sent them stands once over all."""
    first, second = MESSAGES[0][0], "【工商银行】您尾号2472卡于2月7日08:00收入100.00元。"
    found = read((400, 60, "95588", 42), *paragraph(first), *paragraph(second, y=700))
    assert [(values(found, n)["amount"], values(found, n)["sign"]) for n in (0, 1)] == [
        (658485, "out"),
        (10000, "in"),
    ]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (
            [(400, 100, "受案回执", 60), (80, 300, "王某：", 40),
             (80, 380, "你于2026年11月6日报称的被诈骗一案我单位已受理（", 40),
             (80, 440, "受案登记表文号为杭公(西)受案字〔2026〕12345号）。", 40),
             (500, 600, "杭州市公安局西湖区分局", 40), (500, 660, "2026年11月7日", 40)],
            {"police_reference": "杭公(西)受案字〔2026〕12345号", "police_agency": "西湖区分局",
             "time": "2026-11-06"},
        ),
        (
            [(400, 100, "接报回执单", 60), (80, 300, "警情编号：A3301061900002026110012", 40),
             (80, 380, "接警单位：西湖派出所", 40), (80, 460, "接警时间：2026-11-06 09:12", 40)],
            {"police_reference": "A3301061900002026110012", "police_agency": "西湖派出所",
             "time": "2026-11-06T09:12"},
        ),
    ],
)  # fmt: skip
def test_a_receipt_of_the_police_is_read(rows, wanted):
    """Its number, who took the report and when; the number always wants a person."""
    found = read(*rows)
    assert found.records[0].kind is RecordKind.POLICE_RECEIPT
    said = values(found)
    assert said["police_reference"].endswith(wanted["police_reference"][-12:])
    assert said["police_agency"].endswith(wanted["police_agency"][-3:])
    assert said["time"] == wanted["time"]
    assert found.records[0].get(FieldName.POLICE_REFERENCE).needs_confirmation


def test_a_list_of_payments_is_several_records():
    """Rows with amounts on one edge are entries, each with its name and time."""
    found = read(
        (60, 100, "交易明细", 46),
        (60, 300, "星河便利店", 40), (900, 300, "-58.00", 40), (60, 360, "11-06 15:37", 30),
        (60, 500, "王*明", 40), (860, 500, "+1,200.00", 40), (60, 560, "11-06 18:02", 30),
    )  # fmt: skip
    assert [one.kind for one in found.records] == [RecordKind.ENTRY] * 2
    assert values(found, 0) == {
        "amount": 5800,
        "sign": "out",
        "counterparty": "星河便利店",
        "time": "--11-06T15:37",
    }
    assert values(found, 1) == {
        "amount": 120000,
        "sign": "in",
        "counterparty": "王*明",
        "time": "--11-06T18:02",
    }


@pytest.mark.parametrize(
    ("shown", "row", "sign"),
    [
        ("1,000.00", "支出", "out"),
        ("1,000.00", "收入", "in"),
        ("-1,000.00", "支出", "out"),
        ("-1,000.00", "收入", "unknown"),
        ("1,000.00", "转账", "unknown"),
    ],
)
def test_a_row_may_say_the_direction(shown, row, sign):
    """A row for the direction counts where no sign stands; where both differ, nobody knows."""
    rows = [(60, 300, "交易金额", 38), (400, 300, shown, 38), (60, 380, "收/支", 38), (400, 380, row, 38)]
    rows += [(60, 460, "流水号", 38), (400, 460, ORDER, 38)]
    assert values(read(*rows))["sign"] == sign


MORE_MESSAGES = [
    (
        "【邮储银行】26年11月06日15:37您尾号123账户跨行转账支出金额2000.00元，余额11.20元。",
        "time",
        "2026-11-06T15:37",
    ),
    (
        "【招商银行】您账户1234于11月06日15:37转入人民币3,000.00，余额3,210.55，付方李四。",
        "counterparty",
        "李四",
    ),
    ("【农业银行】您尾号5678账户11月06日15:37完成代付交易人民币-1500.00，余额23.10。", "sign", "out"),
    ("【微众银行】您已成功借款20000元，预计2小时内到账尾号8890的银行卡。", "sign", "unknown"),
    ("【京东金融】您的白条本期账单应还1,280.36元，最低还款128.04元，还款日11月09日。", "amount", "left out"),
    (
        "Your account ending 4821 was debited HKD 1,200.00 on 6 Nov 2026 15:37 to SHOP. Ref no. AB12345678.",
        "order_number",
        "AB12345678",
    ),
]


@pytest.mark.parametrize(("text", "name", "value"), MORE_MESSAGES)
def test_messages_of_other_kinds(text, name, value):
    """What is due, what is to come and what another bank writes in its own way."""
    assert values(read(*paragraph(text))).get(name, "left out") == value


def test_the_status_is_the_gravest_word():
    """A payment that was given back is not done, though its screen says that it succeeded."""
    rows = [
        (350, 350, "-12.00", 76),
        (450, 460, "交易成功", 38),
        (450, 520, "已全额退款", 38),
        (75, 700, "订单号", 38),
        (310, 700, ORDER, 38),
    ]
    assert values(read(*rows))["status"] == "refunded"
    assert values(read(rows[0], (450, 460, "处理中", 38), *rows[3:]))["status"] == "pending"


def test_fields_stand_where_they_are_shown():
    """Boxes are those of the words, over two lines where these are; amount and sign always want a person."""
    found = read((400, 60, "95588", 42), *paragraph(MESSAGES[0][0], columns=14))
    tail = boxes_of(found, FieldName.ACCOUNT_TAIL)
    assert len(tail) == 1
    (left, top), _, (right, bottom), _ = tail[0]
    assert 80 < left < right < 80 + 14 * 40
    assert (top, bottom) == (200, 240)
    assert all(one.needs_confirmation for one in found.records[0].fields if one.name in ALWAYS_CONFIRMED)
    sure = {one.name for one in found.records[0].fields if not one.needs_confirmation}
    assert FieldName.ACCOUNT_TAIL in sure
    doubtful = read((400, 60, "95588", 42), *paragraph(MESSAGES[0][0]), confidence=0.9)
    assert all(one.needs_confirmation for one in doubtful.records[0].fields)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(max_size=24)
            | st.sampled_from(["订单号", "金额", "【银行】验证码", "余额", "-1.00", "尾号", "2026-13-40"]),
            st.tuples(*[st.integers(-50, 3000)] * 8),
            st.floats(0, 1),
        ),
        max_size=12,
    )
)
def test_rules_are_total(lines):
    """Whatever a reader gives, there is a reading; every box of a field lies in the picture's lines."""
    told = tuple(
        TextLine(text, ((b[0], b[1]), (b[2], b[3]), (b[4], b[5]), (b[6], b[7])), sure)
        for text, b, sure in lines
    )
    found = read_fields(PictureText(lines=told, width=1080, height=2000, reader="x"), LEXICON)
    for record in found.records:
        names = [one.name for one in record.fields]
        assert len(names) == len(set(names))
        for field in record.fields:
            assert field.needs_confirmation or field.value is not None
    if told:
        assert hull([one.box for one in told]) is not None


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 10**9), st.booleans(), st.sampled_from(["-", "+", ""]), st.integers(0, 3))
def test_every_amount_is_read_back(minor, commas, sign, noise):
    """An amount that was written is the amount that is read, whatever stands around it."""
    shown = f"{sign}{minor / 100:,.2f}" if commas else f"{sign}{minor // 100}.{minor % 100:02}"
    rows = [
        (350, 350, shown, 76),
        (75, 600, "订单号", 38),
        (310, 600, ORDER, 38),
        (75, 700, "手续费", 38),
        (310, 700, "0.00元", 38),
    ]
    found = values(read(*rows[: 3 + noise]))
    assert found["amount"] == minor
    assert found["sign"] == {"-": "out", "+": "in", "": "unknown"}[sign]


def test_a_pack_that_cannot_be_used_is_refused():
    """A broken list of words names its file."""
    with pytest.raises(SetupError) as refusal:
        read_lexicon("labels: {nothing: [x]}")
    assert refusal.value.code == "evidence_pack_refused"


def test_a_picture_of_nothing_has_no_records():
    """A clock and a blank are no payment."""
    assert read((40, 20, "04:25", 36)).records == ()
    assert read_fields(picture(), LEXICON).records == ()
    assert upright(0, 0, 1, 1)[2] == (1, 1)
