"""Goal: staff sign in at an OpenID provider of others. Method: npm oidc-provider, its pages, our client."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from countermand.adapters.identity.open_id import Client, OpenIdProvider
from countermand.flows.sign_in_by_provider import come_back, go_to_provider
from countermand.flows.sign_in_staff import Step, finish_sign_in
from countermand.flows.staff_sessions import enter
from countermand.kernel.clock import SystemClock
from countermand.kernel.errors import CountermandError
from flows.staff_stage import HERE, join, staff_stage
from peers.oidc.browser import missing, provider, walk

pytestmark = pytest.mark.skipif(
    missing() is not None,
    reason=f"NOT CHECKED: staff at an independent OpenID provider; {missing()}: run `make peers`",
)
BACK = "http://127.0.0.1:9/staff/provider/back"


async def test_the_provider_s_word_opens_the_linked_account(database_dsn: str, tmp_path: Path) -> None:
    """Linked, then signed in with the second factor; another person and a used code open nothing."""
    nowhere = "http://127.0.0.1:9/nothing"
    async with (
        provider(nowhere, "https://bank.example", nowhere) as issuer,
        staff_stage(database_dsn, tmp_path) as stage,
        httpx.AsyncClient() as mine,
        httpx.AsyncClient() as others,
    ):
        # The provider's clock is the machine's; ours is the stage's, set to it.
        stage.clock.at = SystemClock().now()
        client = OpenIdProvider(issuer, Client("desk", "desk-secret"), BACK, stage.clock)
        access = replace(stage.access, provider=client)
        li = await join(access, "li")
        opened = await enter(access, li.cookie)

        address, token = await go_to_provider(access, "/staff", opened)
        given = await walk(address, BACK, "li@bank", mine)
        await come_back(access, token, given["state"], given["code"], opened)

        address, token = await go_to_provider(access, "/staff")
        given = await walk(address, BACK, "li@bank", mine)
        step, _ = await come_back(access, token, given["state"], given["code"])
        assert isinstance(step, Step)
        stage.later(31)
        done = await finish_sign_in(access, step.token, li.code(), HERE)
        assert (await enter(access, done.cookie)).staff.name == "li"

        address, token = await go_to_provider(access, "/staff")
        with pytest.raises(CountermandError, match="sign_in_refused"):
            await come_back(access, token, _state(address), given["code"])
        address, token = await go_to_provider(access, "/staff")
        strange = await walk(address, BACK, "wang@bank", others)
        with pytest.raises(CountermandError, match="sign_in_refused"):
            await come_back(access, token, strange["state"], strange["code"])
        await client.close()


def _state(address: str) -> str:
    return httpx.URL(address).params["state"]
