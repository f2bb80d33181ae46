"""What hearing mail asks of the world: a mailbox, proofs of senders, and who takes the answers."""

from __future__ import annotations

from email.message import EmailMessage
from typing import NamedTuple, Protocol


class Arrived(NamedTuple):
    """A mail as the server has it: its bytes, and when it arrived there (microseconds UTC).

    `whole` is false where it was longer than is ever fetched: then `raw` is its beginning.
    """

    raw: bytes
    arrived_at: int
    whole: bool = True


class Mailbox(Protocol):
    """A folder at a mail server. All of it raises Unavailable (`mailbox_away`), and connects again by itself.

    What is not settled is found again, by whoever looks next: that nothing is lost hangs on it.
    """

    async def unheard(self) -> list[str]:
        """The places of mails that nobody has settled, oldest first; connects where need be."""
        ...

    async def fetch(self, place: str) -> Arrived | None:
        """A mail, unchanged and not marked; None where it is gone."""
        ...

    async def settle(self, place: str, *, aside: bool = False) -> None:
        """It has been heard and need not be found again; `aside` moves it to the folder of the unreadable."""
        ...

    async def wait(self, seconds: float) -> None:
        """Until something arrives, or so long."""
        ...

    async def close(self) -> None:
        """Let go of the connection; looking again opens a new one."""
        ...


class SenderProofs(Protocol):
    """Who vouches for a mail's sender."""

    def signs(self, raw: bytes, sender: str, *, ask: bool) -> tuple[str, ...]:
        """What was verified for this address: `dkim`, `relay_dkim`, `relay_spf`, `relay_dmarc`, `arc`.

        Blocks while it asks the DNS, which it does only to `ask`. Never raises: what cannot be verified is
        no sign.
        """
        ...


class Courier(Protocol):
    """Who carries letters away; `sender` stands in their From, `domain` in their names."""

    sender: str
    domain: str

    async def carry(self, mail: EmailMessage) -> bool:
        """Hand a letter over; False where nothing is ever taken for this address.

        Raises Unavailable (`sender_away`): then it is tried again, under the same name.
        """
        ...
