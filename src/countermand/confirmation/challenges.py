"""One challenge from its beginning to its end: offered methods, codes under way, evidence, wrong answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from countermand.confirmation.factors import Assessment, Evidence, assess
from countermand.confirmation.lockout import Standing
from countermand.confirmation.tiers import Wanted, missing
from countermand.kernel.clock import MICROS_PER_SECOND, rfc3339
from countermand.kernel.errors import BadRequest, Conflict
from countermand.vocabulary.authenticators import Method, Purpose
from countermand.vocabulary.consent import Withheld


class ChallengeState(StrEnum):
    """open → satisfied | failed | locked | expired; nothing leads back."""

    OPEN = "open"
    SATISFIED = "satisfied"
    FAILED = "failed"
    LOCKED = "locked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeTerms:
    """How long and how often; seconds, and counts for each challenge."""

    seconds: int = 300
    code_seconds: int = 300
    wrong_answers_max: int = 5
    sends_max: int = 3
    resend_seconds: int = 60
    proof_seconds: int = 600


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A method the customer may use, by priority; `to` is the masked address of where a code would go."""

    method: Method
    authenticators: tuple[str, ...] = ()
    biometric: bool = False
    to: str | None = None


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time code of this challenge, kept as its MAC; an empty one was used up."""

    method: Method
    authenticator: str | None
    device: str | None
    mac: str
    issued_at: int
    count: int


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of one customer about one thing. Instants are microseconds UTC.

    `linked` digests what is being confirmed; `nonce` makes the bytes that passkeys sign unique. `session` and
    `device` are those in which it was begun. `withheld` is what its holder does not agree to.
    """

    id: str
    purpose: Purpose
    ref: str
    account: str
    session: str | None
    device: str | None
    linked: str
    nonce: str
    wanted: Wanted
    offers: tuple[Offer, ...]
    begun_at: int
    expires_at: int
    issued: tuple[Issued, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    known_failures: int = 0
    stranger_failures: int = 0
    state: ChallengeState = ChallengeState.OPEN
    ended_at: int | None = None
    confirmation: str | None = None
    withheld: tuple[Withheld, ...] = ()

    @property
    def assessment(self) -> Assessment:
        """What was shown so far is worth."""
        return assess(self.evidence, self.device, trust_unknown=self.wanted.trust_unknown_devices)

    @property
    def missing(self) -> list[str]:
        """What is still to be shown."""
        return missing(self.wanted, self.assessment, [one.method for one in self.evidence])

    def offer(self, method: Method) -> Offer:
        """The offer of a method. Raises BadRequest (`method_not_offered`)."""
        for one in self.offers:
            if one.method is method:
                return one
        raise BadRequest(
            "method_not_offered",
            f"{method.value} is not offered in this challenge; `methods` lists what is.",
            f"本次验证不提供 {method.value}；可用方式见 methods。",
            field="method",
        )

    def code_of(self, method: Method) -> Issued | None:
        """The code of a method that is under way."""
        return next((one for one in self.issued if one.method is method), None)


def at_instant(challenge: Challenge, now: int) -> Challenge:
    """The challenge as it stands at an instant: an open one whose time is up is expired."""
    if challenge.state is ChallengeState.OPEN and now >= challenge.expires_at:
        return ended(challenge, ChallengeState.EXPIRED, challenge.expires_at)
    return challenge


def ended(challenge: Challenge, state: ChallengeState, now: int) -> Challenge:
    """The challenge at its end; its codes are forgotten."""
    return msgspec.structs.replace(challenge, state=state, ended_at=now, issued=())


def check_open(
    challenge: Challenge, linked: str, standing: Standing, now: int, terms: ChallengeTerms
) -> None:
    """An answer is looked at only in an open challenge that still means what it meant when it began.

    Raises Conflict: `challenge_expired`, `challenge_ended`, `challenge_changed` (the operation is another one
    by now: other amount, payee, account), `challenge_locked` (too many wrong answers; from unknown devices
    these only lock out unknown devices).
    """
    found = at_instant(challenge, now)
    if found.state is ChallengeState.EXPIRED:
        raise Conflict(
            "challenge_expired",
            f"The time to answer ended at {rfc3339(found.expires_at)}; begin again.",
            f"验证已于 {rfc3339(found.expires_at)} 过期，请重新开始。",
            challenge=challenge.id,
        )
    strangers_out = standing is Standing.STRANGER and challenge.stranger_failures >= terms.wrong_answers_max
    if found.state is ChallengeState.LOCKED or strangers_out:
        raise Conflict(
            "challenge_locked",
            "Too many wrong answers; begin again, on a device that you have used before.",
            "错误次数过多；请在您用过的设备上重新开始验证。",
            challenge=challenge.id,
        )
    if found.state is not ChallengeState.OPEN:
        raise Conflict(
            "challenge_ended",
            f"This challenge is {found.state.value} already; an answer counts once.",
            f"本次验证已结束（{found.state.value}）；每个回答只能使用一次。",
            challenge=challenge.id,
        )
    if challenge.linked != linked:
        raise Conflict(
            "challenge_changed",
            "What is to be confirmed has changed since this challenge began; nothing was confirmed. "
            "Begin again.",
            "待确认的内容在验证开始后发生了变化，未确认任何操作；请重新开始。",
            challenge=challenge.id,
        )


def with_code(challenge: Challenge, code: Issued, terms: ChallengeTerms) -> Challenge:
    """The challenge with a code under way in place of an earlier one of the method.

    Raises Conflict (`code_sent_too_often`): the details say from when on it may be sent again, or null.
    """
    earlier = challenge.code_of(code.method)
    count = 1 if earlier is None else earlier.count + 1
    if earlier is not None:
        again_at = earlier.issued_at + terms.resend_seconds * MICROS_PER_SECOND
        if count > terms.sends_max or code.issued_at < again_at:
            raise Conflict(
                "code_sent_too_often",
                "A code is on its way already; wait a little, or use another method.",
                "验证码已发送，请稍候，或改用其他验证方式。",
                again_at=None if count > terms.sends_max else rfc3339(again_at),
            )
    rest = tuple(one for one in challenge.issued if one.method is not code.method)
    return msgspec.structs.replace(challenge, issued=(*rest, msgspec.structs.replace(code, count=count)))


def code_is_fresh(code: Issued | None, now: int, terms: ChallengeTerms) -> bool:
    """Whether a code can still be used."""
    return (
        code is not None and bool(code.mac) and now < code.issued_at + terms.code_seconds * MICROS_PER_SECOND
    )


def answered(challenge: Challenge, evidence: Evidence, now: int) -> Challenge:
    """The challenge after a right answer: satisfied where nothing is missing any more.

    The code of the method is used up; a second right answer by the same method replaces the first one.
    """
    issued = tuple(
        msgspec.structs.replace(one, mac="") if one.method is evidence.method else one
        for one in challenge.issued
    )
    rest = tuple(one for one in challenge.evidence if one.method is not evidence.method)
    after = msgspec.structs.replace(challenge, issued=issued, evidence=(*rest, evidence))
    return after if after.missing else ended(after, ChallengeState.SATISFIED, now)


def missed(challenge: Challenge, standing: Standing, now: int, terms: ChallengeTerms) -> Challenge:
    """The challenge after a wrong answer: only those from the customer's own devices lock it."""
    if standing is Standing.STRANGER:
        return msgspec.structs.replace(challenge, stranger_failures=challenge.stranger_failures + 1)
    after = msgspec.structs.replace(challenge, known_failures=challenge.known_failures + 1)
    if after.known_failures >= terms.wrong_answers_max:
        return ended(after, ChallengeState.LOCKED, now)
    return after


def answers_left(challenge: Challenge, standing: Standing, terms: ChallengeTerms) -> int:
    """How many answers are still looked at from there, with the one that locks as the last of them."""
    stranger = standing is Standing.STRANGER
    failures = challenge.stranger_failures if stranger else challenge.known_failures
    return max(0, terms.wrong_answers_max - failures)
