"""The others: who signs in here, who is invited, as what; for admins."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.params import FromPath

from countermand.flows.invite_staff import invite, list_invitations, withdraw_invitation
from countermand.flows.keep_staff import remove_staff
from countermand.flows.staff_changes import change_roles, list_accounts, sign_out_everywhere
from countermand.kernel.errors import CountermandError
from countermand.surfaces.http.visits import staff_of
from countermand.surfaces.web.answers import Asked, see_other
from countermand.surfaces.web.filled import typed
from countermand.surfaces.web.staff.forms import access_of, form_page
from countermand.vocabulary.staff import STAFF_ROLES, Role, Verb

PEOPLE = "/staff/people"


@get(PEOPLE, page="staff", verb=Verb.CONFIGURE)
async def read_people(request: Asked) -> Response[bytes]:
    """Everybody who signs in, and every invitation."""
    return await _people_page(request)


@post(f"{PEOPLE}/invite", page="staff", verb=Verb.CONFIGURE)
async def send_invitation(request: Asked) -> Response[bytes]:
    """The link, shown once, to be handed over; or the form again with what was typed."""
    (name,) = await typed(request, "name")
    roles = await _roles(request)
    try:
        _, link = await invite(access_of(request), name.strip(), roles, staff_of(request).name)
    except CountermandError as refused:
        return await _people_page(
            request, refused=refused, typed=name[:64], wanted=[one.value for one in roles]
        )
    return await _people_page(request, link=link, invited=name.strip())


@post(f"{PEOPLE}/invitations/{{invitation:str}}/withdraw", page="staff", verb=Verb.CONFIGURE)
async def send_withdrawal(request: Asked, invitation: FromPath[str]) -> Response[bytes]:
    """Its link opens nothing any more."""
    await withdraw_invitation(access_of(request), invitation, staff_of(request).name)
    return see_other(PEOPLE)


@post(f"{PEOPLE}/{{name:str}}/roles", page="staff", verb=Verb.CONFIGURE)
async def send_roles(request: Asked, name: FromPath[str]) -> Response[bytes]:
    """Somebody acts as something else from their next request on."""
    try:
        await change_roles(access_of(request), name, await _roles(request), staff_of(request).name)
    except CountermandError as refused:
        return await _people_page(request, refused=refused)
    return see_other(PEOPLE)


@post(f"{PEOPLE}/{{name:str}}/sign-out", page="staff", verb=Verb.CONFIGURE)
async def send_sign_out(request: Asked, name: FromPath[str]) -> Response[bytes]:
    """Every session of somebody ends."""
    await sign_out_everywhere(access_of(request), name, staff_of(request).name)
    return see_other(PEOPLE)


@post(f"{PEOPLE}/{{name:str}}/remove", page="staff", verb=Verb.CONFIGURE)
async def send_removal(request: Asked, name: FromPath[str]) -> Response[bytes]:
    """Somebody works here no more: sessions and personal keys end at once."""
    house = request.app.state["house"]
    try:
        await remove_staff(house, house.case_desk, name, staff_of(request))
    except CountermandError as refused:
        return await _people_page(request, refused=refused)
    return see_other(PEOPLE)


async def _roles(request: Asked) -> list[Role]:
    """The roles that were ticked; what is no role is not there."""
    given = (await request.form()).getall("roles", [])
    known = {role.value for role in STAFF_ROLES}
    return [Role(one) for one in given if isinstance(one, str) and one in known]


async def _people_page(
    request: Asked,
    *,
    refused: CountermandError | None = None,
    link: str | None = None,
    invited: str | None = None,
    typed: str = "",
    wanted: list[str] | None = None,
) -> Response[bytes]:
    access = access_of(request)
    return form_page(
        request,
        "staff/people.html",
        refused=refused,
        people=await list_accounts(access),
        invitations=[one for one in await list_invitations(access) if one["state"] == "open"],
        all_roles=[role.value for role in STAFF_ROLES],
        link=link,
        invited=invited,
        typed=typed,
        wanted=wanted or [],
        own=staff_of(request).name,
    )


PEOPLE_PAGES = (read_people, send_invitation, send_withdrawal, send_roles, send_sign_out, send_removal)
