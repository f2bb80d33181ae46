"""The institution's keys: made, shown once, revoked, listed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from countermand.kernel.canonical import digest
from countermand.kernel.clock import Clock
from countermand.kernel.errors import BadRequest, Conflict, NotFound
from countermand.kernel.ids import Ids, new_secret
from countermand.vocabulary.access import SCOPES, KeyRecord, Scope, key_text
from countermand.vocabulary.facts import KEY_CREATED, KEY_REVOKED, Fact
from countermand.vocabulary.staff import ALONE, STAFF_ROLES, Role

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class KeyBook(Protocol):
    """Where keys are kept. A method returns after its commit; change and fact are one transaction."""

    def check(self, presented: str, scope: str) -> KeyRecord:
        """The key of a request, from memory. Raises Unauthenticated and Forbidden."""
        ...

    async def add(self, record: KeyRecord, key_digest: bytes, fact: Fact) -> bool:
        """Keep a new key by the SHA-256 of its text; False where the name is taken (nothing is kept)."""
        ...

    async def revoke(self, name: str, fact: Fact) -> KeyRecord | None:
        """Refuse the key from now on (`fact.at`); the record, or None where there is none.

        The key's id is put into the fact. A key that was revoked before stays as it was, without a new fact.
        """
        ...

    async def records(self) -> list[KeyRecord]:
        """Every key ever made, by name."""
        ...


class KeyHouse(Protocol):
    """What this story needs of the house."""

    @property
    def keys(self) -> KeyBook: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...


async def create_key(
    house: KeyHouse,
    name: str,
    scopes: Sequence[str],
    actor: str,
    *,
    staff: str | None = None,
    roles: Sequence[Role] = (),
) -> tuple[KeyRecord, str]:
    """A new key: its record, and its text, which nobody can ever read again.

    The desk takes personal keys only: `staff` is whose, `roles` what they act as.
    Raises BadRequest (`invalid_key_name`, `unknown_scope`, `staff_needed`, `roles_refused`) and Conflict
    (`key_name_taken`).
    """
    _check_name(name)
    granted = _checked_scopes(scopes)
    _check_staff(granted, staff, roles)
    at = house.clock.now()
    record = KeyRecord(
        id=house.ids.new("k", at),
        name=name,
        scopes=granted,
        created_at=at,
        staff=staff,
        roles=tuple(sorted(set(roles))),
    )
    text = key_text(record.id, new_secret())

    body = {"key": record.id, "scopes": list(granted), "actor": actor}
    if staff is not None:
        body |= {"staff": staff, "roles": list(record.roles)}
    fact = Fact(at=at, kind=KEY_CREATED, body=body)
    if not await house.keys.add(record, digest(text.encode()), fact):
        raise Conflict(
            "key_name_taken",
            f"There is, or was, a key named {name}; names are not used twice. Choose another one.",
            f"已有（或曾有）名为 {name} 的密钥；名称不可重复使用，请另选名称。",
            name=name,
        )
    return record, text


async def revoke_key(house: KeyHouse, name: str, actor: str) -> KeyRecord:
    """Refuse a key from now on; revoking it again changes nothing.

    Raises NotFound (`unknown_key_name`).
    """
    fact = Fact(at=house.clock.now(), kind=KEY_REVOKED, body={"actor": actor})
    record = await house.keys.revoke(name, fact)
    if record is None:
        raise NotFound(
            "unknown_key_name",
            f"There is no key named {name}; `countermand key list` shows all.",
            f"没有名为 {name} 的密钥；可用 `countermand key list` 查看全部。",
            name=name,
        )
    return record


async def list_keys(house: KeyHouse) -> list[KeyRecord]:
    """Every key ever made, also the revoked ones, by name."""
    return await house.keys.records()


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "invalid_key_name",
            "A key's name has 1 to 64 letters, digits, dots, hyphens or underscores.",
            "密钥名称应为1至64个字母、数字、点、连字符或下划线。",
            field="name",
        )


def _check_staff(scopes: Sequence[str], staff: str | None, roles: Sequence[Role]) -> None:
    if (Scope.DESK.value in scopes) != (staff is not None) or (staff is not None and not roles):
        raise BadRequest(
            "staff_needed",
            "A key for the desk is personal: give --staff NAME and a --role; no other key has them.",
            "客服台密钥须为个人专用：请用 --staff 指明人员并至少给出一个 --role；其他密钥不得带有。",
            field="staff",
        )
    if staff is not None:
        _check_name(staff)
    apart = set(roles) & ALONE
    if not set(roles) <= set(STAFF_ROLES) or (apart and len(set(roles)) > 1):
        raise BadRequest(
            "roles_refused",
            f"Roles of staff are {', '.join(STAFF_ROLES)}; {', '.join(sorted(ALONE))} stand alone.",
            f"员工角色为：{'、'.join(STAFF_ROLES)}；{'、'.join(sorted(ALONE))} 不得与其他角色兼任。",
            field="roles",
        )


def _checked_scopes(scopes: Sequence[str]) -> tuple[str, ...]:
    unknown = sorted(set(scopes) - SCOPES)
    if unknown or not scopes:
        allowed = ", ".join(sorted(SCOPES))
        raise BadRequest(
            "unknown_scope",
            f"A key needs at least one scope of: {allowed}."
            + (f" Unknown: {', '.join(unknown)}." if unknown else ""),
            f"密钥至少需要一个权限范围：{allowed}。" + (f"未知：{'、'.join(unknown)}。" if unknown else ""),
            field="scopes",
            unknown=unknown,
        )
    return tuple(sorted(set(scopes)))
