"""Sessions end elsewhere: signed logout tokens to relying parties, signed events about devices and keys.

OpenID Connect Back-Channel Logout 1.0; RFC 8417 (security event tokens), OpenID CAEP 1.0 for the events.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import msgspec

from countermand.adapters.sessions.keys import SessionKey
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import SetupError
from countermand.vocabulary.effects import Delivery, Effect, EffectState

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
CREDENTIAL_EVENT = "https://schemas.openid.net/secevent/caep/event-type/credential-change"
TOKEN_SECONDS = 120
ANSWER_SECONDS_MAX = 10.0
RECEIVERS_MAX = 64
_Address = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]+$(?!\n)", max_length=500)]


class Receiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One relying party: where it takes logout tokens, under which name, and whom its `sub` names.

    `events` is where it takes events about devices and keys; without it, it is told of none.
    """

    name: str
    logout: _Address
    audience: str
    subject: Literal["account", "person"] = "account"
    events: _Address | None = None


def read_receivers(path: Path) -> tuple[Receiver, ...]:
    """The receivers of a JSON file: a list. Raises SetupError `bad_session_receivers`."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=list[Receiver])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad_receivers(path, str(error)) from error
    if len(found) > RECEIVERS_MAX or len({one.name for one in found}) < len(found):
        raise _bad_receivers(path, f"more than {RECEIVERS_MAX}, or two of one name")
    return tuple(found)


class BackChannel:
    """The port `sessions` of the outbox."""

    def __init__(
        self,
        receivers: Sequence[Receiver],
        key: SessionKey,
        issuer: str,
        clock: Clock,
        client: httpx.AsyncClient,
    ) -> None:
        self._receivers, self._key, self._issuer = tuple(receivers), key, issuer
        self._clock, self._client = clock, client

    async def deliver(self, effect: Effect) -> Delivery:
        """Tell every receiver; those that said yes before are not told again.

        A receiver that cannot be reached, or says it is in trouble (429, 5xx), is tried again: PENDING. One
        that refuses a token for good (another 4xx) makes it FAILED when all others were told.
        """
        told: dict[str, Any] = dict(effect.answer or {})
        for receiver in self._receivers:
            if told.get(receiver.name) not in ("done", "none"):
                told[receiver.name] = await self._tell(receiver, effect)
        words = [told[receiver.name] for receiver in self._receivers]
        if "later" in words:
            return Delivery(state=EffectState.PENDING, answer=told)
        refused = any(word.startswith("refused") for word in words)
        return Delivery(state=EffectState.FAILED if refused else EffectState.DONE, answer=told)

    async def _tell(self, receiver: Receiver, effect: Effect) -> str:
        subject = effect.body.get(receiver.subject)
        if effect.action == "revoke":
            token = self._logout_token(receiver, effect, subject)
            request: dict[str, Any] = {"url": receiver.logout, "data": {"logout_token": token}}
        elif receiver.events is not None:
            token = self._event_token(receiver, effect, subject)
            headers = {"content-type": "application/secevent+jwt", "accept": "application/json"}
            request = {"url": receiver.events, "content": token.encode(), "headers": headers}
        else:
            return "none"
        if subject is None and not effect.body.get("session"):
            return "none"  # it knows neither of them
        try:
            answer = await self._client.post(**request, timeout=ANSWER_SECONDS_MAX)
        except httpx.HTTPError:
            return "later"
        if answer.is_success:
            return "done"
        late = answer.status_code == 429 or answer.status_code >= 500
        return "later" if late else f"refused {answer.status_code}"

    def _logout_token(self, receiver: Receiver, effect: Effect, subject: str | None) -> str:
        """Section 2.4: no nonce, ever; with `sid` one session, without it all sessions of the subject."""
        claims = {**self._claims(receiver, effect), "events": {LOGOUT_EVENT: {}}}
        if subject is not None:
            claims["sub"] = subject
        if effect.body.get("session"):
            claims["sid"] = effect.body["session"]
        return self._key.signed(claims, "logout+jwt")

    def _event_token(self, receiver: Receiver, effect: Effect, subject: str | None) -> str:
        device = effect.body.get("device")
        event = {
            "change_type": "revoke",
            "credential_type": "fido2-platform" if device is None else "x-device",
            "initiating_entity": "system",
            **({} if device is None else {"friendly_name": device}),
        }
        claims = {
            **self._claims(receiver, effect),
            "sub_id": {"format": "opaque", "id": subject},
            "events": {CREDENTIAL_EVENT: event},
        }
        return self._key.signed(claims, "secevent+jwt")

    def _claims(self, receiver: Receiver, effect: Effect) -> dict[str, Any]:
        """Every attempt is a token of its own, named by the effect and the attempt.

        A receiver may refuse a `jti` it has seen (section 2.6, step 7), and it has seen ours where only its
        answer was lost; ending sessions twice does no harm.
        """
        now = self._clock.now() // MICROS_PER_SECOND
        attempt = f"~{effect.attempts}" if effect.attempts > 1 else ""
        return {
            "iss": self._issuer,
            "aud": receiver.audience,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": f"{effect.id}{attempt}",
        }


def _bad_receivers(path: Path, what: str) -> SetupError:
    return SetupError(
        "bad_session_receivers",
        f"{path} is no list of receivers of ended sessions: {what}.",
        f"{path} 不是有效的会话终止接收方列表：{what}。",
    )
