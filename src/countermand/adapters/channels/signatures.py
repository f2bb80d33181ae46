"""Who vouches for a mail's sender: its DKIM signatures (RFC 6376), and the word of our own mail relay."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import dkim
from dns.exception import DNSException
from dns.resolver import Resolver

from countermand.intake.mail.headers import Fields
from countermand.intake.mail.parts import head_of

SIGNATURES_MAX = 3
DNS_SECONDS = 4.0
_PASS = re.compile(r"\b(dkim|spf|dmarc|arc)\s*=\s*pass\b([^;]*)", re.IGNORECASE)
_NAMED = re.compile(r"\b(?:header\.(?:d|i|from)|smtp\.(?:mailfrom|helo))\s*=\s*@?([^\s;()]+)", re.IGNORECASE)
# The name of a TXT record to its text, or nothing.
TextRecords = Callable[[str], bytes | None]


def dns_texts(name: str) -> bytes | None:
    """A TXT record of the DNS, within four seconds."""
    resolver = Resolver()
    resolver.lifetime = DNS_SECONDS
    with suppress(DNSException):
        for answer in resolver.resolve(name.rstrip("."), "TXT"):
            return b"".join(answer.strings)
    return None


class MailSignatures:
    """Implements `intake.mail.ports.SenderProofs`.

    `relay` is the name under which our own relay writes Authentication-Results (RFC 8601); it must take away
    what others have written under it. Without a name nobody's word is taken.
    """

    def __init__(self, texts: TextRecords = dns_texts, relay: str | None = None) -> None:
        self._texts = texts
        self._relay = None if relay is None else relay.lower()

    def signs(self, raw: bytes, sender: str, *, ask: bool = True) -> tuple[str, ...]:
        """What was verified for this address or its domain."""
        fields = Fields(head_of(raw))
        domain = sender.rpartition("@")[2]
        found: list[str] = []
        if ask and len(fields.all("from")) == 1:
            found += ["dkim"] * self._signed(raw, fields, domain)
        found += self._said_by_relay(fields, domain)
        if ask and fields.has("arc-seal") and self._chained(raw):
            found.append("arc")
        return tuple(dict.fromkeys(found))

    def _signed(self, raw: bytes, fields: Fields, domain: str) -> bool:
        """Whether one of the first signatures is good, whole, and of the sender's own domain."""
        for place, signature in enumerate(fields.all("dkim-signature")[:SIGNATURES_MAX]):
            tags = dict(re.findall(r"(?:^|;)\s*(\w+)\s*=\s*([^;]*)", signature))
            signer = re.sub(r"\s", "", tags.get("d", "")).lower()
            # Part of a body, or another domain's word, says nothing about this mail.
            if "l" in tags or not _covers(signer, domain):
                continue
            with suppress(Exception):
                if dkim.DKIM(raw).verify(idx=place, dnsfunc=self._record):
                    return True
        return False

    def _chained(self, raw: bytes) -> bool:
        with suppress(Exception):
            state, _, _ = dkim.arc_verify(raw, dnsfunc=self._record)
            return bool(state == dkim.CV_Pass)
        return False

    def _record(self, name: bytes | str, timeout: float = DNS_SECONDS) -> bytes | None:
        text = self._texts(name.decode("ascii") if isinstance(name, bytes) else name)
        # A key that is only being tried (t=y) proves nothing.
        return None if text is None or re.search(rb"(?:^|;)\s*t\s*=\s*[^;]*y", text) else text

    def _said_by_relay(self, fields: Fields, domain: str) -> list[str]:
        """What our relay found; only the topmost of its fields counts, for the rest came with the mail."""
        if self._relay is None:
            return []
        for value in fields.all("authentication-results"):
            server, _, results = value.partition(";")
            if server.split()[:1] != [self._relay] and server.lower().split()[:1] != [self._relay]:
                continue
            good = []
            for method, rest in _PASS.findall(results):
                named = [one.rpartition("@")[2].lower() for one in _NAMED.findall(rest)]
                if method.lower() == "arc" or any(_covers(one, domain) for one in named):
                    good.append(f"relay_{method.lower()}")
            return good
        return []


def _covers(signer: str, domain: str) -> bool:
    """Whether a signer's domain is the sender's, or above it."""
    return bool(signer) and "." in signer and (signer == domain or domain.endswith(f".{signer}"))
