"""Who may do what: the keys of an institution's systems and their scopes."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from countermand.vocabulary.staff import Role, Staff


class Scope(StrEnum):
    """What a key may be used for; a key has one or several."""

    DECIDE = "decide"
    CONFIRM = "confirm"
    APPROVE = "approve"
    CONTAIN = "contain"
    DESK = "desk"
    READ = "read"
    MANAGE = "manage"
    POLICY = "policy"
    ADMIN = "admin"
    DETOKENISE = "detokenise"


SCOPES = frozenset(scope.value for scope in Scope)
KEY_PREFIX = "cm"


class KeyRecord(msgspec.Struct, frozen=True, gc=False):
    """A key as it is kept; its text is shown once, at creation, and never again.

    Instants are in microseconds since 1970 UTC. A personal key names the member of `staff` whose it is, and
    the `roles` they act in.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: int
    revoked_at: int | None = None
    last_used_at: int | None = None
    staff: str | None = None
    roles: tuple[Role, ...] = ()

    @property
    def holder(self) -> Staff | None:
        """Who acts with it at the desk; None for the key of a system."""
        return None if self.staff is None else Staff(name=self.staff, roles=frozenset(self.roles))


def key_text(key_id: str, secret: str) -> str:
    """What the institution sends: prefix, public id, secret.

    >>> key_text("k-7", "s")
    'cm_k-7_s'
    """
    return f"{KEY_PREFIX}_{key_id}_{secret}"


def key_id_of(presented: str) -> str | None:
    """The public id inside a key's text, or None where it is no key at all.

    >>> key_id_of("cm_k-7_s_t"), key_id_of("k-7")
    ('k-7', None)
    """
    parts = presented.split("_", 2)
    if len(parts) < 3 or parts[0] != KEY_PREFIX or not parts[1] or not parts[2]:  # its three parts
        return None
    return parts[1]
