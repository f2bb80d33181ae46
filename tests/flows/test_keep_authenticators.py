"""Goal: two calls turn on a second factor, and nobody but the holder changes one.

Method: a real database; liveness results and sealed payloads are made and opened by keys of the test.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from joserfc import jws
from joserfc.jwk import ECKey, KeySet

from countermand.adapters.credentials.liveness import SignedLiveness
from countermand.flows.enrolment_drafts import Enrolment
from countermand.flows.holder_proofs import Keeping
from countermand.flows.proving import Answer, Visitor
from countermand.kernel.errors import BadRequest, Conflict, Forbidden, NotFound
from countermand.vocabulary.authenticators import Method, Purpose
from flows.challenge_stage import LAPTOP, ON_LAPTOP, PHONE, Stage, agree, asking, stage_on
from flows.soft_key import text
from flows.stage import SECOND

ISSUER = "faces.example"
EC_KEY = {"kty": "EC", "crv": "P-256"}


def keeping(account: str = "a-1", **more: Any) -> Keeping:
    """A request of the customer on the laptop."""
    return Keeping(account=account, visitor=ON_LAPTOP, actor="test", **more)


@pytest.fixture
async def stage(database_dsn, tables, tmp_path: Path):
    """A house where nobody has enrolled anything."""
    async with stage_on(database_dsn, tables, tmp_path) as opened:
        yield opened


async def test_a_second_factor_is_on_after_two_calls(stage: Stage) -> None:
    """Begin and finish; from then on it can be used, and the customer is told."""
    begun = await stage.enrol("a-1", Enrolment(method=Method.TOTP, name="my app", device=PHONE))
    assert begun["otpauth"].startswith("otpauth://totp/")
    (listed,) = await stage.authenticators.all("a-1")
    assert (listed["name"], listed["state"], listed["method"]) == ("my app", "active", "totp")
    told = await stage.tables.fetchval(
        "SELECT body ->> 'urgency' FROM effect WHERE action = 'authenticator_added'"
    )
    assert told == "security"


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("Short-8-chr", "length"),
        ("x" * 257, "length"),
        ("alllowercaseletters", "classes"),
        ("lowercase1234567890", "classes"),
        ("Password1234!", "guessable"),
        ("Qwerty123456!", "guessable"),
    ],
)
async def test_a_weak_password_is_refused(stage: Stage, password: str, fault: str) -> None:
    """Eleven characters, one class, or what everybody guesses first."""
    begun = await stage.authenticators.begin(keeping(), Enrolment(method=Method.PASSWORD, name="p"))
    answer = Answer(method=Method.PASSWORD, password=password)
    with pytest.raises(BadRequest, match="password_refused") as caught:
        await stage.authenticators.finish(keeping(), begun["authenticator"], answer)
    assert fault in caught.value.details["faults"]


async def test_a_device_from_the_time_of_the_incident_changes_nothing(stage: Stage) -> None:
    """It can neither enrol, nor finish, nor reset, nor remove."""
    await stage.settle_in()
    suspect = keeping(suspect=True, proof=stage.password())
    wanted = Enrolment(method=Method.PASSWORD, name="mine now")
    with pytest.raises(Forbidden, match="suspect_device"):
        await stage.authenticators.begin(suspect, wanted)
    pending = await stage.authenticators.begin(keeping(proof=stage.password()), wanted)
    with pytest.raises(Forbidden, match="suspect_device"):
        await stage.authenticators.finish(suspect, pending["authenticator"], stage.password())
    with pytest.raises(Forbidden, match="suspect_device"):
        await stage.authenticators.remove(suspect, pending["authenticator"])


async def test_whoever_is_in_the_session_alone_cannot_enrol_a_key_of_their_own(stage: Stage) -> None:
    """An account that has authenticators asks for one; a wrong one counts, a right one lets in."""
    await stage.settle_in()
    wanted = Enrolment(method=Method.TOTP, name="thief's app")
    with pytest.raises(Forbidden, match="proof_needed"):
        await stage.authenticators.begin(keeping(), wanted)
    wrong = Answer(method=Method.PASSWORD, password="guess")
    with pytest.raises(Forbidden, match="wrong_answer"):
        await stage.authenticators.begin(keeping(proof=wrong), wanted)
    assert await stage.tables.fetchval("SELECT failures FROM strike WHERE method = 'password'") == 1
    assert (await stage.authenticators.begin(keeping(proof=stage.password()), wanted))["state"] == "pending"


async def test_a_passed_challenge_lets_enrol_once(stage: Stage) -> None:
    """A passkey's confirmation for the purpose enrol opens the door one time, on this account alone."""
    await stage.settle_in()
    about = asking("a-1", purpose=Purpose.ENROL, account="a-1")
    begun = await stage.challenges.begin(about, None)
    answer = Answer(method=Method.WEBAUTHN, credential=stage.key.get(begun["details"]["webauthn"]))
    confirmation = (await stage.challenges.answer(about, answer))["confirmation"]
    wanted = Enrolment(method=Method.TOTP, name="second app")
    await stage.authenticators.begin(keeping(confirmation=confirmation), wanted)
    for request in (keeping(confirmation=confirmation), keeping(confirmation="cnf-x")):
        with pytest.raises(Forbidden, match="proof_needed"):
            await stage.authenticators.begin(request, wanted)
    await stage.tables.execute("UPDATE authenticator SET account = 'a-2' WHERE method = 'password'")
    with pytest.raises(Forbidden, match="proof_needed"):
        await stage.authenticators.begin(keeping("a-2", confirmation=confirmation), wanted)


async def test_what_is_removed_proves_nothing_and_its_secret_is_gone(stage: Stage) -> None:
    """Removed, listed no more; a challenge under way refuses its code; a new password voids the old one."""
    await stage.settle_in()
    operation = await stage.held()
    await stage.begin(operation, Method.SMS)
    listed = {one["method"]: one["authenticator"] for one in await stage.authenticators.all("a-1")}
    with pytest.raises(Forbidden, match="proof_needed"):
        await stage.authenticators.remove(keeping(), listed["sms"])
    await stage.authenticators.remove(keeping(proof=stage.password()), listed["sms"])
    with pytest.raises(Forbidden, match="wrong_answer"):
        await stage.answer(operation, Answer(method=Method.SMS, code=stage.sms.code))
    row = await stage.tables.fetchrow("SELECT * FROM authenticator WHERE id = $1", listed["sms"])
    assert (row["state"], row["secret"]) == ("removed", None)
    with pytest.raises(NotFound, match="unknown_authenticator"):
        await stage.authenticators.rename(keeping(), listed["sms"], "x")
    renamed = await stage.authenticators.rename(keeping(), listed["email"], " work mail ")
    assert renamed["name"] == "work mail"
    await stage.enrol("a-1", Enrolment(method=Method.PASSWORD, name="new"), proof=stage.password())
    methods = [one["method"] for one in await stage.authenticators.all("a-1")]
    assert methods.count("password") == 1


async def test_unbinding_a_device_takes_what_it_held(stage: Stage) -> None:
    """In the unit of whoever contains the account."""
    await stage.settle_in()
    async with stage.house.works.open() as unit:
        gone = await stage.authenticators.forget_devices(unit, keeping(), {PHONE})
    assert sorted(one.method for one in gone) == ["sms", "totp"]
    assert {one["device"] for one in await stage.authenticators.all("a-1")} == {None, LAPTOP, "tablet"}


async def test_a_pending_one_ends_and_takes_few_guesses(stage: Stage) -> None:
    """Five wrong codes, or ten minutes, and it must be begun again; five may be pending."""
    wanted = Enrolment(method=Method.SMS, name="phone", address="+86 138-0000-1234")
    begun = await stage.authenticators.begin(keeping(), wanted)
    await stage.deliver()
    assert (begun["to"], stage.sms.messages[-1].to) == ("•••1234", "+8613800001234")
    for _ in range(5):
        with pytest.raises(Forbidden, match="wrong_answer"):
            await stage.authenticators.finish(
                keeping(), begun["authenticator"], Answer(method=Method.SMS, code="0")
            )
    right = Answer(method=Method.SMS, code=stage.sms.code)
    with pytest.raises(Forbidden, match="wrong_answer"):
        await stage.authenticators.finish(keeping(), begun["authenticator"], right)
    for _ in range(3):
        await stage.authenticators.begin(keeping(), wanted)
    with pytest.raises(Conflict, match="code_limit_reached"):
        await stage.authenticators.begin(keeping(), wanted)
    await stage.authenticators.begin(keeping(), Enrolment(method=Method.TOTP, name="app"))
    with pytest.raises(Conflict, match="too_many_authenticators"):
        await stage.authenticators.begin(keeping(), wanted)
    stage.clock.advance(600 * SECOND)
    assert await stage.authenticators.all("a-1") == []


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (Enrolment(method=Method.SMS, name="x", address="12345"), "bad_address"),
        (Enrolment(method=Method.EMAIL, name="x", address="a@b@c"), "bad_address"),
        (Enrolment(method=Method.EMAIL, name="x", address="a@b.cn\r\nBcc: x@y.cn"), "bad_address"),
        (Enrolment(method=Method.TOTP, name=" "), "bad_authenticator_name"),
        (Enrolment(method=Method.LIVENESS, name="x"), "method_not_enrolled"),
        (Enrolment(method=Method.TOTP, name="x", sealing_key={"kty": "RSA"}), "bad_sealing_key"),
        (
            Enrolment(method=Method.TOTP, name="x", sealing_key={**EC_KEY, "x": "A", "y": "A"}),
            "bad_sealing_key",
        ),
    ],
)  # fmt: skip
async def test_what_cannot_be_enrolled_is_refused(stage: Stage, wanted: Enrolment, code: str) -> None:
    """Each with the code that says why."""
    with pytest.raises(BadRequest, match=code):
        await stage.authenticators.begin(keeping(), wanted)


def opened(sealed: str, key: ec.EllipticCurvePrivateKey) -> Any:
    """Compact JWE opened with nothing but RFC 7518 section 4.6 and the primitives."""
    header64, wrapped, nonce, cipher, tag = sealed.split(".")
    header = json.loads(base64.urlsafe_b64decode(header64 + "=="))
    assert (header["alg"], header["enc"], wrapped) == ("ECDH-ES", "A256GCM", "")
    point = [int.from_bytes(base64.urlsafe_b64decode(header["epk"][name] + "==")) for name in "xy"]
    theirs = ec.EllipticCurvePublicNumbers(point[0], point[1], ec.SECP256R1()).public_key()
    shared = key.exchange(ec.ECDH(), theirs)
    info = len("A256GCM").to_bytes(4) + b"A256GCM" + bytes(4) + bytes(4) + (256).to_bytes(4)
    secret = ConcatKDFHash(SHA256(), 32, info).derive(shared)
    parts = [base64.urlsafe_b64decode(part + "==") for part in (nonce, cipher, tag)]
    return json.loads(AESGCM(secret).decrypt(parts[0], parts[1] + parts[2], header64.encode()))


async def test_sealed_details_are_read_by_the_device_alone(stage: Stage) -> None:
    """What a proxy sees names neither the amount, nor the payee, nor the number to read back."""
    await stage.settle_in()
    key = ec.generate_private_key(ec.SECP256R1())
    numbers = key.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": text(numbers.x.to_bytes(32)), "y": text(numbers.y.to_bytes(32))}
    wanted = Enrolment(method=Method.TOTP, name="sealing app", device=LAPTOP, sealing_key={**jwk, "d": "x"})
    await stage.enrol("a-1", wanted, proof=stage.password())
    shown = await stage.begin(await stage.held(), Method.OUT_OF_BAND_CALL, sealed=True)
    assert shown["details"] is None
    assert not {"shop", "10000", "100.00"} & set(json.dumps(shown, default=str).replace('"', " ").split())
    details = opened(shown["sealed"], key)
    assert details["confirming"]["zh"] == "确认：支付100.00元给shop"
    assert len(details["read_back"]) == 8
    on_phone = asking(await stage.held(), Visitor(session="s", device=PHONE))
    with pytest.raises(Conflict, match="no_sealing_key"):
        await stage.challenges.begin(on_phone, None, sealed=True)


async def test_a_liveness_result_counts_once_for_one_operation(database_dsn, tables, tmp_path: Path) -> None:
    """A loan at KYC 1 wants the face beside the document; another's result, or the same again, is refused."""
    key = ECKey.generate_key("P-256", {"kid": "k-1"})
    (tmp_path / "keys.json").write_text(json.dumps(KeySet([key]).as_dict(private=False)))
    provider = SignedLiveness(ISSUER, tmp_path / "keys.json")
    async with stage_on(database_dsn, tables, tmp_path, provider) as stage:
        await stage.settle_in(kyc_level=1)
        await agree(stage.house, "a-1", "biometrics")
        loans = [await stage.held(kind="loan_disburse", minor=100_000) for _ in range(2)]
        shown = [await stage.begin(loan) for loan in loans]
        assert shown[0]["obligations"] == ["kyc_upgrade"]

        def signed(number: int, jti: str, **more: Any) -> Answer:
            claims = {"iss": ISSUER, "jti": jti, "iat": stage.clock.now() // SECOND, "live": True,
                      "document_match": True, **shown[number]["details"]["liveness"], **more}  # fmt: skip
            token = jws.serialize_compact({"alg": "ES256", "kid": "k-1"}, json.dumps(claims), key)
            return Answer(method=Method.LIVENESS, token=token)

        for wrong in (
            signed(1, "j-1"),
            signed(0, "j-2", live=False),
            signed(0, "j-3", iss="other"),
            signed(0, "j-4", iat=stage.clock.now() // SECOND - 301),
        ):
            with pytest.raises(Forbidden, match="wrong_answer"):
                await stage.answer(loans[0], wrong)
        for answer in (stage.password(), stage.time_code()):
            half = await stage.answer(loans[0], answer)
        assert set(half["missing"]) >= {"method:liveness", "document_match"}
        right = signed(0, "j-5")
        assert (await stage.answer(loans[0], right))["state"] == "satisfied"
        stage.clock.advance(60 * SECOND)
        with pytest.raises(Forbidden, match="wrong_answer"):
            await stage.answer(loans[1], signed(1, "j-5"))
