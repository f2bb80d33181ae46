"""Seeded people who exist nowhere, and the ways they write what names them."""

from __future__ import annotations

import random
import string
from datetime import date, timedelta

from countermand.intake.personal_numbers import is_chinese_id, is_hong_kong_id, is_taiwan_id, passes_luhn

CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
SURNAMES, GIVEN = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗欧",
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华文建国志红玉",
)
PLACES = ["110105", "310104", "440305", "510107", "330106", "420111", "610113", "350203"]
STREETS = ["幸福路", "人民南路", "中山大道", "解放街", "学院路", "滨江大道", "建设西街", "长安街"]
CITIES = ["北京市朝阳区", "上海市徐汇区", "广东省深圳市南山区", "浙江省杭州市西湖区", "成都市武侯区", ""]
EN_STREETS = ["Main Street", "Oak Ave", "Maple Road", "W Lincoln Blvd", "Elm St", "North Park Drive"]
EN_NAMES = ["John Smith", "Mary Johnson", "Robert Brown", "Linda Davis", "Michael Wilson", "Susan Clark"]

# Kind: sentences with {}; each kind is also said in the other language and inside mixed talk.
SENTENCES: dict[str, list[str]] = {
    "id_number": [
        "我的身份证号是{}，帮我查",
        "身份证 {}",
        "{} 这是我的证件",
        "my ID number is {} thanks",
        "我ID{}查下",
    ],
    "phone": [
        "手机{}，随时打给我",
        "我电话是{}",
        "联系 {} 谢谢",
        "call me on {} please",
        "我的phone是{}哈",
        "{}这个号被人用了",
    ],
    "landline": ["座机{}", "家里电话 {}，白天有人", "tel {}"],
    "foreign_phone": ["call me at {} pls", "my cell is {}.", "电话 {}"],
    "bank_card": [
        "卡号{}被盗刷了",
        "我的建行卡 {}，不是我刷的",
        "card {} was charged",
        "{} 这张卡",
        "card号是{}帮我冻结",
    ],
    "email": ["邮箱是{}，发我", "send it to {} please", "我的email:{}"],
    "passport": ["护照号{}", "my passport number is {}", "passport号{}丢了"],
    "hong_kong_id": ["香港身份证{}", "my HKID is {}", "身份证{}（香港）"],
    "taiwan_id": ["台湾身份证{}", "my Taiwan ID {}", "证号{}"],
    "travel_permit": ["回乡证{}", "通行证号码：{}", "my home return permit 回乡证 {}"],
    "plate": ["车牌{}", "我的车{}被贷款了", "plate {}"],
    "address": ["我住在{}", "地址：{}", "寄到{}谢谢"],
    "address_en": ["I live at {}.", "my address is {}, thanks", "ship to {}"],
    "name": ["我叫{}，", "姓名：{} ", "户名是{}，"],
    "name_en": ["my name is {}.", "Name: {}", "hi my name is {} and I need help"],
    "messenger": ["微信号{}", "加我vx：{}", "my wechat: {}"],
    "qq": ["qq {}", "QQ号：{}，加我", "扣扣{}"],
    "code": [
        "验证码是{}",
        "他让我报验证码，我说了{}",
        "your code is {}",
        "【银行】{}，登录验证码",
        "otp {}",
        "验证码：{}，5分钟内有效",
    ],
    "password": ["密码是{}", "my password is {}", "pwd: {}", "密码{}帮我改一下"],
    "card_security": ["cvv {}", "安全码是{}", "卡背面三位{}"],
}
NEIGHBOURS = [
    "你好，",
    "昨天晚上 10:52 ",
    "转走了5000元，",
    "please help, ",
    "不是我操作的！",
    "hello ",
    "",
    "95588说",
    "急急急 ",
]
ENDS = ["", "，谢谢", " 金额1,280.50元", " asap", "。我没有授权过", " thanks 2025-11-22", "！！！"]
HARMLESS = [
    "订单号{long}，金额{money}元",
    "流水号：{long}",
    "order no. {sixteen} is late",
    "工单{eleven}处理了吗",
    "case number {eleven}",
    "{day} {time}转出{money}元，余额{money}元",
    "拨打955{two}，12378或者96110",
    "客服400-{three}-{four}，不是我",
    "尾号{four}的卡少了{money}",
    "验证码我没给，卡里少了{four}元",
    "收到{two}条短信，每条扣{three}元",
    "I was charged ${money} on {day}",
    "error code {six}, then zip code {five}",
    "my password is wrong, tried {two} times",
    "my name is on the account since {year}",
    "我叫车去银行，等了{two}分钟",
    "利率{two}.{two}%，分{two}期",
    "运单号{long}，{day}签收",
    "ref {long}",
    "案件编号{eleven}，{day}受理",
    "version 1.{two}.{three} build {four}",
    "密码错误{two}次被锁",
]


def valid(body: str, holds, checks: str = "0123456789") -> str:
    """The number with the check character that makes it valid."""
    return next(body + check for check in checks if holds(body + check))


class People:
    """Draws values and the texts they stand in; everything from one seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def digits(self, count: int) -> str:
        return "".join(self.chance.choice(string.digits) for _ in range(count))

    def value(self, kind: str) -> str:
        """A value of a kind, valid where validity can be computed."""
        pick = self.chance.choice
        if kind == "id_number":
            born = date(1940, 1, 1) + timedelta(days=self.chance.randrange(26000))
            body = f"{pick(PLACES)}{born:%Y%m%d}{self.digits(3)}"
            return valid(body, lambda one: is_chinese_id(one.lower()), "0123456789X")
        if kind == "bank_card":
            head, size = pick(
                [("622202", 19), ("621700", 19), ("622588", 16), ("4", 16), ("53", 16), ("37", 15)]
            )
            return valid(head + self.digits(size - 1 - len(head)), passes_luhn)
        if kind == "hong_kong_id":
            letter, body = pick("ABCDGKRYZ"), self.digits(6)
            check = next(c for c in "0123456789A" if is_hong_kong_id(letter.lower(), body, c.lower()))
            return f"{letter}{body}({check})"
        if kind == "taiwan_id":
            letter = pick("ABCDEFGH")
            return valid(
                letter + pick("12") + self.digits(7), lambda one: is_taiwan_id(one[0].lower(), one[1:])
            )
        return self._free_value(kind)

    def _free_value(self, kind: str) -> str:
        pick, digits = self.chance.choice, self.digits
        letters = "".join(self.chance.choices(string.ascii_lowercase, k=7))
        number, building, flat = (self.chance.randrange(1, size) for size in (400, 30, 2900))
        house = f"{number}号{building}号楼{flat}室"
        return {
            "phone": lambda: f"1{pick('3456789')}{digits(9)}",
            "landline": lambda: f"{pick(['010', '021', '0755', '0571'])}-{pick('68')}{digits(7)}",
            "foreign_phone": lambda: f"+1 415-{pick('23456789')}{digits(2)}-{digits(4)}",
            "email": lambda: (
                f"{letters}{digits(3)}@{pick(['qq.com', 'gmail.com', 'bank.example.com', '163.com'])}"
            ),
            "passport": lambda: f"{pick('EG')}{digits(8)}",
            "travel_permit": lambda: f"{pick('HM')}{digits(8)}",
            "plate": lambda: (
                f"{pick('京沪粤苏浙川')}{pick('ABCDE')}{pick(['', '·'])}{pick('ABCDEFGH')}{digits(4)}"
            ),
            "address": lambda: f"{pick(CITIES)}{pick(STREETS)}{house}",
            "address_en": lambda: f"{self.chance.randrange(10, 9900)} {pick(EN_STREETS)}",
            "name": lambda: pick(SURNAMES) + "".join(self.chance.sample(GIVEN, pick([1, 2]))),
            "name_en": lambda: pick(EN_NAMES),
            "messenger": lambda: f"{letters}_{digits(3)}",
            "qq": lambda: f"{pick('123456789')}{digits(8)}",
            "code": lambda: f"{digits(5)}{pick('123456789')}",
            "password": lambda: f"{letters}{digits(2)}{pick('!@#')}",
            "card_security": lambda: digits(3),
        }[kind]()

    def written(self, kind: str, value: str) -> str:
        """One of the ways people write it."""
        way = self.chance.random()
        if kind not in {"id_number", "phone", "bank_card", "code"} or way < 0.45:
            return value
        if way < 0.55:
            return value.translate(FULL_WIDTH)
        if way < 0.65:
            return value.translate(CHINESE)
        if way < 0.75:
            return " ".join(value)
        joint = self.chance.choice([" ", "-"])
        parts = (
            [value[:3], value[3:7], value[7:]]
            if kind == "phone"
            else [value[i : i + 4] for i in range(0, len(value), 4)]
        )
        return value if kind == "code" else joint.join(parts)

    def said(self, kind: str, value: str) -> tuple[str, int, int]:
        """A text in which the value stands, and where."""
        pick = self.chance.choice
        before, _, after = (pick(NEIGHBOURS) + pick(SENTENCES[kind]) + pick(ENDS)).partition("{}")
        written = self.written(kind, value)
        return before + written + after, len(before), len(before) + len(written)

    def harmless(self) -> str:
        """A text with numbers that are nobody's."""
        sizes = {
            "two": 2,
            "three": 3,
            "four": 4,
            "five": 5,
            "six": 6,
            "eleven": 11,
            "sixteen": 16,
            "long": 24,
        }
        numbers = {name: self.digits(size) for name, size in sizes.items()}
        day = date(2024, 1, 1) + timedelta(days=self.chance.randrange(800))
        return self.chance.choice(HARMLESS).format(
            **numbers,
            money=f"{self.chance.randrange(1, 90000):,}.{self.digits(2)}",
            day=day,
            year=day.year,
            time="10:52:06",
        )
