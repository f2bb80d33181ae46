"""A stage for the console: staff with a session in their browser, and cases as customers' words made them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from countermand.flows.receive_report import receive_report
from countermand.vocabulary.staff import Role
from flows.report_stage import said
from flows.staff_stage import join, light
from flows.stage import payment
from pages.looking import DESK, visiting
from pages.served import Served

SESSION_COOKIE = "countermand-staff"
NOT_ME = "刚才有一笔转账不是我操作的，我的手机号是13812345678，请马上处理"
QUESTION = "请问怎么修改登录密码？"


def signed_in(served: Served, name: str, *roles: Role) -> str:
    """The cookie of somebody who was invited, accepted and is in."""
    person = served.run(join(light(served.house.access), name, *(roles or (Role.AGENT,))))
    return person.cookie


@contextmanager
def at_desk(browser: Any, served: Served, cookie: str, language: str, **more: Any) -> Iterator[Any]:
    """Their browser at a desk's screen."""
    with visiting(browser, served.address, language, more.pop("size", DESK), **more) as page:
        page.context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": served.address}])
        yield page


def reported(served: Served, text: str = NOT_ME, **more: Any) -> str:
    """The number of a case that a report made, without its gaps."""
    told = said(text, **{"received_at": served.house.clock.now(), **more})
    received = served.run(receive_report(served.house.reception, told, "app"))
    return str(received.answer["case"]).replace(" ", "")


def decided(served: Served, account: str = "a-1", **more: Any) -> str:
    """The id of an operation that was decided on."""
    operation = payment(account, at=served.house.clock.now(), **more)
    served.run(served.house.decider.decide(operation, None))
    return operation.id
