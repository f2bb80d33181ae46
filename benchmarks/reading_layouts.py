"""How screens of payments and messages are laid out: each draws one, and tells what it says."""

from __future__ import annotations

import random

from benchmarks.reading_screens import BANKS, MERCHANTS, NAMES, Screen, degraded, new_canvas

LEVELS = 4
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def money(rng, *, commas=None):
    """Minor units, and how they are written."""
    minor = rng.choice([rng.randrange(100, 10_000), rng.randrange(10_000, 100_000_00)])
    commas = rng.random() < 0.5 if commas is None else commas
    return minor, f"{minor / 100:,.2f}" if commas else f"{minor / 100:.2f}"


def moment(rng):
    day = (rng.choice((2025, 2026)), rng.randrange(1, 13), rng.randrange(1, 29))
    return (*day, rng.randrange(24), rng.randrange(60), rng.randrange(60))


def iso(at):
    return f"{at[0]}-{at[1]:02}-{at[2]:02}T{at[3]:02}:{at[4]:02}:{at[5]:02}"


def written(at, style):
    return {
        0: f"{at[0]}-{at[1]:02}-{at[2]:02} {at[3]:02}:{at[4]:02}:{at[5]:02}",
        1: f"{at[0]}年{at[1]}月{at[2]}日 {at[3]:02}:{at[4]:02}:{at[5]:02}",
        2: f"{at[0]}/{at[1]:02}/{at[2]:02} {at[3]:02}:{at[4]:02}:{at[5]:02}",
    }[style]


def digits(rng, count):
    return str(rng.randrange(1, 10)) + "".join(str(rng.randrange(10)) for _ in range(count - 1))


def clock(canvas, rng):
    canvas.text(40, 20, f"{rng.randrange(24):02}:{rng.randrange(60):02}", 36)


def paid(rng):
    """What a payment is: shared by all receipts, with the truth of its fields."""
    minor, shown = money(rng)
    at, tail, bank = moment(rng), digits(rng, 4), rng.choice(BANKS)
    out = rng.random() < 0.8
    return {
        "minor": minor, "shown": shown, "at": at, "tail": tail, "bank": bank, "out": out,
        "to": rng.choice(NAMES),
        "order": digits(rng, rng.choice((20, 24, 28))), "phone": f"13{digits(rng, 1)}****{digits(rng, 4)}",
    }  # fmt: skip


def truth(one, **more):
    return {
        "amount": one["minor"], "time": iso(one["at"]), "order_number": one["order"],
        "account_tail": one["tail"], "institution": one["bank"], "status": "done", **more,
    }  # fmt: skip


def beside(canvas, rng):
    """Labels on the left, values in a column of their own."""
    one = paid(rng)
    clock(canvas, rng)
    canvas.text(540, 110, "账单详情", 46, anchor="ma")
    canvas.text(540, 270, f"转账-转给{one['to']}", 40, anchor="ma")
    canvas.text(540, 350, f"{'-' if one['out'] else '+'}{one['shown']}", 76, anchor="ma")
    canvas.text(540, 460, "交易成功", 38, anchor="ma", grey=True)
    rows = [
        ("付款方式", f"{one['bank']}储蓄卡({one['tail']})"), ("转账备注", "转账"), ("对方账户", one["phone"]),
        ("创建时间", written(one["at"], 0)), ("订单号", one["order"]),
    ]  # fmt: skip
    for place, (label, value) in enumerate(rows):
        canvas.text(75, 590 + place * 100, label, 38, grey=True)
        canvas.text(310, 590 + place * 100, value, 38)
    return [
        truth(
            one,
            sign="out" if one["out"] else "in",
            counterparty=one["to"],
            counterparty_tail=one["phone"][-4:],
        )
    ]


def wallet(canvas, rng):
    """The name above the amount; a long number over two lines."""
    one = paid(rng)
    clock(canvas, rng)
    canvas.text(540, 240, one["to"], 44, anchor="ma")
    canvas.text(540, 320, f"-{one['shown']}", 88, anchor="ma")
    y = 520
    number = one["order"]
    for label, value in (
        ("当前状态", "支付成功"), ("商品", "日用百货"), ("商户全称", one["to"]),
        ("支付时间", written(one["at"], 1)),
        ("支付方式", f"{one['bank']}({one['tail']})"), ("交易单号", number), ("商户单号", digits(rng, 18)),
    ):  # fmt: skip
        canvas.text(60, y, label, 38, grey=True)
        for part in canvas.wrapped(value, 420, 38):
            canvas.text(330, y, part, 38)
            y += 56
        y += 34
    return [truth(one, sign="out", counterparty=one["to"])]


def right_aligned(canvas, rng):
    """Values on the right edge, as bank applications have them; a sign and a currency before the amount."""
    one = paid(rng)
    clock(canvas, rng)
    canvas.text(540, 110, "交易详情", 46, anchor="ma")
    canvas.text(540, 250, f"-¥{one['shown']}", 80, anchor="ma")
    canvas.text(540, 360, "转账成功", 38, anchor="ma", ink=(30, 160, 90))
    rows = [
        ("收款人", one["to"]), ("收款账号", f"6222 **** **** {digits(rng, 4)}"),
        ("付款账户", f"{one['bank']}(尾号{one['tail']})"),
        ("交易时间", written(one["at"], 2)), ("流水号", one["order"]), ("手续费", "0.00元"),
    ]  # fmt: skip
    for place, (label, value) in enumerate(rows):
        canvas.text(60, 500 + place * 105, label, 38, grey=True)
        canvas.text(1020, 500 + place * 105, value, 38, anchor="ra")
    return [truth(one, sign="out", currency="CNY", counterparty=one["to"], counterparty_tail=rows[1][1][-4:])]


def above(canvas, rng):
    """Every label above its value, or in one line with it; the amount by a label, without a sign."""
    one = paid(rng)
    canvas.text(60, 60, "电子回单", 56)
    inline = rng.random() < 0.5
    y = 180
    for label, value in (
        ("交易金额", f"{one['shown']}元"), ("交易时间", written(one["at"], rng.randrange(3))),
        ("收款方", one["to"]),
        ("付款账户", f"{one['bank']} 尾号{one['tail']}"), ("交易流水号", one["order"]),
        ("交易状态", "交易成功"),
    ):  # fmt: skip
        if inline:
            canvas.text(60, y, f"{label}：{value}", 40)
            y += 90
        else:
            canvas.text(60, y, label, 34, grey=True)
            canvas.text(60, y + 52, value, 42)
            y += 150
    return [truth(one, sign="unknown", currency="CNY", counterparty=one["to"])]


def english(canvas, rng):
    """An English receipt."""
    one = paid(rng)
    at = one["at"]
    day = f"{MONTHS[at[1] - 1]} {at[2]}, {at[0]} {at[3]:02}:{at[4]:02}:{at[5]:02}"
    canvas.text(540, 100, "Transaction details", 46, anchor="ma")
    canvas.text(540, 240, f"-CNY {one['shown']}", 72, anchor="ma")
    rows = [
        ("Status", "Completed"), ("Recipient", one["to"]), ("Date", day),
        ("Payment method", f"Visa card ending in {one['tail']}"), ("Transaction ID", one["order"]),
    ]  # fmt: skip
    for place, (label, value) in enumerate(rows):
        canvas.text(60, 420 + place * 100, label, 38, grey=True)
        canvas.text(430, 420 + place * 100, value, 38)
    said = truth(one, sign="out", currency="CNY", counterparty=one["to"])
    del said["institution"]
    return [said]


def finished_page(canvas, rng):
    """A page without labels: that it was paid, how much, to whom."""
    one = paid(rng)
    clock(canvas, rng)
    canvas.text(540, 260, "支付成功", 52, anchor="ma", ink=(30, 160, 90))
    canvas.text(540, 400, f"￥{one['shown']}", 96, anchor="ma")
    canvas.text(540, 640, f"付款给 {one['to'].replace(' ', '')}", 40, anchor="ma", grey=True)
    canvas.text(540, 900, "完成", 44, anchor="ma")
    return [
        {
            "amount": one["minor"],
            "sign": "unknown",
            "currency": "CNY",
            "status": "done",
            "counterparty": one["to"].replace(" ", ""),
        }
    ]


def refund(canvas, rng):
    """Money that came back."""
    one = paid(rng)
    canvas.text(540, 110, "账单详情", 46, anchor="ma")
    canvas.text(540, 250, "退款-" + one["to"], 40, anchor="ma")
    canvas.text(540, 330, f"+{one['shown']}", 80, anchor="ma")
    canvas.text(540, 440, "退款成功", 38, anchor="ma", grey=True)
    rows = [("退款方式", "零钱"), ("创建时间", written(one["at"], 0)), ("订单号", one["order"])]
    for place, (label, value) in enumerate(rows):
        canvas.text(75, 580 + place * 100, label, 38, grey=True)
        canvas.text(310, 580 + place * 100, value, 38)
    return [
        {
            "amount": one["minor"],
            "sign": "in",
            "status": "refunded",
            "time": iso(one["at"]),
            "order_number": one["order"],
        }
    ]


def bubbles(canvas, rng, sender, texts):
    clock(canvas, rng)
    canvas.text(540, 70, sender, 42, anchor="ma")
    y = 210
    for text in texts:
        rows = canvas.wrapped(text, 720, 40)
        shade = (44, 44, 48) if canvas.dark else (233, 233, 235)
        canvas.draw.rounded_rectangle((50, y - 24, 820, y + len(rows) * 64 + 12), 36, fill=shade)
        for row in rows:
            canvas.text(80, y, row, 40)
            y += 64
        y += 90


def card_message(canvas, rng):
    """A bank tells of money spent and of what is left."""
    minor, shown = money(rng)
    left, _ = money(rng, commas=False)
    at, tail, bank, via = moment(rng), digits(rng, 4), rng.choice(BANKS), rng.choice(MERCHANTS)
    where = rng.randrange(4)
    day = f"{at[1]}月{at[2]}日{at[3]:02}:{at[4]:02}"
    text = (
        f"【{bank}】您尾号{tail}卡于{day}支出(消费{via}){shown}元，余额{left / 100:.2f}元。",
        (
            f"【{bank}】您尾号{tail}的储蓄卡{day}快捷支付支出人民币{shown}元，"
            f"对方户名：{via}，活期余额{left / 100:.2f}元。"
        ),
        f"您账户{tail}于{day}在{via}消费人民币{shown}，可用余额{left / 100:.2f}。[{bank}]",
        (
            f"【{bank}】您的账户尾号{tail}，{day}向{via}转账支出¥{shown}，"
            f"余额¥{left / 100:.2f}。如有疑问请致电95566。"
        ),
    )[where]
    bubbles(canvas, rng, rng.choice(("95588", "95555", "1069 0588 2233")), [text])
    return [
        {"amount": minor, "sign": "out", "currency": "CNY", "balance": left, "account_tail": tail,
         "institution": bank, "counterparty": via, "time": f"--{at[1]:02}-{at[2]:02}T{at[3]:02}:{at[4]:02}"}
    ]  # fmt: skip


def loan_message(canvas, rng):
    """A lender tells of a loan that was paid out."""
    minor = rng.randrange(1, 200) * 1000_00
    at, tail = moment(rng), digits(rng, 4)
    day = f"{at[1]}月{at[2]}日{at[3]:02}:{at[4]:02}"
    text = rng.choice((
        (f"【安心消费金融】您申请的{minor // 100}元借款已于{day}放款至尾号{tail}账户，"
        f"如非本人操作请致电400-100-{digits(rng, 4)}。"),
        (f"【安心消费金融】尊敬的客户，您的借款{minor / 100:,.2f}元已于{day}到账，"
        f"收款卡尾号{tail}，请按时还款。"),
    ))  # fmt: skip
    bubbles(canvas, rng, "1069 3320 1188", [text])
    return [
        {"amount": minor, "sign": "in", "currency": "CNY", "account_tail": tail,
         "institution": "安心消费金融", "time": f"--{at[1]:02}-{at[2]:02}T{at[3]:02}:{at[4]:02}"}
    ]  # fmt: skip


def code_message(canvas, rng):
    """A one-time code, and under it a payment that it opened."""
    minor, shown = money(rng)
    at, tail, bank = moment(rng), digits(rng, 4), rng.choice(BANKS)
    code = digits(rng, 6)
    day = f"{at[1]:02}月{at[2]:02}日{at[3]:02}:{at[4]:02}"
    texts = [
        f"【{bank}】验证码{code}，您正在进行快捷支付，请勿告知他人。",
        f"【{bank}】您尾号{tail}的账户{day}支出{shown}元，余额{minor / 1000:.2f}元。",
    ]
    bubbles(canvas, rng, "95533", texts)
    return [
        {"code": None, "institution": bank},
        {"amount": minor, "sign": "out", "currency": "CNY", "account_tail": tail, "institution": bank,
         "time": f"--{at[1]:02}-{at[2]:02}T{at[3]:02}:{at[4]:02}"},
    ]  # fmt: skip


KINDS = (
    beside, card_message, wallet, loan_message, right_aligned, code_message, above, english, finished_page,
    refund,
)  # fmt: skip


def screens(seed: int, count: int) -> list[Screen]:
    """So many screens, every kind and every level in turn."""
    made = []
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        kind = KINDS[number % len(KINDS)]
        canvas = new_canvas(rng)
        fields = kind(canvas, rng)
        level = (number // len(KINDS)) % LEVELS
        name = f"{number:03}_{kind.__name__}_{level}"
        made.append(Screen(name, level, degraded(canvas.finished(), level, rng), canvas.lines, fields))
    return made
