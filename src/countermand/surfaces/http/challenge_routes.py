"""The routes of challenges and authenticators: acts of the customer, relayed by the institution."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from countermand.flows.challenge_customer import Asking
from countermand.flows.challenge_subjects import check_purpose
from countermand.flows.enrolment_drafts import Enrolment
from countermand.flows.holder_proofs import Keeping
from countermand.flows.proving import Answer, Visitor
from countermand.surfaces.http.challenge_messages import (
    AccountChallengeRequest,
    AnswerRequest,
    AuthenticatorList,
    AuthenticatorShown,
    CallRequest,
    ChallengeRequest,
    ChallengeShown,
    DenialRequest,
    EnrolmentRequest,
    FinishRequest,
    NameRequest,
    ProofShown,
    RemovalRequest,
)
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.problems import invalid_request
from countermand.surfaces.http.visits import identifier, visit_of
from countermand.vocabulary.authenticators import Method, Purpose

Asked = Request[Any, Any, Any]


def _house(request: Asked) -> House:
    house: House = request.app.state["house"]
    return house


def _about_operation(request: Asked, operation_id: str, purpose: Purpose, visitor: Visitor) -> Asking:
    visit = visit_of(request.scope)
    check_purpose(purpose, about_holds=True)
    ref = identifier(operation_id, "operation_id")
    return Asking(
        purpose=purpose, ref=ref, account="", visitor=visitor, actor=visit.actor, trace=visit.trace_id
    )


def _about_account(
    request: Asked, account_id: str, purpose: Purpose, ref: str | None, visitor: Visitor
) -> Asking:
    visit = visit_of(request.scope)
    check_purpose(purpose, about_holds=False)
    account = identifier(account_id, "account_id")
    if ref is None and purpose is not Purpose.ENROL:
        raise invalid_request("say what is to be lifted or raised", "ref")
    topic = account if purpose is Purpose.ENROL else str(ref)
    return Asking(
        purpose=purpose, ref=topic, account=account, visitor=visitor, actor=visit.actor, trace=visit.trace_id
    )


def _visitor(data: Any) -> Visitor:
    return Visitor(session=data.session, device=data.device)


def _answer(data: AnswerRequest | FinishRequest) -> Answer:
    token = data.token if isinstance(data, AnswerRequest) else None
    return Answer(
        method=data.method,
        code=data.code,
        password=data.password,
        credential=data.credential,
        token=token,
    )


def _purpose(word: str, default: Purpose) -> Purpose:
    if not word:
        return default
    try:
        return Purpose(word)
    except ValueError:
        raise invalid_request(f"{word[:32]!r} is no purpose", "purpose") from None


@post(
    "/v1/operations/{operation_id:str}/challenge",
    scope="confirm",
    status_code=200,
    gives=ChallengeShown,
    refuses=(404, 409),
)
async def begin_challenge(
    request: Asked, operation_id: FromPath[str], data: JSONBody[ChallengeRequest]
) -> dict[str, Any]:
    """Ask the customer: what is to be confirmed, and how it can be. Again: the same challenge."""
    asking = _about_operation(request, operation_id, data.purpose, _visitor(data))
    return await _house(request).challenges.begin(asking, data.method, sealed=data.sealed)


@post(
    "/v1/operations/{operation_id:str}/challenge/answer",
    scope="confirm",
    status_code=200,
    gives=ChallengeShown,
    refuses=(404, 409),
)
async def answer_challenge(
    request: Asked, operation_id: FromPath[str], data: JSONBody[AnswerRequest]
) -> dict[str, Any]:
    """Answer by one method. The answer that completes the challenge lets the operation go on."""
    asking = _about_operation(request, operation_id, data.purpose, _visitor(data))
    return await _house(request).challenges.answer(asking, _answer(data))


@get("/v1/operations/{operation_id:str}/challenge", scope="confirm", gives=ChallengeShown, refuses=(404, 409))
async def read_challenge(
    request: Asked, operation_id: FromPath[str], purpose: FromQuery[str] = ""
) -> dict[str, Any]:
    """The newest challenge about an operation, as it stands."""
    wanted = _purpose(purpose, Purpose.OPERATION)
    return await _house(request).challenges.status(_about_operation(request, operation_id, wanted, Visitor()))


@post(
    "/v1/operations/{operation_id:str}/challenge/deny",
    scope="confirm",
    status_code=200,
    gives=ChallengeShown,
    refuses=(404, 409),
)
async def deny_challenge(
    request: Asked, operation_id: FromPath[str], data: JSONBody[DenialRequest]
) -> dict[str, Any]:
    """The customer says that this was not them: it can never be confirmed any more."""
    asking = _about_operation(request, operation_id, data.purpose, Visitor())
    return await _house(request).challenges.deny(asking)


@post(
    "/v1/operations/{operation_id:str}/challenge/call",
    scope="approve",
    status_code=200,
    gives=ChallengeShown,
    refuses=(404, 409),
)
async def record_call(
    request: Asked, operation_id: FromPath[str], data: JSONBody[CallRequest]
) -> dict[str, Any]:
    """A member of staff called the customer's enrolled number: what the customer said."""
    asking = _about_operation(request, operation_id, data.purpose, Visitor())
    if data.outcome == "denied":
        return await _house(request).challenges.deny(asking)
    answer = Answer(method=Method.OUT_OF_BAND_CALL, code=data.code)
    return await _house(request).challenges.answer(asking, answer, by_staff=True)


@post(
    "/v1/accounts/{account_id:str}/challenge",
    scope="confirm",
    status_code=200,
    gives=ChallengeShown,
    refuses=(404, 409),
)
async def begin_account_challenge(
    request: Asked, account_id: FromPath[str], data: JSONBody[AccountChallengeRequest]
) -> dict[str, Any]:
    """Ask the customer before something about their account changes: enrol, lift, limit."""
    asking = _about_account(request, account_id, data.purpose, data.ref, _visitor(data))
    return await _house(request).challenges.begin(asking, data.method, sealed=data.sealed)


@post(
    "/v1/accounts/{account_id:str}/challenge/answer",
    scope="confirm",
    status_code=200,
    gives=ChallengeShown,
    refuses=(404, 409),
)
async def answer_account_challenge(
    request: Asked, account_id: FromPath[str], data: JSONBody[AnswerRequest]
) -> dict[str, Any]:
    """Answer by one method; `confirmation` in the answer is what the change then asks for."""
    asking = _about_account(request, account_id, data.purpose, data.ref, _visitor(data))
    return await _house(request).challenges.answer(asking, _answer(data))


@get(
    "/v1/accounts/{account_id:str}/authenticators",
    scope="confirm",
    gives=AuthenticatorList,
)
async def read_authenticators(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """What the holder of an account can prove with."""
    account = identifier(account_id, "account_id")
    return {"authenticators": await _house(request).authenticators.all(account)}


@post(
    "/v1/accounts/{account_id:str}/authenticators",
    scope="confirm",
    status_code=200,
    gives=AuthenticatorShown,
    refuses=(409,),
)
async def begin_authenticator(
    request: Asked, account_id: FromPath[str], data: JSONBody[EnrolmentRequest]
) -> dict[str, Any]:
    """Begin to enrol; the answer holds what the holder needs to finish within ten minutes."""
    wanted = Enrolment(
        method=data.method,
        name=data.name,
        device=data.holder_device or data.device,
        address=data.address,
        language=data.language,
        biometric=data.biometric,
        sealing_key=data.sealing_key,
    )
    return await _house(request).authenticators.begin(_keeping(request, account_id, data), wanted)


@post(
    "/v1/accounts/{account_id:str}/authenticators/{authenticator_id:str}/finish",
    scope="confirm",
    status_code=200,
    gives=AuthenticatorShown,
    refuses=(404, 409),
)
async def finish_authenticator(
    request: Asked,
    account_id: FromPath[str],
    authenticator_id: FromPath[str],
    data: JSONBody[FinishRequest],
) -> dict[str, Any]:
    """Finish to enrol: it worked once, so it counts from now on."""
    name = identifier(authenticator_id, "authenticator_id")
    keeping = _keeping(request, account_id, data)
    return await _house(request).authenticators.finish(keeping, name, _answer(data))


@post(
    "/v1/accounts/{account_id:str}/authenticators/{authenticator_id:str}/name",
    scope="confirm",
    status_code=200,
    gives=AuthenticatorShown,
    refuses=(404,),
)
async def rename_authenticator(
    request: Asked, account_id: FromPath[str], authenticator_id: FromPath[str], data: JSONBody[NameRequest]
) -> dict[str, Any]:
    """Call an authenticator something else."""
    name = identifier(authenticator_id, "authenticator_id")
    visit, account = visit_of(request.scope), identifier(account_id, "account_id")
    keeping = Keeping(account=account, visitor=Visitor(), actor=visit.actor, trace=visit.trace_id)
    return await _house(request).authenticators.rename(keeping, name, data.name)


@post(
    "/v1/accounts/{account_id:str}/authenticators/{authenticator_id:str}/remove",
    scope="confirm",
    status_code=200,
    gives=AuthenticatorShown,
    refuses=(404,),
)
async def remove_authenticator(
    request: Asked,
    account_id: FromPath[str],
    authenticator_id: FromPath[str],
    data: JSONBody[RemovalRequest],
) -> dict[str, Any]:
    """Remove an authenticator: it proves nothing from now on, and its secret is gone."""
    name = identifier(authenticator_id, "authenticator_id")
    return await _house(request).authenticators.remove(_keeping(request, account_id, data), name)


def _keeping(request: Asked, account_id: str, data: Any) -> Keeping:
    visit = visit_of(request.scope)
    shown: ProofShown | None = getattr(data, "proof", None)
    proof = None
    if shown is not None:
        proof = Answer(method=Method(shown.method), code=shown.code, password=shown.password)
    return Keeping(
        account=identifier(account_id, "account_id"),
        visitor=_visitor(data),
        actor=visit.actor,
        suspect=data.device_suspect,
        proof=proof,
        confirmation=getattr(data, "confirmation", None),
        trace=visit.trace_id,
    )


CHALLENGE_HANDLERS = (
    begin_challenge, answer_challenge, read_challenge, deny_challenge, record_call, begin_account_challenge,
    answer_account_challenge, read_authenticators, begin_authenticator, finish_authenticator,
    rename_authenticator, remove_authenticator,
)  # fmt: skip
