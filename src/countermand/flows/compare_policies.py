"""What a recorded policy adds, changes and removes compared with another one."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from countermand.flows.publish_policy import PublishingHouse, of_label, unknown_policy
from countermand.policy.comparison import compare
from countermand.policy.package import compile_recorded
from countermand.vocabulary.publishing import PolicyState


class Compared(NamedTuple):
    """Two recorded policies to be compared, each with its files."""

    before: str
    before_files: dict[str, str]
    after: str
    after_files: dict[str, str]


async def policies_to_compare(house: PublishingHouse, label: str, against: str | None) -> Compared:
    """`label` and another recorded policy (default: the live one).

    Raises NotFound (`unknown_policy_version`).
    """
    known = await house.publications.publications()
    after = of_label(known, label)
    if against is None:
        before = next((one for one in known if one.state is PolicyState.LIVE), None)
        if before is None:
            raise unknown_policy("live")
    else:
        before = of_label(known, against)
    return Compared(
        before.label,
        await house.policy_shelf.source(before.policy_id),
        after.label,
        await house.policy_shelf.source(after.policy_id),
    )


def policy_difference(both: Compared) -> dict[str, Any]:
    """What the later policy adds, changes and removes; takes up to seconds of computing."""
    then, now = compile_recorded(both.before_files), compile_recorded(both.after_files)
    changes = [msgspec.to_builtins(one) for one in compare(then, now)]
    return {"before": both.before, "after": both.after, "changes": changes}
