"""The door without login: a report after a little work, and the case that a number and its secret open."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from math import log2
from typing import Any

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from countermand.cases.numbers import opens, read_number
from countermand.flows.address_book import AddressBook, one_form
from countermand.flows.person_handles import handle_of
from countermand.flows.receive_report import Received, receive_report
from countermand.flows.reception import RECEIPT_KEY, Reception
from countermand.intake.puzzles import BITS_MAX, BITS_MIN, check_puzzle, puzzle_age, puzzle_bits, puzzle_of
from countermand.kernel.canonical import canonical_bytes
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import BadRequest, NotFound, TooMany
from countermand.kernel.ids import new_nonce
from countermand.vocabulary.cases import Case
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.notices import NoticeChannel
from countermand.vocabulary.reports import RECEIPT, Channel, Report, Sender, Standing
from countermand.vocabulary.triage import Answers

PUZZLE_KEY = "puzzle"
Network = IPv4Network | IPv6Network
ACTOR = "public-door"
# Of one address, which many people may share behind their carrier's: a campus must be heard, a flood not.
PUZZLES_A_MINUTE, REPORTS_A_MINUTE, TRIES_A_MINUTE, TRIES_OF_A_CASE = 600, 120, 60, 10
# Nobody types faster; a script that fills a case is slowed down there, and what was sent before stays.
MESSAGES_OF_A_CASE = 20
# A browser without scripts solves nothing: its form is heard too, but few of them a minute from one address,
# and none that comes back sooner than a person can press a button.
FORMS_A_MINUTE, FORM_MICROS_MIN = 6, MICROS_PER_SECOND
ACCOUNTS_OF_A_PHONE_MAX = 1


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody at the public door says; every part may be missing but the words or the wish to stop.

    `person`: they want to speak to one, whatever a machine could answer.
    """

    text: str
    language: str | None = None
    account: str | None = None
    phone: str | None = None
    document: str | None = None
    stop: Preset | None = None
    case: str | None = None
    person: bool = False


@dataclass(frozen=True, slots=True)
class PublicDoor:
    """Its limits hold for one process; a flood from one address leaves others alone.

    `trusted` are the networks of proxies whose word on the sender's address is taken.
    """

    reception: Reception
    addresses: AddressBook
    trusted: tuple[Network, ...] = ()
    limiter: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    def puzzle(self, address: str) -> dict[str, Any]:
        """A puzzle to solve before a report; harder for an address that asks often. Raises TooMany."""
        minute = RateLimitItemPerMinute(PUZZLES_A_MINUTE)
        self._count(minute, "puzzle", address)
        left = self.limiter.get_window_stats(minute, "puzzle", address).remaining
        bits = min(BITS_MAX, BITS_MIN + int(log2(PUZZLES_A_MINUTE - left)))
        now = self.reception.clock.now()
        return {"puzzle": puzzle_of(self._key(), new_nonce(), now, bits), "bits": bits}

    def form_puzzle(self, address: str, given: str) -> dict[str, Any]:
        """The puzzle for a form that comes back: the one that was given with it, while it is good."""
        if puzzle_age(self._key(), given, self.reception.clock.now()) is None:
            return self.puzzle(address)
        return {"puzzle": given, "bits": puzzle_bits(self._key(), given)}

    async def report(
        self, told: Told, puzzle: str, answer: str, address: str, trace: str | None = None
    ) -> Received:
        """A report, under the puzzle as its key: sent again, it is answered the same.

        Raises BadRequest (`puzzle_unsolved`, `invalid_document`, `bad_address`), TooMany, Conflict,
        Unavailable.
        """
        check_puzzle(self._key(), puzzle, answer, self.reception.clock.now())
        self._count(RateLimitItemPerMinute(REPORTS_A_MINUTE), "report", address)
        return await self._hear(told, puzzle, trace)

    async def report_by_form(
        self, told: Told, puzzle: str, answer: str, address: str, trace: str | None = None
    ) -> Received:
        """A report by a page's form: solved, as `report`; else as one of few a minute, if the form is ours.

        Raises BadRequest (`form_over`: ask for a new one; those of `report`), TooMany, Conflict, Unavailable.
        """
        if answer:
            try:
                return await self.report(told, puzzle, answer, address, trace)
            except BadRequest as error:
                if error.code != "puzzle_unsolved":
                    raise
        age = puzzle_age(self._key(), puzzle, self.reception.clock.now())
        if age is None or age < FORM_MICROS_MIN:
            raise BadRequest(
                "form_over",
                "This form was open for too long, or came back too fast. What you typed is still here: "
                "press the button once more.",
                "表单已过期或提交过快。您填写的内容仍在，请再按一次按钮。",
                field="puzzle",
            )
        self._count(RateLimitItemPerMinute(FORMS_A_MINUTE), "form", address)
        return await self._hear(told, puzzle, trace)

    async def _hear(self, told: Told, puzzle: str, trace: str | None) -> Received:
        """A report whose right to be heard was checked; the puzzle is its key."""
        house = self.reception
        account = told.account or await self._account_of(told.phone)
        person = None if told.document is None else handle_of(house.vault, told.document)
        known = account is not None or person is not None
        said = {name: getattr(told, name) for name in Told.__slots__ if name != "person" or told.person}
        report = Report(
            channel=Channel.DOOR,
            key=puzzle,
            received_at=house.clock.now(),
            raw=canonical_bytes(said),
            text=told.text,
            sender=Sender(address=told.phone, standing=Standing.CLAIMED if known else Standing.UNNAMED),
            language=told.language,
            account=account,
            person=person,
            stop=told.stop,
            thread=told.case,
            answers=Answers(person_wanted=told.person),
        )
        return await receive_report(house, report, ACTOR, trace, with_secret=True)

    async def _account_of(self, phone: str | None) -> str | None:
        """The account whose holder is told at this number; one number of several opens none."""
        if phone is None:
            return None
        key = self.addresses.key_of(NoticeChannel.SMS, one_form(NoticeChannel.SMS, phone))
        async with self.reception.works.open() as unit:
            found = await unit.contacts.accounts_at(NoticeChannel.SMS, key)
        return found[0] if len(found) == ACCOUNTS_OF_A_PHONE_MAX else None

    async def more(
        self, number: str, secret: str, text: str, key: str, address: str, trace: str | None = None
    ) -> Received:
        """A further message in the case that a receipt opens. Raises as `case_of`, and Conflict."""
        return await self.more_in(await self.case_of(number, secret, address), text, key, trace)

    async def more_in(self, case: Case, text: str, key: str, trace: str | None = None) -> Received:
        """A further message of whoever holds the receipt of a case. Raises TooMany, Conflict, Unavailable."""
        self._count(RateLimitItemPerMinute(MESSAGES_OF_A_CASE), "more", case.id)
        now = self.reception.clock.now()
        report = Report(
            channel=Channel.DOOR,
            key=f"{case.id} {key}",
            received_at=now,
            raw=canonical_bytes({"case": case.number, "text": text}),
            text=text,
            sender=Sender(standing=Standing.CLAIMED, signs=(RECEIPT,)),
            account=case.account,
            person=case.person,
            thread=case.number,
        )
        return await receive_report(self.reception, report, ACTOR, trace)

    async def case_of(self, number: str, secret: str, address: str) -> Case:
        """The case that a receipt opens. Raises NotFound (`receipt_unknown`), TooMany, Unavailable."""
        self._count(RateLimitItemPerMinute(TRIES_A_MINUTE), "try", address)
        plain = read_number(number)
        if plain is not None:
            # Whoever guesses at one case is slowed down there, from however many addresses.
            self._count(RateLimitItemPerMinute(TRIES_OF_A_CASE), "case", plain)
            async with self.reception.works.open() as unit:
                case = await unit.cases.by_number(plain)
            key = self.reception.vault.mac_key(RECEIPT_KEY)
            if case is not None and opens(key, case.id, case.receipt, secret):
                return case
        raise NotFound(
            "receipt_unknown",
            "No case has this number with this code. Compare both with your receipt.",
            "编号与查询码不符，请与回执核对。",
        )

    def _count(self, item: RateLimitItem, what: str, who: str) -> None:
        if not self.limiter.hit(item, what, who):
            raise TooMany(
                "too_many",
                "Too often from here in a short time. Wait a minute and try again; what was sent is safe.",
                "操作过于频繁，请稍候一分钟再试；已提交的内容不受影响。",
                retry_after_seconds=60,
            )

    def _key(self) -> bytes:
        return self.reception.vault.mac_key(PUZZLE_KEY)
