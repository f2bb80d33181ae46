"""What a report stops before anybody asks a question: more for who is proven, and always to be undone."""

from __future__ import annotations

from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.reports import Standing
from countermand.vocabulary.triage import Category, Flag, Reading, Risk

_LOSS = frozenset(
    {
        Category.UNAUTHORISED_PAYMENT, Category.UNAUTHORISED_LOAN, Category.ACCOUNT_TAKEOVER,
        Category.DECEIVED_PAYMENT, Category.LOST_CARD_OR_DEVICE,
    }
)  # fmt: skip
_IN_CONTROL = frozenset({Category.ACCOUNT_TAKEOVER, Category.LOST_CARD_OR_DEVICE})


def preset_for(
    standing: Standing,
    reading: Reading,
    *,
    asked: Preset | None,
    account: bool,
    person: bool,
    proven_otherwise: bool = False,
) -> Preset | None:
    """What to stop at once, or nothing.

    `account` and `person`: whether the report names one. `proven_otherwise`: the holder has proven lately
    that such a claim was none of theirs; an unproven one then waits for a person.

    A proven holder gets what they ask for; who asks for nothing but tells a loss gets money going out
    stopped, and everything where somebody else may be in control. An unproven claim gets a hold of a day on
    the account, which a stranger's prank cannot make last. A person without an account: nobody borrows in
    their name.
    """
    loss = reading.risk <= Risk.P1 and (
        reading.category in _LOSS or Flag.UNAUTHORISED in reading.flags or reading.abstained
    )
    if asked is None and not loss:
        return None
    if not account:
        return Preset.IDENTITY if person else None
    if standing is Standing.PROVEN:
        chosen = Preset.EVERYTHING if reading.category in _IN_CONTROL else Preset.OUTGOING
        return chosen if asked in (None, Preset.IDENTITY) else asked
    return None if proven_otherwise else Preset.LIMITED
