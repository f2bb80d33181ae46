"""Who is in the demo: one member of staff for each role, and the customer of the story; all made up."""

from __future__ import annotations

from typing import NamedTuple

from countermand.kernel.text import Text
from countermand.vocabulary.staff import STAFF_ROLES, Role, Staff

CUSTOMER = "customer"


class Person(NamedTuple):
    """Somebody who works here: the name they sign in with, how they are called, and as what they work."""

    name: str
    called: Text
    role: Role
    does: Text

    @property
    def staff(self) -> Staff:
        """As the desk knows them."""
        return Staff(name=self.name, roles=frozenset({self.role}))


def _person(name: str, en: str, zh: str, does_en: str, does_zh: str) -> tuple[str, Text, Text]:
    return name, Text(en=en, zh=zh), Text(en=does_en, zh=does_zh)


_KNOWN = {
    Role.AGENT: _person("lina", "Li Na", "李娜", "agent at the desk", "客服专员"),
    Role.INVESTIGATOR: _person("wangqiang", "Wang Qiang", "王强", "investigator", "调查员"),
    Role.PAYMENTS_OPS: _person("zhaolin", "Zhao Lin", "赵琳", "payments operations", "支付运营"),
    Role.APPROVER: _person("chenjing", "Chen Jing", "陈静", "approver", "复核人"),
    Role.CUSTODIAN: _person("yanghui", "Yang Hui", "杨辉", "custodian of evidence", "证据保管员"),
    Role.KB_EDITOR: _person("sunyu", "Sun Yu", "孙宇", "editor of the knowledge base", "知识库编辑"),
    Role.QUALITY: _person("zhouting", "Zhou Ting", "周婷", "quality", "质检"),
    Role.AUDITOR: _person("heping", "He Ping", "何平", "auditor", "审计员"),
    Role.REGULATOR_VIEWER: _person("gaoyan", "Gao Yan", "高岩", "guest of the regulator", "监管查阅"),
    Role.PEER: _person("wulei", "Wu Lei", "吴磊", "guest of another bank", "他行联系人"),
    Role.ADMIN: _person("xuming", "Xu Ming", "许明", "administrator", "管理员"),
}


def _cast_as(role: Role) -> Person:
    """Somebody for this role; one that is new to the desk gets a name of its own."""
    word = role.value.replace("_", " ")
    new = _person(f"demo-{role.value}", word.title(), role.value, word, role.value)
    name, called, does = _KNOWN.get(role, new)
    return Person(name, called, role, does)


CAST: dict[Role, Person] = {role: _cast_as(role) for role in STAFF_ROLES}
