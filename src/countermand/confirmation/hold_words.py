"""What a person reads about a held operation: where it stands, what it waits for, until when, how to undo."""

from __future__ import annotations

from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.text import Text
from countermand.vocabulary.holds import Hold, HoldState, Need

_STATUS = {
    HoldState.OPEN: Text(
        en="Waiting. Nothing has left the account, and you can still take it back.",
        zh="等待中。资金尚未转出，您仍可撤销。",
    ),
    HoldState.RELEASED: Text(
        en="The wait is over and the operation may take effect now.",
        zh="等待已结束，该操作现在可以生效。",
    ),
    HoldState.EXECUTED: Text(en="Done.", zh="已完成。"),
    HoldState.FAILED: Text(
        en="The bank did not carry it out; nothing has left the account for it.",
        zh="银行未执行该操作，资金没有因此转出。",
    ),
    HoldState.REVOKED: Text(
        en="Taken back. Nothing has left the account.",
        zh="已撤销，资金没有转出。",
    ),
    HoldState.LAPSED: Text(
        en="Not confirmed in time, so it does not happen. Nothing has left the account.",
        zh="未在期限内确认，操作不再进行，资金没有转出。",
    ),
}
_WAITS = {
    Need.CHALLENGE: Text(en="your confirmation that it is you", zh="确认是您本人操作"),
    Need.APPROVAL: Text(en="the approval of a second person", zh="另一位人员的批准"),
    Need.CONSENT: Text(en="your consent to what exactly happens", zh="您对操作内容的明确同意"),
}
_UNDO_OPEN = Text(
    en="Say that you do not want it, in the app, by phone or at a branch. No reason is needed.",
    zh="在应用内、通过电话或到网点说明“不要了”即可撤销，无须说明理由。",
)
_UNDO_RELEASED = Text(
    en="Say now that you do not want it: the bank is asked to stop it if it still can.",
    zh="请立即说明“不要了”：如仍来得及，将要求银行停止执行。",
)
_UNDO_DONE = Text(
    en='If that was not you, report "not me": the account is stopped and the money is recalled.',
    zh="如非本人操作，请报告“不是我”：将停止账户转出并追回资金。",
)


def status_text(hold: Hold) -> Text:
    """Where it stands."""
    return _STATUS[hold.state]


def waiting_for(hold: Hold, *, consent: bool) -> tuple[Need, ...]:
    """What is still missing; `consent`: whether a consent is missing that is not among its needs."""
    if hold.state is not HoldState.OPEN:
        return ()
    more = (Need.CONSENT,) if consent and Need.CONSENT not in hold.unmet else ()
    return (*hold.unmet, *more)


def waiting_text(needs: tuple[Need, ...]) -> Text | None:
    """The same for people; None where only time has to pass."""
    if not needs:
        return None
    said = [_WAITS[need] for need in needs]
    return Text(
        en="Waits for " + " and ".join(text.en for text in said) + ".",
        zh="等待" + "以及".join(text.zh for text in said) + "。",
    )


def undo_text(hold: Hold, *, banking: bool) -> Text | None:
    """How to undo it, as long as there is something to undo."""
    if hold.state is HoldState.OPEN:
        return _UNDO_OPEN
    if hold.state is HoldState.RELEASED:
        return _UNDO_RELEASED if banking else _UNDO_DONE
    return _UNDO_DONE if hold.state is HoldState.EXECUTED else None


def seconds_left(hold: Hold, needs: tuple[Need, ...], now: int) -> int | None:
    """The countdown: whole seconds, rounded up, until it is released (or lapses, if something is missing).

    None where nothing counts down any more.
    """
    if hold.state is not HoldState.OPEN:
        return None
    end = hold.expires_at if needs else hold.until
    return max(0, -(-(end - now) // MICROS_PER_SECOND))
