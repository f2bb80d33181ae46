"""Goal: a browser comes in by its session as a tool by its key, and nothing foreign rides on its cookie.

Method: the door over a real house; a person joins by the story, and their cookie is sent by hand.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from countermand.app import open_house
from countermand.flows.manage_keys import create_key
from countermand.flows.receive_report import receive_report
from countermand.flows.staff_changes import change_roles, remove_account
from countermand.flows.staff_sessions import enter
from countermand.kernel.clock import ManualClock
from countermand.settings import Settings
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from countermand.vocabulary.staff import Role
from flows.case_stage import NOT_ME
from flows.report_stage import said
from flows.staff_stage import Person, join, light
from flows.stage import NOON, POLICY, SECOND

PUBLIC = "https://desk.example"


@dataclass
class Doors:
    """A house with its door, the number of a case in it, and two people of the staff."""

    house: Any
    client: httpx.AsyncClient
    clock: ManualClock
    case: str
    li: Person
    root: Person

    async def csrf(self, person: Person) -> str:
        """The token of a person's forms."""
        return (await enter(self.house.access, person.cookie)).csrf

    async def note(self, person: Person, **changed: str | None) -> httpx.Response:
        """Somebody writes a note as a page's script does; what is changed to None is not sent."""
        headers: dict[str, str | None] = {
            "cookie": f"countermand-staff={person.cookie}",
            "origin": str(self.client.base_url).rstrip("/"),
            "x-csrf-token": await self.csrf(person),
            **{name.replace("_", "-"): value for name, value in changed.items()},
        }
        sent = {name: value for name, value in headers.items() if value is not None}
        return await self.client.post(f"/v1/cases/{self.case}/note", json={"text": "x"}, headers=sent)


@pytest_asyncio.fixture
async def doors(database_dsn: str, tmp_path: Path) -> AsyncIterator[Doors]:
    """Behind a proxy on this machine, which is trusted."""
    clock = ManualClock(NOON)
    settings = Settings(
        database_url=database_dsn, policy=str(POLICY), data_dir=tmp_path, public_url=PUBLIC,
        trusted_proxies="127.0.0.0/8",
    )  # fmt: skip
    async with open_house(settings, clock) as house:
        access = light(house.access)
        case = str((await receive_report(house.reception, said(NOT_ME), "app")).answer["case"])
        li, root = await join(access, "li", Role.AGENT), await join(access, "root", Role.ADMIN)
        async with (
            open_door(make_front(house), "127.0.0.1", 0) as address,
            httpx.AsyncClient(base_url=address) as client,
        ):
            yield Doors(house, client, clock, case, li, root)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


async def test_a_session_opens_the_desk_as_a_key_does(doors: Doors) -> None:
    """Reading needs the cookie alone; writing its token; the note stands under the person's name."""
    cookie = {"cookie": f"countermand-staff={doors.li.cookie}"}
    shown = await doors.client.get(f"/v1/cases/{doors.case}", headers=cookie)
    assert shown.status_code == 200
    assert (await doors.note(doors.li)).status_code == 200
    seen = (await doors.client.get(f"/v1/cases/{doors.case}", headers=cookie)).json()
    assert "li" in str(seen)
    assert code_of(await doors.note(doors.root)) == (403, "role_lacks_verb")
    other = await doors.client.get("/v1/policies", headers=cookie)
    assert code_of(other) == (401, "missing_key"), "a session opens the desk and no door of systems"


FOREIGN = (
    ({"x_csrf_token": None}, "csrf_refused"),
    ({"x_csrf_token": "0" * 64}, "csrf_refused"),
    ({"x_csrf_token": ""}, "csrf_refused"),
    ({"origin": "https://evil.example"}, "origin_refused"),
    ({"origin": "null"}, "origin_refused"),
    ({"origin": None}, "origin_refused"),
    ({"origin": "http://localhost.evil.example"}, "origin_refused"),
    ({"sec_fetch_site": "cross-site"}, "origin_refused"),
    ({"sec_fetch_site": "same-site"}, "origin_refused"),
    ({"cookie": "countermand-staff=forged"}, "sign_in_needed"),
    ({"cookie": "countermand-staff="}, "missing_key"),
    ({"cookie": "other=1"}, "missing_key"),
)


async def test_what_is_foreign_writes_nothing(doors: Doors) -> None:
    """No token, another origin, a forged cookie: refused each; what is ours goes on."""
    for changed, code in FOREIGN:
        refused = await doors.note(doors.li, **changed)
        assert refused.json()["code"] == code, changed
    assert (await doors.note(doors.li)).status_code == 200
    cookie = {"cookie": f"countermand-staff={doors.li.cookie}"}
    seen = (await doors.client.get(f"/v1/cases/{doors.case}", headers=cookie)).json()
    assert len([one for one in seen["messages"] if one["direction"] == "note"]) == 1


async def test_the_token_of_another_session_does_not_fit(doors: Doors) -> None:
    """A colleague's token with one's own cookie, and the other way round."""
    theirs = await doors.csrf(doors.root)
    assert code_of(await doors.note(doors.li, x_csrf_token=theirs)) == (403, "csrf_refused")


async def test_a_cookie_travels_by_https_under_its_safe_name_only(doors: Doors) -> None:
    """As the trusted proxy says; plain HTTP from afar is refused, whatever the cookie."""
    token = await doors.csrf(doors.li)
    safe = f"__Host-countermand-staff={doors.li.cookie}"
    https = {"x_forwarded_proto": "https", "x_forwarded_for": "198.51.100.1"}
    assert (await doors.note(doors.li, cookie=safe, origin=PUBLIC, **https)).status_code == 200
    assert code_of(await doors.note(doors.li, origin=PUBLIC, **https)) == (401, "missing_key")
    plain = {"x_forwarded_proto": "http", "x_forwarded_for": "198.51.100.1"}
    for cookie in (safe, f"countermand-staff={doors.li.cookie}"):
        refused = await doors.note(doors.li, cookie=cookie, origin=PUBLIC, x_csrf_token=token, **plain)
        assert code_of(refused) == (403, "https_needed")
    said_by_stranger = {"x_forwarded_for": "198.51.100.1"}
    assert code_of(await doors.note(doors.li, **said_by_stranger)) == (403, "https_needed")
    name = {"host": "desk.evil.example", "origin": "http://desk.evil.example"}
    assert code_of(await doors.note(doors.li, **name)) == (403, "origin_refused"), "a rebound name"


async def test_acts_of_weight_ask_for_the_second_factor_again(doors: Doors) -> None:
    """Five minutes after it was shown, breaking the glass waits for it; reading and notes do not."""
    doors.clock.advance(301 * SECOND)
    headers = {
        "cookie": f"countermand-staff={doors.li.cookie}",
        "origin": str(doors.client.base_url).rstrip("/"),
        "x-csrf-token": await doors.csrf(doors.li),
    }
    asked = {"reason": "夜间无人值守"}
    refused = await doors.client.post(f"/v1/cases/{doors.case}/glass", json=asked, headers=headers)
    assert code_of(refused) == (403, "step_up_needed")
    assert (await doors.note(doors.li)).status_code == 200
    _, key = await create_key(doors.house, "li", ["desk"], "test", staff="li", roles=[Role.AGENT])
    by_key = {"authorization": f"Bearer {key}", "cookie": headers["cookie"]}
    broken = await doors.client.post(f"/v1/cases/{doors.case}/glass", json=asked, headers=by_key)
    assert broken.status_code == 200, "with a key there is no browser that others could misuse"


async def test_an_open_tab_is_refused_at_once(doors: Doors) -> None:
    """Other roles bind at the next request, an end too, and time as well."""
    await change_roles(doors.house.access, "li", [Role.KB_EDITOR], "root")
    assert code_of(await doors.note(doors.li)) == (403, "role_lacks_verb")
    await change_roles(doors.house.access, "li", [Role.AGENT], "root")
    token = await doors.csrf(doors.li)
    assert (await doors.note(doors.li)).status_code == 200
    await remove_account(doors.house.access, "li", "root")
    headers = {
        "cookie": f"countermand-staff={doors.li.cookie}",
        "x-csrf-token": token,
        "origin": str(doors.client.base_url).rstrip("/"),
    }
    gone = await doors.client.post(f"/v1/cases/{doors.case}/note", json={"text": "x"}, headers=headers)
    assert code_of(gone) == (401, "sign_in_needed")
    doors.clock.advance(1800 * SECOND)
    cookie = {"cookie": f"countermand-staff={doors.root.cookie}"}
    assert code_of(await doors.client.get("/v1/desk/staff", headers=cookie)) == (401, "session_over")
