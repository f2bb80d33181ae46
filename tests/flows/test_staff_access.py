"""Goal: staff come in with two factors, strangers never, and nobody is locked out by strangers.

Method: the stories on a real database with a manual clock; passwords hashed lightly.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from countermand.flows.invite_staff import (
    begin_joining,
    finish_joining,
    invite,
    list_invitations,
    see_invitation,
    withdraw_invitation,
)
from countermand.flows.proving import Answer
from countermand.flows.sign_in_staff import ask_passkey, ask_proof, begin_sign_in, finish_sign_in, prove
from countermand.flows.staff_access import Browser, token_digest
from countermand.flows.staff_changes import change_roles, list_accounts, remove_account, sign_out_everywhere
from countermand.flows.staff_sessions import (
    KEPT_BYTES_MAX,
    Form,
    drop_form,
    end_all,
    end_session,
    enter,
    fits_csrf,
    keep_form,
    kept_form,
    list_sessions,
)
from countermand.kernel.errors import CountermandError
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.staff import Role
from countermand.vocabulary.staff_access import is_recent
from flows.soft_key import SoftKey
from flows.staff_stage import ELSEWHERE, HERE, PASSWORD, StaffStage, staff_stage

STEP = 31  # a code counts once


@pytest_asyncio.fixture
async def stage(database_dsn: str, tmp_path: Path) -> AsyncIterator[StaffStage]:
    """A desk with nobody yet."""
    async with staff_stage(database_dsn, tmp_path) as opened:
        yield opened


async def refusal(story: Any) -> str:
    """The code with which a story refuses."""
    with pytest.raises(CountermandError) as refused:
        await story
    return refused.value.code


def token_of(link: str) -> str:
    """What stands at the end of an invitation."""
    return link.rsplit("/", 1)[1]


async def test_an_invitation_makes_one_person_once(stage: StaffStage, tables: Any) -> None:
    """With a good password and a factor that worked; the link is nowhere kept, and opens nothing again."""
    invitation, link = await invite(stage.access, "li", [Role.AGENT], "cli")
    token = token_of(link)
    assert (await see_invitation(stage.access, token)).roles == {Role.AGENT}
    weak = begin_joining(stage.access, token, "password1234", Method.TOTP, HERE)
    assert await refusal(weak) == "password_refused"
    assert (
        await refusal(begin_joining(stage.access, token, PASSWORD, Method.SMS, HERE)) == "method_not_enrolled"
    )
    joining = await begin_joining(stage.access, token, PASSWORD, Method.TOTP, HERE)
    assert await list_accounts(stage.access) == [], "no account before the second factor worked"
    wrong = Answer(method=Method.TOTP, code="000000")
    assert await refusal(finish_joining(stage.access, joining.token, wrong, HERE)) == "wrong_code"
    li = await stage.join("li")
    assert (await enter(stage.access, li.cookie)).staff.roles == {Role.AGENT}
    assert await refusal(see_invitation(stage.access, token)) == "unknown_invitation", (
        "withdrawn by the newer"
    )
    assert await refusal(see_invitation(stage.access, "forged")) == "unknown_invitation"
    found = [(one["id"] == invitation.id, one["state"]) for one in await list_invitations(stage.access)]
    assert sorted(found) == [(False, "accepted"), (True, "withdrawn")]
    dumped = str([list(row.values()) for row in await tables.fetch("SELECT * FROM staff_invitation")])
    assert token not in dumped


async def test_an_invitation_is_refused_late_used_withdrawn_and_twice_at_once(stage: StaffStage) -> None:
    """Each with its own words; of two who accept at once one is let in."""
    _, link = await invite(stage.access, "wang", [Role.QUALITY], "cli")
    first = await begin_joining(stage.access, token_of(link), PASSWORD, Method.WEBAUTHN, HERE)
    second = await begin_joining(stage.access, token_of(link), PASSWORD, Method.WEBAUTHN, ELSEWHERE)
    assert first.webauthn is not None
    assert second.webauthn is not None
    keys = SoftKey(), SoftKey()
    answers = [
        Answer(method=Method.WEBAUTHN, credential=key.create(one.webauthn or {}))
        for key, one in zip(keys, (first, second), strict=True)
    ]
    both = await asyncio.gather(
        finish_joining(stage.access, first.token, answers[0], HERE),
        finish_joining(stage.access, second.token, answers[1], ELSEWHERE),
        return_exceptions=True,
    )
    refused = [one.code for one in both if isinstance(one, CountermandError)]
    assert refused == ["invitation_used"]
    assert await refusal(see_invitation(stage.access, token_of(link))) == "invitation_used"
    invitation, link = await invite(stage.access, "chen", [Role.AGENT], "cli")
    await withdraw_invitation(stage.access, invitation.id, "cli")
    assert await refusal(see_invitation(stage.access, token_of(link))) == "unknown_invitation"
    _, link = await invite(stage.access, "zhao", [Role.AGENT], "cli")
    stage.later(72 * 3600)
    assert await refusal(see_invitation(stage.access, token_of(link))) == "invitation_expired"


@pytest.mark.parametrize(
    ("name", "roles", "code"),
    [
        ("li ming", [Role.AGENT], "invalid_staff_name"),
        ("", [Role.AGENT], "invalid_staff_name"),
        ("li", [], "roles_refused"),
        ("li", [Role.CONSUMER], "roles_refused"),
        ("li", [Role.ADMIN, Role.AGENT], "roles_refused"),
        ("cli", [Role.AGENT], "own_roles"),
    ],
)
async def test_who_cannot_be_invited(stage: StaffStage, name: str, roles: list[Role], code: str) -> None:
    """No odd name, no customer, nobody as two things that stand alone, nobody by themselves."""
    assert await refusal(invite(stage.access, name, roles, "cli")) == code


async def test_signing_in_takes_both_factors_and_each_code_once(stage: StaffStage) -> None:
    """One refusal for every wrong part; a code counts once, a step ends after use and after ten minutes."""
    li = await stage.join("li")
    stage.later(STEP)
    for name, password in (("li", "wrong-Password-1"), ("nobody", PASSWORD), ("", ""), ("li\0", PASSWORD)):
        assert await refusal(begin_sign_in(stage.access, name, password, HERE)) == "sign_in_refused"
    step = await begin_sign_in(stage.access, "li", PASSWORD, HERE)
    assert step.methods == (Method.TOTP,)
    again = Answer(method=Method.PASSWORD, password=PASSWORD)
    assert await refusal(finish_sign_in(stage.access, step.token, again, HERE)) == "wrong_code"
    code = li.code()
    done = await finish_sign_in(stage.access, step.token, code, HERE)
    assert (await enter(stage.access, done.cookie)).staff.name == "li"
    assert await refusal(finish_sign_in(stage.access, step.token, code, HERE)) == "attempt_over"
    other = await begin_sign_in(stage.access, "li", PASSWORD, HERE)
    assert await refusal(finish_sign_in(stage.access, other.token, code, HERE)) == "wrong_code", "replayed"
    stage.later(601)
    assert await refusal(finish_sign_in(stage.access, other.token, li.code(), HERE)) == "attempt_over"


async def test_a_passkey_is_a_second_factor(stage: StaffStage) -> None:
    """Only for the challenge it was asked with, once, and only the one that was enrolled."""
    wang = await stage.join("wang", Role.APPROVER, method=Method.WEBAUTHN)
    step = await begin_sign_in(stage.access, "wang", PASSWORD, HERE)
    assert step.methods == (Method.WEBAUTHN,)
    options = await ask_passkey(stage.access, step.token)
    stranger = Answer(method=Method.WEBAUTHN, credential=SoftKey().get(options))
    assert await refusal(finish_sign_in(stage.access, step.token, stranger, HERE)) == "wrong_code"
    answer = Answer(method=Method.WEBAUTHN, credential=wang.key.get(options))
    done = await finish_sign_in(stage.access, step.token, answer, HERE)
    assert (await enter(stage.access, done.cookie)).staff.roles == {Role.APPROVER}
    step = await begin_sign_in(stage.access, "wang", PASSWORD, HERE)
    await ask_passkey(stage.access, step.token)
    assert await refusal(finish_sign_in(stage.access, step.token, answer, HERE)) == "wrong_code"


async def test_strangers_lock_only_strangers_out(stage: StaffStage, tables: Any) -> None:
    """After a few wrong passwords no stranger gets in, right or wrong; the owner's browser does, at once."""
    li = await stage.join("li")
    stage.later(STEP)
    for _ in range(4):
        assert await refusal(begin_sign_in(stage.access, "li", "wrong", ELSEWHERE)) == "sign_in_refused"
    right = begin_sign_in(stage.access, "li", PASSWORD, ELSEWHERE)
    assert await refusal(right) == "sign_in_refused", "from a strange browser even the right one waits"
    await li.sign_in(li.browser)
    told = await tables.fetchval("SELECT count(*) FROM journal WHERE kind = 'staff.locked'")
    assert told >= 1
    stage.later(24 * 3600)
    assert (await begin_sign_in(stage.access, "li", PASSWORD, ELSEWHERE)).methods == (Method.TOTP,)


async def test_guesses_that_come_together_get_no_more_tries(stage: StaffStage, tables: Any) -> None:
    """Fifteen at once are judged one after the other: after the free ones none is looked at."""
    await stage.join("li")
    looked_at = 0
    fits = stage.access.kit.passwords.fits

    async def counting(kept: str, password: str) -> bool:
        nonlocal looked_at
        looked_at += 1
        return await fits(kept, password)

    object.__setattr__(stage.access.kit, "passwords", _Counting(stage.access.kit.passwords, counting))
    codes = await asyncio.gather(
        *(refusal(begin_sign_in(stage.access, "li", f"guess-{n}", ELSEWHERE)) for n in range(15))
    )
    assert set(codes) == {"sign_in_refused"}
    assert looked_at == stage.access.lockout.stranger_free + 1


class _Counting:
    """Passwords that count how often they are looked at."""

    def __init__(self, inner: Any, fits: Any) -> None:
        self._inner, self.fits = inner, fits

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


async def test_a_flood_is_slowed_down(stage: StaffStage) -> None:
    """By the person, and by the network it comes from; a known browser has its own measure."""
    li = await stage.join("li")
    codes = [await refusal(begin_sign_in(stage.access, "li", "x", ELSEWHERE)) for _ in range(21)]
    assert codes[-1] == "too_many_tries"
    stage.later(STEP)
    await li.sign_in(li.browser)
    others = [await refusal(begin_sign_in(stage.access, f"n{n}", "x", HERE)) for n in range(61)]
    assert others[-1] == "too_many_tries"


async def test_a_hundred_sign_in_at_once(stage: StaffStage) -> None:
    """Each gets their own session; nobody is refused for the others, and one person may come often."""
    people = [await stage.join(f"agent-{n}") for n in range(10)]
    stage.later(STEP)
    steps = await asyncio.gather(
        *(
            begin_sign_in(stage.access, one.name, PASSWORD, one.browser._replace(address=f"10.0.0.{n}"))
            for n in range(10)
            for one in people
        )
    )
    assert len({step.token for step in steps}) == 100
    sessions = await asyncio.gather(
        *(
            finish_sign_in(stage.access, step.token, one.code(), one.browser)
            for step, one in zip(steps[:10], people, strict=True)
        )
    )
    entered = [await enter(stage.access, one.cookie) for one in sessions]
    assert [one.staff.name for one in entered] == [one.name for one in people]


async def test_a_session_ends_by_disuse_by_time_and_by_word(stage: StaffStage) -> None:
    """Thirty minutes unused, twelve hours at most; ended here, elsewhere or everywhere it opens nothing."""
    li = await stage.join("li")
    stage.later(1799)
    await enter(stage.access, li.cookie)
    stage.later(1799)
    await enter(stage.access, li.cookie)
    stage.later(1801)
    assert await refusal(enter(stage.access, li.cookie)) == "session_over"
    first = await li.sign_in()
    for _ in range(24):
        stage.later(1790)
        await enter(stage.access, first.cookie)
    stage.later(1790)
    assert await refusal(enter(stage.access, first.cookie)) == "session_over", "twelve hours"
    here = await li.sign_in()
    stage.later(STEP)
    there = await li.sign_in(ELSEWHERE)
    listed = await list_sessions(stage.access, here.session)
    assert [(one["here"], one["place"]) for one in listed] == [(False, ELSEWHERE.place), (True, HERE.place)]
    await end_session(stage.access, here.session, there.session.id)
    assert await refusal(enter(stage.access, there.cookie)) == "sign_in_needed"
    assert await refusal(end_session(stage.access, here.session, there.session.id)) == "unknown_session"
    assert await end_all(stage.access, here.session, here_too=True) == 1
    assert await refusal(enter(stage.access, here.cookie)) == "sign_in_needed"
    for odd in ("", "x", "é" * 500, "\0"):
        assert await refusal(enter(stage.access, odd)) == "sign_in_needed"


async def test_other_roles_and_an_end_bind_at_the_next_request(stage: StaffStage) -> None:
    """Of two nodes neither remembers anything: what one writes the other sees."""
    root, li = await stage.join("root", Role.ADMIN), await stage.join("li", Role.AGENT)
    await change_roles(stage.access, "li", [Role.KB_EDITOR], "root")
    opened = await enter(stage.access, li.cookie)
    assert opened.staff.roles == {Role.KB_EDITOR}
    assert not is_recent(opened.session, stage.clock.now()), "what was proved as something else is not proved"
    assert await refusal(change_roles(stage.access, "root", [Role.AGENT], "root")) == "own_roles"
    assert await refusal(change_roles(stage.access, "root", [Role.AGENT], "cli")) == "last_admin"
    assert await refusal(remove_account(stage.access, "root", "cli")) == "last_admin"
    assert await sign_out_everywhere(stage.access, "li", "root") == 1
    assert await refusal(enter(stage.access, li.cookie)) == "sign_in_needed"
    stage.later(STEP)
    await li.sign_in()
    _, pending = await invite(stage.access, "friend", [Role.AGENT], "li")
    await remove_account(stage.access, "li", "root")
    assert await refusal(enter(stage.access, li.cookie)) == "sign_in_needed"
    assert await refusal(begin_sign_in(stage.access, "li", PASSWORD, li.browser)) == "sign_in_refused"
    assert await refusal(see_invitation(stage.access, token_of(pending))) == "unknown_invitation"
    shown = {one["name"]: one for one in await list_accounts(stage.access)}
    assert (shown["li"]["methods"], shown["li"]["left_at"] is None, shown["root"]["sessions"]) == (
        [],
        False,
        1,
    )
    assert root.name == "root"


async def test_who_lost_their_factor_is_invited_again(stage: StaffStage) -> None:
    """Accepting ends what they had: password, factor, sessions, known browsers."""
    old = await stage.join("li", Role.AGENT)
    new = await stage.join("li", Role.QUALITY)
    assert await refusal(enter(stage.access, old.cookie)) == "sign_in_needed"
    assert (await enter(stage.access, new.cookie)).staff.roles == {Role.QUALITY}
    stage.later(STEP)
    step = await begin_sign_in(stage.access, "li", PASSWORD, HERE)
    assert await refusal(finish_sign_in(stage.access, step.token, old.code(), HERE)) == "wrong_code"
    await finish_sign_in(stage.access, step.token, new.code(), HERE)


async def test_the_second_factor_is_shown_again_for_acts(stage: StaffStage) -> None:
    """By code or passkey; five minutes later it counts no more, and a wrong one proves nothing."""
    li, wang = await stage.join("li"), await stage.join("wang", method=Method.WEBAUTHN)
    stage.later(STEP)
    opened = await enter(stage.access, li.cookie)
    assert is_recent(opened.session, stage.clock.now())
    stage.later(300)
    assert not is_recent((await enter(stage.access, li.cookie)).session, stage.clock.now())
    assert await ask_proof(stage.access, opened.session) == ((Method.TOTP,), None)
    wrong = Answer(method=Method.TOTP, code="123")
    assert await refusal(prove(stage.access, opened, wrong)) == "wrong_code"
    password = Answer(method=Method.PASSWORD, password=PASSWORD)
    assert await refusal(prove(stage.access, opened, password)) == "wrong_code"
    await prove(stage.access, opened, li.code())
    assert is_recent((await enter(stage.access, li.cookie)).session, stage.clock.now())
    theirs = await enter(stage.access, wang.cookie)
    _, options = await ask_proof(stage.access, theirs.session)
    assert options is not None
    shown = Answer(method=Method.WEBAUTHN, credential=wang.key.get(options))
    await prove(stage.access, theirs, shown)
    assert await refusal(prove(stage.access, theirs, shown)) == "attempt_over"
    assert is_recent((await enter(stage.access, wang.cookie)).session, stage.clock.now())


async def test_the_token_of_forms_is_of_one_session(stage: StaffStage) -> None:
    """Another session's, even of the same person, and none at all, do not fit."""
    li = await stage.join("li")
    mine = await enter(stage.access, li.cookie)
    stage.later(STEP)
    other = await enter(stage.access, (await li.sign_in()).cookie)
    assert fits_csrf(mine, mine.csrf)
    for wrong in (other.csrf, None, "", "é", mine.csrf[:-1]):
        assert not fits_csrf(mine, wrong)


async def test_a_form_sent_too_late_waits_for_its_sender(stage: StaffStage, tables: Any) -> None:
    """For an hour, sealed, for them alone; a session that was ended by somebody keeps nothing."""
    li, wang = await stage.join("li"), await stage.join("wang")
    stage.later(3600)
    form = Form("/console/cases/1/note", (("text", "客户电话13812345678"), ("tag", "a"), ("tag", "b")))
    assert await refusal(enter(stage.access, li.cookie)) == "session_over"
    kept = await keep_form(stage.access, li.cookie, form)
    assert kept is not None
    sealed = await tables.fetchval("SELECT sealed FROM kept_form WHERE id = $1", kept)
    assert b"13812345678" not in sealed
    mine, other = await li.sign_in(), await wang.sign_in()
    assert await kept_form(stage.access, mine.session, kept) == form
    assert await refusal(kept_form(stage.access, other.session, kept)) == "unknown_form"
    await drop_form(stage.access, mine.session, kept)
    assert await refusal(kept_form(stage.access, mine.session, kept)) == "unknown_form"
    huge = Form("/x", (("text", "x" * KEPT_BYTES_MAX),))
    assert await keep_form(stage.access, li.cookie, huge) is None
    await end_all(stage.access, mine.session, here_too=True)
    assert await keep_form(stage.access, mine.cookie, form) is None
    assert await keep_form(stage.access, "unknown", form) is None


async def test_no_secret_is_written_as_it_is(stage: StaffStage, tables: Any) -> None:
    """Neither cookie, browser, password nor app secret stands in any table or in the journal."""
    li = await stage.join("li")
    stage.later(STEP)
    await li.sign_in(Browser("198.51.100.7", "x", li.browser.known))
    rows = []
    for table in ("staff_session", "staff_browser", "staff_credential", "sign_in_attempt", "journal"):
        rows += [dict(row) for row in await tables.fetch(f"SELECT * FROM {table}")]
    written = repr(rows)
    assert li.signed_in is not None
    for secret in (li.cookie, li.signed_in.browser, PASSWORD, li.totp, "198.51.100.7"):
        assert secret not in written
    assert token_digest(li.cookie) in [row.get("digest") for row in rows]
