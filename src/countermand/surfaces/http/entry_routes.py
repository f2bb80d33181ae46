"""The route by which the institution lets its signed-in customer into their own pages."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, post
from litestar.params import FromPath, JSONBody

from countermand.flows.holder_access import HolderAccess, make_entry
from countermand.kernel.clock import rfc3339
from countermand.surfaces.http.messages import Instant
from countermand.surfaces.http.visits import identifier
from countermand.vocabulary.operations import Identifier


class EntryRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is signed in: the institution's session, its fingerprint of the device, and if others use that."""

    session: Identifier
    device: Identifier | None = None
    public: bool = False


class EntryShown(msgspec.Struct, frozen=True):
    """Where to send the customer's browser; the path works once, until then."""

    path: str
    expires_at: Instant


@post("/v1/accounts/{account_id:str}/entries", fresh=True, scope="confirm", status_code=201, gives=EntryShown)
async def make_way_in(
    request: Request[Any, Any, Any], account_id: FromPath[str], data: JSONBody[EntryRequest]
) -> dict[str, Any]:
    """A way in to a customer's own pages, for one who is signed in at the institution now."""
    access: HolderAccess = request.app.state["house"].holder_access
    account = identifier(account_id, "account_id")
    made = await make_entry(access, account, data.session, data.device, public=data.public)
    return {"path": f"/me/enter/{made.code}", "expires_at": rfc3339(made.ends_at)}


ENTRY_HANDLERS = (make_way_in,)
