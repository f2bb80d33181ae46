"""More time for a clock: only what its policy knows, each once, in order, approved and told."""

from __future__ import annotations

from collections.abc import Sequence

from countermand.cases.clock_policies import ClockPolicy
from countermand.kernel.errors import Conflict, NotFound
from countermand.vocabulary.clocks import Extended


def grant(
    policy: ClockPolicy,
    extension: str,
    granted: Sequence[Extended],
    at: int,
    by: str,
    reason: str,
    notice: str,
) -> Extended:
    """One more extension of a clock, `at` microseconds UTC; `by` approves, `notice` says how it was told.

    Raises NotFound `unknown_extension`, Conflict `extension_refused`.
    """
    found = next((one for one in policy.extensions if one.id == extension), None)
    if found is None:
        known = ", ".join(one.id for one in policy.extensions) or "-"
        raise NotFound(
            "unknown_extension",
            f"{policy.id} has no extension {extension!r}; it has: {known}.",
            f"{policy.id} 没有延长事由 {extension!r}；可用：{known}。",
        )
    had = {one.id for one in granted}
    total = policy.count + sum(one.units for one in granted) + found.adds
    if extension in had:
        raise _refused("it was granted before", "已经批准过")
    if found.after is not None and found.after not in had:
        raise _refused(f"{found.after} must come first", f"须先批准 {found.after}")
    if policy.max_total is not None and total > policy.max_total:
        raise _refused(f"no more than {policy.max_total} in all", f"合计不得超过 {policy.max_total}")
    return Extended(found.id, found.adds, at, by, reason, notice)


def _refused(en: str, zh: str) -> Conflict:
    return Conflict(
        "extension_refused", f"This clock cannot be extended so: {en}.", f"该期限不能这样延长：{zh}。"
    )
