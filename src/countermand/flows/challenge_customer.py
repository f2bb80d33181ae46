"""Ask the customer: begin a challenge, take its answers, and let what waited for them go on.

A refusal that changes something (a wrong answer) is raised after the unit has committed what it changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from countermand.confirmation.challenges import (
    Challenge,
    ChallengeState,
    Offer,
    answered,
    at_instant,
    check_open,
    ended,
    missed,
)
from countermand.confirmation.holds import met
from countermand.confirmation.linking import (
    linked_digest,
    sealed_confirmation,
)
from countermand.confirmation.lockout import Standing, Strikes, forgiven, locked_until, struck
from countermand.confirmation.pack import Agreements
from countermand.confirmation.tiers import wanted_of
from countermand.flows.challenge_codes import CodeMaker, first_code, is_sent
from countermand.flows.challenge_offers import check_enough, offers_of
from countermand.flows.challenge_subjects import (
    Accounts,
    Background,
    Topic,
    background_of,
    check_waits,
    topic_of,
)
from countermand.flows.challenge_views import sealed_for, shown
from countermand.flows.check_answers import Desk, Shown, check_answer
from countermand.flows.decided_operations import Archive
from countermand.flows.holder_proofs import method_locked, wrong_answer
from countermand.flows.proving import (
    SEAL_KEY,
    Answer,
    ProvingKit,
    Visitor,
    standing_of,
)
from countermand.flows.settle_holds import Settlement, move_on
from countermand.flows.use_of_data import check_agreed, withheld_methods
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import Conflict, CountermandError, Forbidden, NotFound
from countermand.kernel.ids import Ids, new_nonce
from countermand.vocabulary.authenticators import Authenticator, Confirmation, Method, Purpose
from countermand.vocabulary.confirmations import Proof
from countermand.vocabulary.consent import Withheld
from countermand.vocabulary.facts import (
    ANSWER_REFUSED,
    CHALLENGE_BEGUN,
    CHALLENGE_ENDED,
    CODE_ISSUED,
    CONFIRMATION_GIVEN,
    Fact,
)
from countermand.vocabulary.holds import Need
from countermand.work import Unit, Works


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One request about one challenge: what for, about what, from where, and who relays it."""

    purpose: Purpose
    ref: str
    account: str
    visitor: Visitor
    actor: str
    trace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenges:
    """The story of challenges. By `settlement` a hold goes on once its challenge is met."""

    works: Works
    kit: ProvingKit
    clock: Clock
    ids: Ids
    archive: Archive
    accounts: Accounts
    settlement: Settlement
    agreements: Agreements

    async def begin(self, asking: Asking, method: Method | None, *, sealed: bool = False) -> dict[str, Any]:
        """The open challenge, or a new one; a code goes out by `method`, or by the first where that is sent.

        Raises NotFound (`unknown_operation`, `unknown_hold`), BadRequest (`method_not_offered`), Conflict
        (`hold_ended`, `nothing_to_confirm`, `challenge_denied`, `cannot_be_challenged`,
        `code_sent_too_often`, `code_limit_reached`, `no_sealing_key`), Unavailable.
        """
        background = await self._background(asking)
        async with self.works.open() as unit:
            now = self.clock.now()
            topic = await topic_of(unit, asking.purpose, asking.ref, asking.account, background)
            check_waits(topic, asking.purpose, now)
            last = await unit.challenges.last(asking.purpose, asking.ref)
            found = await unit.authenticators.of_account(topic.linked.account)
            challenge = await self._open_one(unit, asking, topic, last, found, now)
            chosen, read_back = method or first_code(challenge), None
            if chosen is not None and is_sent(challenge, chosen):
                maker = CodeMaker(
                    unit=unit,
                    kit=self.kit,
                    ids=self.ids,
                    now=now,
                    trace=asking.trace,
                    standing=standing_of(asking.visitor, background.account, found),
                )
                try:
                    challenge, read_back = await maker.issue(challenge, topic.linked, chosen, found)
                    await self._note(unit, asking, challenge, CODE_ISSUED, now, method=chosen.value)
                except Conflict:
                    if method is not None:
                        raise  # nobody asked for the code: what else is offered stays open
            standing = standing_of(asking.visitor, background.account, found)
            answer = shown(challenge, topic.linked, self.kit, found, standing=standing, read_back=read_back)
            return sealed_for(answer, self.kit, asking.visitor, found) if sealed else answer

    async def status(self, asking: Asking) -> dict[str, Any]:
        """The newest challenge as it stands. Raises NotFound (`unknown_challenge`, …), Unavailable."""
        background = await self._background(asking)
        async with self.works.open() as unit:
            topic = await topic_of(unit, asking.purpose, asking.ref, asking.account, background)
            challenge = await self._last(unit, asking)
            found = await unit.authenticators.of_account(challenge.account)
            standing = standing_of(asking.visitor, background.account, found)
            current = at_instant(challenge, self.clock.now())
            return shown(current, topic.linked, self.kit, found, standing=standing)

    async def answer(self, asking: Asking, answer: Answer, *, by_staff: bool = False) -> dict[str, Any]:
        """Take one answer; the one that completes the challenge moves the hold on in the same transaction.

        Raises Forbidden (`wrong_answer`, `method_locked`), BadRequest, Conflict (`challenge_expired`,
        `challenge_ended`, `challenge_locked`, `challenge_changed`, …), NotFound, Unavailable. Forbidden
        (`data_consent_missing`): its holder does not agree to the use of data that this method is.
        """
        if (answer.method is Method.OUT_OF_BAND_CALL) is not by_staff:
            raise Forbidden(
                "answered_by_staff",
                "A call is confirmed by the member of staff who made it, and nothing else is.",
                "电话核实只能由拨打电话的工作人员确认，且工作人员不能代答其他方式。",
            )
        background = await self._background(asking)
        refusal: CountermandError | None = None
        result: dict[str, Any] = {}
        async with self.works.open() as unit:
            now = self.clock.now()
            topic = await topic_of(unit, asking.purpose, asking.ref, asking.account, background)
            challenge = await self._last(unit, asking)
            found = await unit.authenticators.of_account(challenge.account)
            standing = Standing.KNOWN if by_staff else standing_of(asking.visitor, background.account, found)
            check_open(challenge, linked_digest(topic.linked), standing, now, self.kit.pack.terms)
            check_waits(topic, asking.purpose, now)
            withheld = await self._withheld(unit, challenge.account)
            check_agreed(withheld, answer.method, [one.method for one in challenge.offers])
            strikes = await self._strikes(unit, challenge.account, answer.method, standing, now)
            desk = Desk(
                kit=self.kit,
                confirmations=unit.confirmations,
                challenge=challenge,
                linked=topic.linked,
                authenticators=found,
                now=now,
            )
            right = await check_answer(desk, answer)
            if right is None:
                refusal = await self._refuse(unit, asking, challenge, strikes, now)
            else:
                result = await self._accept(unit, asking, challenge, topic, right, strikes, now)
        if refusal is not None:
            raise refusal
        return result

    async def deny(self, asking: Asking) -> dict[str, Any]:
        """The customer says it was not them: the challenge fails, and cannot be begun again."""
        background = await self._background(asking)
        async with self.works.open() as unit:
            now = self.clock.now()
            topic = await topic_of(unit, asking.purpose, asking.ref, asking.account, background)
            challenge = at_instant(await self._last(unit, asking), now)
            if challenge.state is ChallengeState.OPEN:
                challenge = ended(challenge, ChallengeState.FAILED, now)
                await unit.challenges.put(challenge)
                await self._note(unit, asking, challenge, CHALLENGE_ENDED, now, state="failed", why="denied")
            return shown(challenge, topic.linked, self.kit, [])

    async def _background(self, asking: Asking) -> Background:
        return await background_of(self.archive, self.accounts, asking.purpose, asking.ref, asking.account)

    async def _last(self, unit: Unit, asking: Asking) -> Challenge:
        challenge = await unit.challenges.last(asking.purpose, asking.ref)
        if challenge is None or (asking.account and challenge.account != asking.account):
            raise NotFound(
                "unknown_challenge",
                "No challenge has begun here; begin one first.",
                "尚未开始验证；请先开始验证。",
            )
        return challenge

    async def _open_one(
        self,
        unit: Unit,
        asking: Asking,
        topic: Topic,
        last: Challenge | None,
        found: Sequence[Authenticator],
        now: int,
    ) -> Challenge:
        """The challenge that is open and still means the same, or a new one in its place."""
        if last is not None and last.state is ChallengeState.FAILED:
            raise Conflict(
                "challenge_denied",
                "Somebody said that this was not them; it cannot be confirmed any more.",
                "已有人表示此操作非本人所为，不能再确认。",
            )
        linked = linked_digest(topic.linked)
        withheld = await self._withheld(unit, topic.linked.account)
        if last is not None and last.state is ChallengeState.OPEN:
            current = at_instant(last, now)
            if current.state is ChallengeState.OPEN and current.linked == linked:
                if current.withheld == withheld:
                    return current
                return await self._offered_anew(unit, current, withheld, found, now)
            expired = current.state is ChallengeState.EXPIRED
            over = current if expired else ended(last, ChallengeState.EXPIRED, now)
            await unit.challenges.put(over)
            await self._note(unit, asking, over, CHALLENGE_ENDED, now, state=over.state.value)
        down = await unit.confirmations.undelivered(topic.linked.account, now)
        offers = offers_of(self.kit, found, {*down, *(one.method.value for one in withheld)})
        wanted = wanted_of(topic.asked, self.kit.pack.tiers, self.kit.pack.kyc)
        device = asking.visitor.device or (None if topic.hold is None else topic.hold.device)
        check_enough(wanted, offers, found, device, now, withheld)
        expires_at = now + self.kit.pack.terms.seconds * MICROS_PER_SECOND
        if topic.hold is not None and topic.hold.unmet:
            expires_at = min(expires_at, topic.hold.expires_at)
        challenge = Challenge(
            id=self.ids.new("chg", now),
            purpose=asking.purpose,
            ref=asking.ref,
            account=topic.linked.account,
            session=asking.visitor.session,
            device=device,
            linked=linked,
            nonce=new_nonce().hex(),
            wanted=wanted,
            offers=offers,
            begun_at=now,
            expires_at=expires_at,
            withheld=withheld,
        )
        await unit.challenges.put(challenge)
        told = {"withheld": [one.method.value for one in withheld]} if withheld else {}
        await self._note(unit, asking, challenge, CHALLENGE_BEGUN, now, tier=wanted.tier, **told)
        return challenge

    async def _withheld(self, unit: Unit, account: str) -> tuple[Withheld, ...]:
        """The methods that are there and that the account's holder does not agree to at this moment."""
        there = [rank.method for rank in self.kit.pack.methods]
        return await withheld_methods(self.agreements, unit, account, there)

    async def _offered_anew(
        self,
        unit: Unit,
        challenge: Challenge,
        withheld: tuple[Withheld, ...],
        found: Sequence[Authenticator],
        now: int,
    ) -> Challenge:
        """An open challenge whose holder has agreed or withdrawn since; what was shown in it stays shown."""
        down = await unit.confirmations.undelivered(challenge.account, now)
        offers = offers_of(self.kit, found, {*down, *(one.method.value for one in withheld)})
        shown_already = {one.method for one in challenge.evidence} & {one.method for one in withheld}
        able = (*offers, *(Offer(method=method) for method in shown_already))
        check_enough(challenge.wanted, able, found, challenge.device, now, withheld)
        after = msgspec.structs.replace(challenge, offers=offers, withheld=withheld)
        await unit.challenges.put(after)
        return after

    async def _strikes(
        self, unit: Unit, account: str, method: Method, standing: Standing, now: int
    ) -> Strikes:
        """The wrong answers so far. Raises Forbidden (`method_locked`) while no answer is looked at."""
        all_strikes = await unit.challenges.strikes(account)
        empty = Strikes(account=account, method=method, standing=standing)
        strikes = all_strikes.get((method, standing.value), empty)
        until = locked_until(strikes, now)
        if until is not None:
            raise method_locked(until)
        return strikes

    async def _refuse(
        self, unit: Unit, asking: Asking, challenge: Challenge, strikes: Strikes, now: int
    ) -> Forbidden:
        """A wrong answer, counted where it came from."""
        terms = self.kit.pack.terms
        after = missed(challenge, strikes.standing, now, terms)
        counted = struck(strikes, now, self.kit.lockout)
        await unit.challenges.put(after)
        await unit.challenges.strike(counted)
        told = {"method": strikes.method.value, "standing": strikes.standing.value}
        await self._note(unit, asking, after, ANSWER_REFUSED, now, **told)
        if after.state is not ChallengeState.OPEN:
            await self._note(unit, asking, after, CHALLENGE_ENDED, now, state=after.state.value)
        until = locked_until(counted, now)
        return wrong_answer(strikes.method, until)

    async def _accept(
        self,
        unit: Unit,
        asking: Asking,
        challenge: Challenge,
        topic: Topic,
        right: Shown,
        strikes: Strikes,
        now: int,
    ) -> dict[str, Any]:
        """A right answer; where it was the last one missing, the confirmation and what follows from it."""
        after = answered(challenge, right.evidence, now)
        if right.authenticator is not None:
            await unit.authenticators.put([right.authenticator])
        await unit.challenges.strike(forgiven(strikes))
        if after.state is ChallengeState.SATISFIED:
            given = self._confirmation(after, asking.visitor, now)
            after = msgspec.structs.replace(after, confirmation=given.id)
            await unit.confirmations.add(given, [right.raw, *_earlier(challenge)])
            await self._note(unit, asking, after, CHALLENGE_ENDED, now, state=after.state.value)
            body = {"confirmation": given.id, "strength": given.strength, "methods": list(given.methods)}
            await self._note(unit, asking, after, CONFIRMATION_GIVEN, now, **body)
            if topic.hold is not None:
                await unit.proofs.keep(_proof(given))
            if topic.hold is not None and asking.purpose is Purpose.OPERATION:
                ready = met(topic.hold, [Need.CHALLENGE])
                await move_on(
                    unit, [ready], now, self.settlement, asking.actor, "challenge_passed", asking.trace
                )
        await unit.challenges.put(after)
        return shown(after, topic.linked, self.kit, await unit.authenticators.of_account(after.account))

    def _confirmation(self, challenge: Challenge, visitor: Visitor, now: int) -> Confirmation:
        assessment = challenge.assessment
        return sealed_confirmation(
            self.kit.vault.mac_key(SEAL_KEY),
            Confirmation(
                id=self.ids.new("cnf", now),
                purpose=challenge.purpose,
                ref=challenge.ref,
                account=challenge.account,
                linked=challenge.linked,
                strength=assessment.strength,
                factors=assessment.kinds,
                methods=tuple(one.method for one in challenge.evidence),
                device=visitor.device,
                session=visitor.session,
                at=now,
            ),
        )

    async def _note(
        self, unit: Unit, asking: Asking, challenge: Challenge, kind: str, now: int, **more: Any
    ) -> None:
        subjects = await unit.handles([challenge.account])
        body = {"challenge": challenge.id, "purpose": challenge.purpose.value, "actor": asking.actor, **more}
        await unit.note([Fact(now, kind, body, subjects.get(challenge.account), asking.trace)])


def _proof(given: Confirmation) -> Proof:
    """The confirmation of an operation as those see it who release holds."""
    return Proof(
        id=given.id,
        operation=given.ref,
        strength=given.strength,
        factors=tuple(factor.value for factor in given.factors),
        device=given.device,
        session=given.session,
        given_at=given.at,
    )


def _earlier(challenge: Challenge) -> list[dict[str, Any]]:
    """What was shown before the last answer."""
    return [
        {"method": one.method.value, "authenticator": one.authenticator, "at": one.at}
        for one in challenge.evidence
    ]
