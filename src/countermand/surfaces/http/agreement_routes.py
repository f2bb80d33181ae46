"""The routes of approvals, and of consent to the use of data."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from countermand.flows.approval_inbox import approval_inbox
from countermand.flows.approve_operation import (
    ApprovalHouse,
    approvals_of,
    approve_operation,
    approvers,
    delegate,
    name_approver,
)
from countermand.flows.consent_to_data import (
    data_consents,
    give_data_consent,
    show_purpose,
    withdraw_data_consent,
)
from countermand.flows.give_consent import (
    Agreed,
    ConsentingHouse,
    consent_of,
    give_consent,
    show_statement,
)
from countermand.surfaces.http.agreement_messages import (
    ApprovalInbox,
    ApprovalRequest,
    ApprovalStanding,
    ApproverPage,
    ApproverRequest,
    ApproverShown,
    ConsentQuestion,
    ConsentRequest,
    ConsentShown,
    DataConsentPage,
    DataConsentRequest,
    DataConsentShown,
    DataConsentWithdrawn,
    DelegationRequest,
    DelegationShown,
    PurposeValues,
    StatementShown,
)
from countermand.surfaces.http.visits import identifier, visit_of
from countermand.vocabulary.approvals import Verdict

Asked = Request[Any, Any, Any]


def _house(request: Asked) -> ApprovalHouse:
    house: ApprovalHouse = request.app.state["house"]
    return house


def _consenting(request: Asked) -> ConsentingHouse:
    house: ConsentingHouse = request.app.state["house"]
    return house


@get("/v1/operations/{operation_id:str}/approvals", scope="read", gives=ApprovalStanding)
async def read_approvals(request: Asked, operation_id: FromPath[str]) -> dict[str, Any]:
    """Who has approved an operation, and who is still to be asked."""
    return await approvals_of(_house(request), identifier(operation_id, "operation_id"))


@post(
    "/v1/operations/{operation_id:str}/approvals",
    scope="approve",
    status_code=200,
    gives=ApprovalStanding,
    refuses=(403, 409),
)
async def put_approval(
    request: Asked, operation_id: FromPath[str], data: JSONBody[ApprovalRequest]
) -> dict[str, Any]:
    """Approve or refuse an operation; whoever asked for it cannot, and nobody counts twice."""
    visit = visit_of(request.scope)
    operation = identifier(operation_id, "operation_id")
    verdict = Verdict(data.verdict)
    return await approve_operation(
        _house(request), operation, verdict, data.reason, visit.actor, visit.trace_id
    )


@get("/v1/approvals", scope="approve", gives=ApprovalInbox)
async def read_inbox(
    request: Asked, role: FromQuery[str | None] = None, after: FromQuery[str] = ""
) -> dict[str, Any]:
    """What waits for the word of whoever asks, the oldest first: in one of their roles, or in all."""
    return await approval_inbox(_house(request), visit_of(request.scope).actor, role, after)


@get("/v1/approvers", scope="read", gives=ApproverPage)
async def read_approvers(request: Asked) -> dict[str, Any]:
    """Everybody who may approve, by the names of their keys."""
    return {"approvers": await approvers(_house(request))}


@put("/v1/approvers/{name:str}", scope="admin", gives=ApproverShown, refuses=(403,))
async def put_approver(
    request: Asked, name: FromPath[str], data: JSONBody[ApproverRequest]
) -> dict[str, Any]:
    """Give a person roles, in place of those before; nobody names themselves."""
    visit = visit_of(request.scope)
    approver = identifier(name, "name")
    return await name_approver(_house(request), approver, data.roles, visit.actor, visit.trace_id)


@post("/v1/delegations", scope="approve", status_code=200, gives=DelegationShown)
async def put_delegation(request: Asked, data: JSONBody[DelegationRequest]) -> dict[str, Any]:
    """Let another person act in one's own roles for a time."""
    visit = visit_of(request.scope)
    return await delegate(_house(request), visit.actor, data.to, data.seconds, visit.trace_id)


@post(
    "/v1/purposes/{purpose:str}/statement", fresh=True, scope="confirm", status_code=200, gives=StatementShown
)
async def read_statement(
    request: Asked, purpose: FromPath[str], data: JSONBody[PurposeValues]
) -> dict[str, Any]:
    """What is to be displayed, word for word, before somebody agrees to a use of their data."""
    house = _house(request)
    return msgspec.structs.asdict(
        show_purpose(house, identifier(purpose, "purpose"), data.language, data.values)
    )


@put(
    "/v1/accounts/{account_id:str}/consents/{purpose:str}",
    scope="confirm",
    gives=DataConsentShown,
    refuses=(409,),
)
async def put_data_consent(
    request: Asked, account_id: FromPath[str], purpose: FromPath[str], data: JSONBody[DataConsentRequest]
) -> dict[str, Any]:
    """Record that the customer agreed to exactly what was displayed."""
    visit = visit_of(request.scope)
    return await give_data_consent(
        _house(request),
        identifier(account_id, "account_id"),
        identifier(purpose, "purpose"),
        data.language,
        data.digest,
        data.values,
        visit.actor,
        visit.trace_id,
    )


@get("/v1/accounts/{account_id:str}/consents", scope="read", gives=DataConsentPage)
async def read_data_consents(request: Asked, account_id: FromPath[str]) -> dict[str, Any]:
    """Everything the customer agreed to, and what of it is in force."""
    return {"consents": await data_consents(_house(request), identifier(account_id, "account_id"))}


@delete(
    "/v1/accounts/{account_id:str}/consents/{purpose:str}",
    scope="confirm",
    status_code=200,
    gives=DataConsentWithdrawn,
)
async def delete_data_consent(
    request: Asked, account_id: FromPath[str], purpose: FromPath[str], recipient: FromQuery[str | None] = None
) -> dict[str, Any]:
    """Withdraw a consent; from the answer on nothing more is done on its strength."""
    visit = visit_of(request.scope)
    return await withdraw_data_consent(
        _house(request),
        identifier(account_id, "account_id"),
        identifier(purpose, "purpose"),
        recipient,
        visit.actor,
        visit.trace_id,
    )


@post(
    "/v1/operations/{operation_id:str}/consent/statement",
    fresh=True,
    scope="confirm",
    status_code=200,
    gives=StatementShown,
    refuses=(409,),
)
async def read_operation_statement(
    request: Asked, operation_id: FromPath[str], data: JSONBody[ConsentQuestion]
) -> dict[str, Any]:
    """What is to be displayed, word for word, before the customer agrees to an operation."""
    house, operation = _consenting(request), identifier(operation_id, "operation_id")
    return msgspec.structs.asdict(await show_statement(house, operation, data.language, data.credit))


@post(
    "/v1/operations/{operation_id:str}/consent",
    scope="confirm",
    status_code=200,
    gives=ConsentShown,
    refuses=(409,),
)
async def put_consent(
    request: Asked, operation_id: FromPath[str], data: JSONBody[ConsentRequest]
) -> dict[str, Any]:
    """Keep the customer's consent to exactly what was displayed; without it no money moves."""
    visit, operation = visit_of(request.scope), identifier(operation_id, "operation_id")
    agreed = Agreed(
        digest=data.digest,
        language=data.language,
        answers=tuple(data.answers),
        credit=data.credit,
        session=data.session,
        device=data.device,
    )
    return await give_consent(_consenting(request), operation, agreed, visit.actor, visit.trace_id)


@get("/v1/operations/{operation_id:str}/consent", scope="read", gives=ConsentShown)
async def read_consent(request: Asked, operation_id: FromPath[str]) -> dict[str, Any]:
    """The receipt of the consent to an operation."""
    return await consent_of(_consenting(request), identifier(operation_id, "operation_id"))


AGREEMENT_HANDLERS = (
    read_operation_statement,
    put_consent,
    read_consent,
    read_approvals,
    read_inbox,
    put_approval,
    read_approvers,
    put_approver,
    put_delegation,
    read_statement,
    put_data_consent,
    read_data_consents,
    delete_data_consent,
)
