"""What a customer proves with: enrolled in two calls, listed, named, removed; and unbound with a device."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from countermand.confirmation.lockout import Standing
from countermand.flows.challenge_codes import CodeMaker, minutes_until
from countermand.flows.challenge_subjects import Accounts
from countermand.flows.enrolment_drafts import Enrolment, drafted, tried
from countermand.flows.enrolments import (
    ENROL_TEXT,
    check_name,
    check_trusted,
)
from countermand.flows.holder_proofs import HolderProof, Keeping, wrong_answer
from countermand.flows.proving import (
    Answer,
    ProvingKit,
    active,
    sealed_secret,
)
from countermand.kernel.clock import Clock, rfc3339
from countermand.kernel.errors import Conflict, CountermandError, NotFound
from countermand.kernel.ids import Ids
from countermand.vocabulary.authenticators import (
    Authenticator,
    AuthenticatorState,
    Method,
)
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.facts import (
    ANSWER_REFUSED,
    AUTHENTICATOR_BEGUN,
    AUTHENTICATOR_ENROLLED,
    AUTHENTICATOR_REMOVED,
    Fact,
)
from countermand.work import Unit, Works

PENDING_MAX, ACTIVE_MAX = 5, 20
_TOLD_AS = {AUTHENTICATOR_ENROLLED: "authenticator_added", AUTHENTICATOR_REMOVED: "authenticator_removed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticators:
    """The story of authenticators."""

    works: Works
    kit: ProvingKit
    clock: Clock
    ids: Ids
    accounts: Accounts

    @property
    def prover(self) -> HolderProof:
        """Who checks that it is the holder who asks."""
        return HolderProof(self.kit, self.accounts)

    async def begin(self, keeping: Keeping, wanted: Enrolment) -> dict[str, Any]:
        """A pending authenticator and what its holder needs to finish it.

        Raises Forbidden (`suspect_device`, `proof_needed`, `wrong_answer`, `method_locked`), BadRequest
        (`method_not_enrolled`, `bad_address`, `bad_authenticator_name`, `bad_sealing_key`), Conflict
        (`too_many_authenticators`, `code_limit_reached`), Unavailable.
        """
        check_trusted(suspect=keeping.suspect)
        one, secret, more = drafted(self.kit, self.ids, keeping.account, wanted, self.clock.now())
        refusal: CountermandError | None = None
        async with self.works.open() as unit:
            found = await self._swept(unit, keeping.account, one.created_at)
            refusal = await self.prover.prove(unit, keeping, found, one.created_at)
            if refusal is None:
                _check_room(found)
                code = secret.pop("code", None)
                one = msgspec.structs.replace(one, secret=sealed_secret(self.kit.vault, one.id, secret))
                await unit.authenticators.put([one])
                if code is not None:
                    assert one.pending_until is not None
                    minutes = str(minutes_until(one.created_at, one.pending_until))
                    text = ENROL_TEXT.filled({"code": code, "minutes": minutes})
                    await self._maker(unit, keeping, one.created_at).send(one, text, one.pending_until)
                await self._note(unit, keeping, one, AUTHENTICATOR_BEGUN, one.created_at)
                if one.method is Method.WEBAUTHN:
                    known = [other.public["credential"] for other in active(found) if _is_passkey(other)]
                    more["webauthn"] = self._options(one, known, biometric=wanted.biometric)
        if refusal is not None:
            raise refusal
        return {**shown_authenticator(one), "otpauth": None, "webauthn": None, **more}

    async def finish(self, keeping: Keeping, authenticator: str, answer: Answer) -> dict[str, Any]:
        """The authenticator, active; a new password takes the place of the old one.

        Raises Forbidden (`suspect_device`, `wrong_answer`), NotFound (`unknown_authenticator`), BadRequest
        (`password_refused`), Conflict (`authenticator_not_pending`, `passkey_known`), Unavailable.
        """
        check_trusted(suspect=keeping.suspect)
        right = False
        async with self.works.open() as unit:
            now = self.clock.now()
            found = await self._swept(unit, keeping.account, now)
            one = _one_of(found, authenticator)
            if one.state is not AuthenticatorState.PENDING or answer.method is not one.method:
                raise Conflict(
                    "authenticator_not_pending",
                    "This authenticator is enrolled already, or another method than the answer's.",
                    "该验证方式已登记，或与所提交的方式不符。",
                )
            done = await tried(self.kit, one, answer, now)
            right = done is not None
            if done is None:
                await self._missed(unit, keeping, one, now)
            else:
                one = done
                await unit.authenticators.put([one])
                await self._note(unit, keeping, one, AUTHENTICATOR_ENROLLED, now)
                if one.method is Method.PASSWORD:
                    old = [it for it in active(found) if it.method is Method.PASSWORD]
                    await self._remove(unit, keeping, old, now)
        if not right:
            raise wrong_answer(answer.method)
        return shown_authenticator(one)

    async def all(self, account: str) -> list[dict[str, Any]]:
        """Those of an account that are active or pending."""
        async with self.works.open() as unit:
            found = await self._swept(unit, account, self.clock.now())
            return [shown_authenticator(one) for one in found]

    async def rename(self, keeping: Keeping, authenticator: str, name: str) -> dict[str, Any]:
        """The authenticator under another name. Raises NotFound, BadRequest, Unavailable."""
        shown_name = check_name(name)
        async with self.works.open() as unit:
            found = await self._swept(unit, keeping.account, self.clock.now())
            one = msgspec.structs.replace(_one_of(found, authenticator), name=shown_name)
            await unit.authenticators.put([one])
            return shown_authenticator(one)

    async def remove(self, keeping: Keeping, authenticator: str) -> dict[str, Any]:
        """The authenticator, removed: its secret is gone. What is pending goes without a proof.

        Raises Forbidden (`suspect_device`, `proof_needed`, `wrong_answer`, …), NotFound, Unavailable.
        """
        check_trusted(suspect=keeping.suspect)
        refusal: CountermandError | None = None
        async with self.works.open() as unit:
            now = self.clock.now()
            found = await self._swept(unit, keeping.account, now)
            one = _one_of(found, authenticator)
            if one.state is AuthenticatorState.ACTIVE:
                refusal = await self.prover.prove(unit, keeping, found, now)
            if refusal is None:
                (one,) = await self._remove(unit, keeping, [one], now)
        if refusal is not None:
            raise refusal
        return shown_authenticator(one)

    async def forget_devices(
        self, unit: Unit, keeping: Keeping, devices: Collection[str]
    ) -> list[Authenticator]:
        """Unbind devices, in the unit of whoever contains an account: what they hold proves nothing more."""
        now = self.clock.now()
        found = await unit.authenticators.of_account(keeping.account)
        return await self._remove(unit, keeping, [one for one in found if one.device in devices], now)

    def _options(self, one: Authenticator, known: Sequence[str], *, biometric: bool) -> Any:
        nonce = bytes.fromhex(one.public["enrol"]["nonce"])
        return self.kit.passkeys.registration(nonce, one.account, known, biometric=biometric)

    async def _missed(self, unit: Unit, keeping: Keeping, one: Authenticator, now: int) -> None:
        """A wrong answer: after a few the pending authenticator is worth nothing."""
        enrol = {**one.public["enrol"], "tries": one.public["enrol"]["tries"] + 1}
        await unit.authenticators.put([msgspec.structs.replace(one, public={**one.public, "enrol": enrol})])
        await self._note(unit, keeping, one, ANSWER_REFUSED, now)

    async def _swept(self, unit: Unit, account: str, now: int) -> list[Authenticator]:
        """The authenticators of an account; pending ones whose time is up are gone."""
        found = await unit.authenticators.of_account(account)
        over = [one for one in found if one.pending_until is not None and one.pending_until <= now]
        await unit.authenticators.put([_removed(one, now) for one in over])
        return [one for one in found if one not in over]

    async def _remove(
        self, unit: Unit, keeping: Keeping, gone: Sequence[Authenticator], now: int
    ) -> list[Authenticator]:
        removed = [_removed(one, now) for one in gone]
        await unit.authenticators.put(removed)
        for one in removed:
            await self._note(unit, keeping, one, AUTHENTICATOR_REMOVED, now)
        return removed

    def _maker(self, unit: Unit, keeping: Keeping, now: int) -> CodeMaker:
        # An address that nobody has confirmed yet is a stranger's, whoever names it.
        stranger = Standing.STRANGER
        return CodeMaker(
            unit=unit, kit=self.kit, ids=self.ids, now=now, trace=keeping.trace, standing=stranger
        )

    async def _note(self, unit: Unit, keeping: Keeping, one: Authenticator, kind: str, now: int) -> None:
        """The journal fact; what changes how one signs in is also told to the customer, always."""
        subject = (await unit.handles([one.account])).get(one.account)
        body = {"authenticator": one.id, "method": one.method.value, "actor": keeping.actor}
        await unit.note([Fact(now, kind, body, subject, keeping.trace)])
        if kind in _TOLD_AS:
            told = {
                "account": one.account,
                "person": None,
                "values": {"method": one.method.value, "name": one.name, "at": rfc3339(now)},
                "urgency": "security",
            }
            notice = Effect(
                id=f"{_TOLD_AS[kind]} {one.id}",
                port="notices",
                action=_TOLD_AS[kind],
                lane=one.account,
                body=told,
                placed_at=now,
                due_at=now,
                subject=subject,
                trace=keeping.trace,
            )
            await unit.effects.put([notice])


def shown_authenticator(one: Authenticator) -> dict[str, Any]:
    """An authenticator as its holder sees it."""
    instants = {name: getattr(one, name) for name in ("created_at", "used_at", "pending_until")}
    return {
        "authenticator": one.id,
        "account": one.account,
        "method": one.method.value,
        "name": one.name,
        "device": one.device,
        "state": one.state.value,
        "to": one.public.get("masked"),
        "biometric": bool(one.public.get("platform")),
        "seals": "sealing_key" in one.public,
        **{name: None if at is None else rfc3339(at) for name, at in instants.items()},
    }


def _removed(one: Authenticator, now: int) -> Authenticator:
    public = {
        name: value for name, value in one.public.items() if name in ("masked", "credential", "platform")
    }
    return msgspec.structs.replace(
        one,
        secret=None,
        public=public,
        state=AuthenticatorState.REMOVED,
        pending_until=None,
        removed_at=now,
    )


def _is_passkey(one: Authenticator) -> bool:
    return one.method is Method.WEBAUTHN


def _one_of(found: Sequence[Authenticator], authenticator: str) -> Authenticator:
    for one in found:
        if one.id == authenticator:
            return one
    raise NotFound(
        "unknown_authenticator",
        "This account has no such authenticator.",
        "该账户没有此验证方式。",
    )


def _check_room(found: Sequence[Authenticator]) -> None:
    pending = len(found) - len(active(found))
    if pending >= PENDING_MAX or len(active(found)) >= ACTIVE_MAX:
        raise Conflict(
            "too_many_authenticators",
            f"An account has at most {ACTIVE_MAX} authenticators, and {PENDING_MAX} that are being enrolled.",
            f"每个账户最多有{ACTIVE_MAX}个验证方式，且最多{PENDING_MAX}个正在登记。",
        )
