"""A payment on a new device: its customer proves that it is them, and the bank executes it exactly once."""

from __future__ import annotations

import pyotp

from countermand.drills.demo_acts.consent import agree
from countermand.drills.demo_stage import CONFLICT, FORBIDDEN, Stage
from countermand.kernel.clock import MICROS_PER_SECOND, SystemClock
from countermand.vocabulary.outcomes import Outcome

_PASSWORD = "Three grey herons, 1 canal"  # noqa: S105 - of a customer who is made up
_WRONG = "Four grey herons, 1 canal"


def play_challenged(stage: Stage) -> None:
    """Asked for two independent proofs; a wrong one and a changed payee get nowhere; then it moves on."""
    world = stage.world
    account, home = world.customer(stage.put_profile, "wu", "192.0.2.43")
    stage.say("A payment from a new phone far from home", "在外地用新手机付款")
    stage.decide(world.step("login", account, world.by_day(2), attributes={"result": "ok"}, **home))
    codes = _enrolled(stage, account, home["device"])
    away = world.place("wu-away", "203.0.113.20")
    paid = world.step("payment", account, world.by_day(1), yuan=266, payee=world.named("hotel"), **away)
    name = stage.decided(paid, Outcome.CHALLENGE)

    place, path = {"device": away["device"], "session": away["session"]}, f"/v1/operations/{name}/challenge"
    asked = stage.ask("POST", path, place)
    confirming = asked["details"]["confirming"]
    stage.say(f"  {confirming['en']}", f"  {confirming['zh']}")
    wrong = stage.refused(FORBIDDEN, "wrong_answer", f"{path}/answer", _by_password(_WRONG) | place)
    stage.expect(wrong, "a wrong password was taken", "错误密码通过了验证")
    other = paid.operation | {"counterparty": {"id": world.named("mule-4")}}
    changed = stage.refused(CONFLICT, "id_reused", "/v1/operations", other)
    stage.expect(changed, "the payee was changed meanwhile", "收款方中途被更换")
    stage.say(
        "  A wrong password: refused. Another payee in the meantime: refused (409 id_reused)",
        "  密码错误：拒绝。中途更换收款方：拒绝（409 id_reused）",
    )
    stage.ask("POST", f"{path}/answer", _by_password(_PASSWORD) | place)
    code = codes.at(_seconds() + codes.interval)  # enrolling has used up the code of this half minute
    passed = stage.ask("POST", f"{path}/answer", {"method": "totp", "code": code} | place)
    stage.expect(passed["state"] == "satisfied", "two proofs were not enough", "两种验证仍未通过")
    agree(stage, name)
    stage.booked_once(name)
    stage.say(
        "  Password and authenticator app: it was them. The bank executed it, exactly once",
        "  密码与验证器口令均正确：确系本人。核心系统已执行，且仅执行一次",
    )


def _seconds() -> int:
    return SystemClock().now() // MICROS_PER_SECOND


def _by_password(password: str) -> dict[str, str]:
    return {"method": "password", "password": password}


def _enrolled(stage: Stage, account: str, device: str) -> pyotp.TOTP:
    """A password, and an authenticator app on the customer's own phone, as enrolled at home earlier."""
    path = stage.door.account(account, "/authenticators")
    at_home = {"device": device}
    begun = stage.ask("POST", path, {"method": "password", "name": "password"} | at_home)
    stage.ask("POST", f"{path}/{begun['authenticator']}/finish", _by_password(_PASSWORD) | at_home)
    proof = {"proof": _by_password(_PASSWORD)}
    begun = stage.ask(
        "POST", path, {"method": "totp", "name": "phone", "holder_device": device} | proof | at_home
    )
    codes = pyotp.parse_uri(begun["otpauth"])
    assert isinstance(codes, pyotp.TOTP), "a code that time makes"
    finish = {"method": "totp", "code": codes.at(_seconds())} | at_home
    stage.ask("POST", f"{path}/{begun['authenticator']}/finish", finish)
    return codes
