"""The holder of an account shows that it is them before anything about how they sign in changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from countermand.confirmation.linking import Linked, proves
from countermand.confirmation.lockout import Strikes, forgiven, locked_until, struck
from countermand.flows.challenge_subjects import Accounts
from countermand.flows.proving import SEAL_KEY, Answer, ProvingKit, Visitor, active, secret_of, standing_of
from countermand.kernel.clock import MICROS_PER_SECOND, rfc3339
from countermand.kernel.errors import CountermandError, Forbidden
from countermand.vocabulary.authenticators import Authenticator, Method, Purpose
from countermand.work import Unit

_HERE = frozenset({Method.PASSWORD, Method.TOTP})  # what may be shown with the request itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """One request about an account's authenticators.

    `suspect`: the visitor's device was first seen while the account was at risk. An account that has
    authenticators asks for one of them first: `proof` (password or TOTP) right here, or a `confirmation` of a
    challenge passed for the purpose `enrol`.
    """

    account: str
    visitor: Visitor
    actor: str
    suspect: bool = False
    proof: Answer | None = None
    confirmation: str | None = None
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class HolderProof:
    """Checks what a request about authenticators brings along."""

    kit: ProvingKit
    accounts: Accounts

    async def prove(
        self, unit: Unit, keeping: Keeping, found: Sequence[Authenticator], now: int
    ) -> CountermandError | None:
        """Why the holder has not shown yet that it is them; None where they have, or have nothing to show."""
        if not active(found):
            return None
        if keeping.confirmation is not None and await self._confirmed(unit, keeping, now):
            return None
        if keeping.proof is None or keeping.proof.method not in _HERE:
            return Forbidden(
                "proof_needed",
                "Show a way of signing in that you have first: send `proof` with your password or the code "
                "of your authenticator app, or the `confirmation` of a challenge for the purpose enrol.",
                "请先用已有的验证方式证明是您本人：在 proof 中提交密码或动态口令，"
                "或提交用途为 enrol 的验证确认号。",
            )
        return await self._checked_proof(unit, keeping, keeping.proof, found, now)

    async def _confirmed(self, unit: Unit, keeping: Keeping, now: int) -> bool:
        """Whether the confirmation is ours, for this account and purpose, fresh, and not used before."""
        assert keeping.confirmation is not None
        given = await unit.confirmations.find(keeping.confirmation)
        linked = Linked(purpose=Purpose.ENROL, ref=keeping.account, account=keeping.account)
        seconds = self.kit.pack.terms.proof_seconds
        if given is None or not proves(self.kit.vault.mac_key(SEAL_KEY), given, linked, now, seconds):
            return False
        expires_at = given.at + (seconds + 1) * MICROS_PER_SECOND
        return await unit.confirmations.spend(f"confirmation {given.id}", expires_at)

    async def _checked_proof(
        self, unit: Unit, keeping: Keeping, proof: Answer, found: Sequence[Authenticator], now: int
    ) -> CountermandError | None:
        account = await self.accounts.find(keeping.account)
        standing = standing_of(keeping.visitor, account, found)
        empty = Strikes(account=keeping.account, method=proof.method, standing=standing)
        strikes = (await unit.challenges.strikes(keeping.account)).get((proof.method, standing.value), empty)
        until = locked_until(strikes, now)
        if until is not None:
            return method_locked(until)
        for one in active(found):
            if one.method is not proof.method:
                continue
            secret = secret_of(self.kit.vault, one)
            if one.method is Method.PASSWORD:
                right = await self.kit.passwords.fits(secret["hash"], (proof.password or "")[:1024])
                counter = one.counter
            else:
                step = self.kit.time_codes.step_of(secret["totp"], proof.code or "", now)
                right, counter = step is not None and step > one.counter, step or one.counter
            if right:
                await unit.challenges.strike(forgiven(strikes))
                await unit.authenticators.put([msgspec.structs.replace(one, counter=counter, used_at=now)])
                return None
        await unit.challenges.strike(struck(strikes, now, self.kit.lockout))
        return wrong_answer(proof.method)


def method_locked(until: int) -> Forbidden:
    """The refusal while no answer by a method is looked at."""
    return Forbidden(
        "method_locked",
        f"Too many wrong answers; this method takes none from here before {rfc3339(until)}.",
        f"错误次数过多；在 {rfc3339(until)} 之前，此处不再接受该验证方式。",
        until=rfc3339(until),
    )


def wrong_answer(method: Method, until: int | None = None) -> Forbidden:
    """The refusal of a wrong answer; nothing more is told about what was wrong."""
    return Forbidden(
        "wrong_answer",
        "This is not right. Nothing was confirmed.",
        "验证未通过，未确认任何操作。",
        method=method.value,
        until=None if until is None else rfc3339(until),
    )
