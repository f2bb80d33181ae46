"""For whom a request acts: said to the database with every unit of work, which opens bodies to some only."""

from __future__ import annotations

from collections.abc import Collection
from contextvars import ContextVar

# What the product's own connections say while no member of staff asks.
SERVICE = "service"
MEMBER: ContextVar[str | None] = ContextVar("countermand_member", default=None)


def member_text(roles: Collection[str]) -> str:
    """What the database is told of somebody with these roles.

    >>> member_text({"approver", "agent"})
    'staff agent,approver'
    """
    return f"staff {','.join(sorted(roles))}"
