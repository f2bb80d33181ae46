"""Goal: what leaves is a logout token that somebody else's library accepts, once for each receiver.

Method: a receiver on a real socket verifies with joserfc, which shares no code with the signer (PyJWT).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from countermand.adapters.sessions.back_channel import (
    CREDENTIAL_EVENT,
    LOGOUT_EVENT,
    BackChannel,
    Receiver,
    read_receivers,
)
from countermand.adapters.sessions.keys import FILE, SessionKey, kept_session_key
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import SetupError
from countermand.vocabulary.effects import Effect, EffectState

NOON = 1_795_233_600_000_000


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SessionKey:
    """A key made once."""
    return kept_session_key(tmp_path_factory.mktemp("keys"))


@asynccontextmanager
async def relying_party(statuses: list[int]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers with these statuses in turn; its address, and the bodies it was sent."""
    bodies: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        bodies.append(await reader.readexactly(length))
        status = statuses.pop(0) if statuses else 200
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/logout", bodies


def effect(action: str = "revoke", **body: Any) -> Effect:
    """An effect as a containment writes it."""
    whole = {"account": "a-1", "person": None, **body}
    return Effect(
        id="inc-1/1/sessions/revoke", port="sessions", action=action, lane="a-1", body=whole, placed_at=NOON,
        due_at=NOON,
    )  # fmt: skip


def channel(key: SessionKey, client: httpx.AsyncClient, *receivers: Receiver) -> BackChannel:
    """The port over these receivers."""
    return BackChannel(receivers, key, "https://bank.example", ManualClock(NOON), client)


def verified(key: SessionKey, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, by somebody else's library."""
    read = jwt.decode(token, KeySet.import_key_set(key.jwks), algorithms=["RS256"])
    return read.header, read.claims


async def test_a_logout_token_is_what_the_standard_asks_for(key: SessionKey) -> None:
    """Issuer, audience, subject, session, event, a short life and no nonce; one changed letter is refused."""
    async with relying_party([]) as (address, bodies), httpx.AsyncClient() as client:
        port = channel(key, client, Receiver("app", address, "client-1"))
        done = await port.deliver(effect(session="s-1"))
        assert done.state is EffectState.DONE
        (token,) = parse_qs(bodies[0].decode())["logout_token"]
    header, claims = verified(key, token)
    assert header["typ"] == "logout+jwt"
    assert (claims["iss"], claims["aud"]) == ("https://bank.example", "client-1")
    assert (claims["sub"], claims["sid"], claims["jti"]) == ("a-1", "s-1", "inc-1/1/sessions/revoke")
    assert claims["events"] == {LOGOUT_EVENT: {}}
    assert "nonce" not in claims
    assert claims["exp"] - claims["iat"] <= 120
    head, body, signature = token.split(".")
    forged = f"{head}.{body[:-2]}{'AA' if body[-2:] != 'AA' else 'BB'}.{signature}"
    with pytest.raises(BadSignatureError):
        verified(key, forged)


async def test_who_was_told_is_not_told_again(key: SessionKey) -> None:
    """One receiver is away at first: the second attempt tells only that one, and then it is done."""
    async with (
        relying_party([]) as (good, told),
        relying_party([503]) as (late, told_late),
        httpx.AsyncClient() as client,
    ):
        port = channel(key, client, Receiver("good", good, "g"), Receiver("late", late, "l"))
        first = await port.deliver(effect())
        assert first.state is EffectState.PENDING
        second = await port.deliver(msgspec.structs.replace(effect(), answer=first.answer, attempts=2))
        assert second.state is EffectState.DONE
        assert (len(told), len(told_late)) == (1, 2)
    tokens = [parse_qs(body.decode())["logout_token"][0] for body in told_late]
    assert [verified(key, token)[1]["jti"] for token in tokens] == [effect().id, f"{effect().id}~2"]


async def test_a_refusal_for_good_is_a_failure_and_nobody_there_is_not(key: SessionKey) -> None:
    """400 ends it as failed, with the name of who refused; a closed port is tried again."""
    async with relying_party([400]) as (address, _), httpx.AsyncClient() as client:
        refused = await channel(key, client, Receiver("app", address, "c")).deliver(effect())
        assert (refused.state, refused.answer) == (EffectState.FAILED, {"app": "refused 400"})
        nobody = Receiver("app", "http://127.0.0.1:9/logout", "c")
        assert (await channel(key, client, nobody).deliver(effect())).state is EffectState.PENDING


async def test_devices_and_keys_leave_as_security_events(key: SessionKey) -> None:
    """A receiver of events gets a signed event; one without is told of none, and that is done."""
    async with relying_party([]) as (address, bodies), httpx.AsyncClient() as client:
        receiver = Receiver("app", address, "c", events=address)
        assert (await channel(key, client, receiver).deliver(effect("unbind_device", device="d"))).answer == {
            "app": "done"
        }
        header, claims = verified(key, bodies[0].decode())
        assert header["typ"] == "secevent+jwt"
        assert claims["events"][CREDENTIAL_EVENT]["change_type"] == "revoke"
        silent = Receiver("app", address, "c")
        assert (await channel(key, client, silent).deliver(effect("rotate_keys"))).state is EffectState.DONE


def test_the_key_is_made_once_and_read_by_its_owner_only(tmp_path: Path) -> None:
    """The same key at every start, mode 0600; a file that holds something else is refused."""
    first = kept_session_key(tmp_path)
    assert kept_session_key(tmp_path).jwks == first.jwks
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / FILE]
    (tmp_path / FILE).write_text("nonsense")
    with pytest.raises(SetupError, match="bad_session_key"):
        kept_session_key(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{}", '[{"name": "x"}]', json.dumps([{"name": "x", "logout": "ftp://x"}])]
)
def test_a_file_without_receivers_is_refused(tmp_path: Path, text: str) -> None:
    """With its name, before anything is started."""
    path = tmp_path / "receivers.json"
    path.write_text(text)
    with pytest.raises(SetupError, match="bad_session_receivers"):
        read_receivers(path)
