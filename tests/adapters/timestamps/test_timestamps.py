"""Goal: a time stamp is kept only if all of it holds; whatever else is sent is refused by its code.

Method: `openssl ts -reply` is the authority, and `openssl ts -verify` the second opinion on what is kept.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from asn1crypto import tsp

from adapters.timestamps.authority import EKU, OTHER_POLICY, POLICY, OpenSslAuthority, altered, served
from countermand.adapters.timestamps.http import HttpTimestampAuthority
from countermand.adapters.timestamps.listed import open_authorities
from countermand.adapters.timestamps.several import SeveralAuthorities
from countermand.adapters.timestamps.tokens import Response, Trust, examine, read_certificates, request_of
from countermand.extensions import tsa_lies
from countermand.kernel.clock import MICROS_PER_SECOND, ManualClock, SystemClock
from countermand.kernel.errors import Conflict, CountermandError, SetupError, Unavailable
from countermand.transparency.stamps import StampedTime, seconds_off

DATA = b"bank.example/countermand/t1/2026\n7\nAAAA\n"
DIGEST = sha256(DATA).digest()
OTHER_IMPRINT = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> OpenSslAuthority:
    """One authority for all tests of this file."""
    return OpenSslAuthority(tmp_path_factory.mktemp("tsa"))


@pytest_asyncio.fixture
async def client():
    """The client that authorities are asked with."""
    async with httpx.AsyncClient(trust_env=False) as opened:
        yield opened


def trust_of(authority: OpenSslAuthority, *policies: str) -> Trust:
    """Trust in an authority's root alone."""
    return Trust(read_certificates(authority.root_file), policies=frozenset(policies))


def asked(address: str, trust: Trust, client: httpx.AsyncClient, clock=None, seconds_max: float = 5.0):
    """The adapter under test."""
    clock = SystemClock() if clock is None else clock
    return HttpTimestampAuthority(address, trust, clock, client, seconds_max=seconds_max, skew_seconds_max=30)


async def refusal(answer: Callable[[bytes], bytes | None], trust: Trust, client, **options) -> str:
    """The code, and the English text, that a stamp from such an authority is refused with."""
    status = options.pop("status", 200)
    async with served(answer, status=status) as address:
        with pytest.raises(CountermandError) as refused:
            await asked(address, trust, client, **options).stamp(DIGEST)
    assert refused.value.text.zh
    return f"{refused.value.code}: {refused.value.text.en}"


async def test_a_token_is_kept_as_it_came_and_openssl_accepts_it(authority, client):
    """The adapter and openssl agree, on the data and on other data; the time is ours."""
    clock = SystemClock()
    before = clock.now()
    async with served(authority.reply) as address:
        asker = asked(address, trust_of(authority, POLICY), client)
        token = await asker.stamp(DIGEST)
        stamped = await asker.examine(token, DIGEST)
    assert authority.accepts(token, DATA)
    assert not authority.accepts(token, DATA + b"x")
    assert seconds_off(stamped, before, clock.now()) == 0
    assert (stamped.accuracy, stamped.policy) == (MICROS_PER_SECOND, POLICY)
    assert stamped.authority == "Common Name: signer"
    with pytest.raises(Conflict, match="stamps something else"):
        await asker.examine(token, sha256(b"other").digest())


LIES: list[tuple[str, Callable[[OpenSslAuthority, bytes], bytes], str]] = [
    ("nonce", lambda tsa, query: tsa.reply(altered(query, nonce=1)), "nonce"),
    (
        "imprint",
        lambda tsa, query: tsa.reply(altered(query, message_imprint=OTHER_IMPRINT)),
        "something else",
    ),
    ("policy", lambda tsa, query: tsa.reply(altered(query, req_policy=OTHER_POLICY)), OTHER_POLICY),
    ("bare token", lambda tsa, query: tsa.reply(query, "-token_out"), "no RFC 3161 response"),
    ("cut", lambda tsa, query: tsa.reply(query)[:-40], "no RFC 3161 response"),
    ("longer", lambda tsa, query: tsa.reply(query) + b"\0", "no RFC 3161 response"),
    ("no token", lambda *_: Response({"status": {"status": "granted"}}).dump(), "without a token"),
    ("endless", lambda *_: bytes(100_000), "without end"),
    ("empty", lambda *_: b"", "no RFC 3161 response"),
]  # fmt: skip


@pytest.mark.parametrize(("lie", "why"), [pytest.param(lie, why, id=name) for name, lie, why in LIES])
async def test_what_does_not_hold_is_a_lie(authority, client, lie, why):
    """Another nonce, imprint or policy, and whatever is no answer, all properly signed where they can be."""
    said = await refusal(lambda query: lie(authority, query), trust_of(authority, POLICY), client)
    assert said.startswith("tsa_lies")
    assert why in said


@pytest.mark.parametrize(
    ("signer", "why"),
    [
        ({"purposes": [EKU.TIME_STAMPING], "days": (-30, -2)}, "trusted"),
        ({"purposes": [EKU.TIME_STAMPING], "critical": False}, "insist"),
        ({"purposes": [EKU.TIME_STAMPING, EKU.CODE_SIGNING]}, "alone"),
        ({"purposes": [EKU.CODE_SIGNING]}, "trusted"),
    ],
    ids=["expired", "not critical", "other purpose too", "other purpose"],
)
async def test_a_certificate_that_is_not_for_this_is_refused(authority, client, tmp_path, signer, why):
    """Out of date, or not for time stamping alone; openssl would not sign with those."""
    other = OpenSslAuthority(tmp_path / "tsa", **signer)
    said = await refusal(other.sign, trust_of(other), client)
    assert said.startswith("tsa_lies")
    assert why in said


async def test_a_token_must_name_the_certificate_it_is_signed_with(authority, client):
    """What the test signs by its own hand is good, except for that one attribute."""
    trust = trust_of(authority)
    async with served(authority.sign) as address:
        assert authority.accepts(await asked(address, trust, client).stamp(DIGEST), DATA)
    said = await refusal(lambda query: authority.sign(query, ess=False), trust, client)
    assert "does not name its certificate" in said


async def test_an_authority_that_leads_elsewhere_is_refused(authority, client, tmp_path):
    """The same names and policies under a root that nobody configured."""
    other = OpenSslAuthority(tmp_path / "tsa")
    said = await refusal(other.reply, trust_of(authority), client)
    assert said.startswith("tsa_lies")
    assert "trusted" in said


@pytest.mark.parametrize("hours", [-1, 1])
async def test_an_authority_whose_time_is_not_now_is_refused(authority, client, hours):
    """An hour off either way; a token of the true moment is not."""
    clock = ManualClock(SystemClock().now() + hours * 3600 * MICROS_PER_SECOND)
    said = await refusal(authority.reply, trust_of(authority), client, clock=clock)
    assert said.startswith("tsa_lies")
    assert "s off ours" in said


async def test_an_authority_that_is_away_is_away(authority, client):
    """Down, in trouble, hung, or declining: nothing was stamped and asking later is right."""
    trust = trust_of(authority)
    rejected = Response({"status": {"status": "rejection", "fail_info": {"time_not_available"}}}).dump()
    assert "503" in await refusal(authority.reply, trust, client, status=503)
    assert "TimeoutError" in await refusal(lambda _: None, trust, client, seconds_max=0.05)
    assert "time_not_available" in await refusal(lambda _: rejected, trust, client)
    assert "unaccepted_policy" in await refusal(authority.reply, trust_of(authority, "1.2.9"), client)
    async with served(authority.reply) as address:
        pass
    with pytest.raises(Unavailable, match="tsa_away"):
        await asked(address, trust, client).stamp(DIGEST)


async def test_a_tampered_token_is_never_believed(authority):
    """Each flipped bit is refused by its code, or says the same (in a certificate nobody needs)."""
    trust = trust_of(authority)
    response = tsp.TimeStampResp.load(authority.reply(request_of(DIGEST, 7)))
    token = response["time_stamp_token"].dump()
    truth = await examine(token, DIGEST, trust, 7)
    chance, refused = random.Random(6), 0
    for _ in range(150):
        flipped = bytearray(token)
        flipped[chance.randrange(len(token))] ^= 1 << chance.randrange(8)
        try:
            assert await examine(bytes(flipped), DIGEST, trust, 7) == truth
        except Conflict as refusal:
            assert refusal.code == "tsa_lies"  # noqa: PT017 - most flips are refused, and none otherwise
            refused += 1
    assert refused > 75


async def test_the_first_that_answers_truthfully_has_stamped(authority, client):
    """One down, one lying, one true; without the true one the refusal says who did what."""
    trust = trust_of(authority)
    async with (
        served(lambda query: authority.reply(altered(query, nonce=1))) as liar,
        served(authority.reply) as honest,
        served(authority.reply, status=500) as down,
    ):
        askers = {name: asked(url, trust, client) for name, url in (("d", down), ("l", liar), ("h", honest))}
        token = await SeveralAuthorities(askers).stamp(DIGEST)
        assert authority.accepts(token, DATA)
        assert (await SeveralAuthorities(askers).examine(token, DIGEST)).policy == POLICY
        del askers["h"]
        with pytest.raises(Unavailable, match=r"d: .*500.*; l: .*nonce"):
            await SeveralAuthorities(askers).stamp(DIGEST)
        del askers["d"]
        with pytest.raises(Conflict, match="tsa_lies"):
            await SeveralAuthorities(askers).stamp(DIGEST)


async def test_the_list_of_authorities_is_read_or_refused(authority, client, tmp_path):
    """A list that works stamps; one that names no root, twice one name, or nobody, stops the start."""

    def opened(*listed: dict[str, object]) -> SeveralAuthorities:
        file = tmp_path / "authorities.json"
        file.write_text(json.dumps(listed))
        return open_authorities(file, SystemClock(), client, seconds_max=5, skew_seconds_max=30)

    async with served(authority.reply) as address:
        good = {"name": "a", "address": address, "roots": str(authority.root_file), "policies": [POLICY]}
        assert authority.accepts(await opened(good).stamp(DIGEST), DATA)
    key = Path(authority.folder / "signer.key")
    for bad in (
        (),
        (good, good),
        (good | {"roots": "none.pem"},),
        (good | {"roots": str(key)},),
        (good | {"x": 1},),
    ):
        with pytest.raises(SetupError, match="bad_timestamp_authorities"):
            opened(*bad)


def test_how_far_a_time_is_off():
    """Rounding to seconds and the stated accuracy are no lies; what goes beyond is counted in seconds."""
    second = MICROS_PER_SECOND
    table = [(10, 0, 0), (9, 0, 0), (8, 0, 1), (13, 0, 0), (15, 0, 2), (5, 5, 0), (5, 2, 3)]
    for at, accuracy, off in table:
        stamped = StampedTime(at * second, accuracy * second, "1", POLICY, "x")
        assert seconds_off(stamped, 10 * second, 12 * second) == off, (at, accuracy)
    assert tsa_lies("x").http_status == 409
