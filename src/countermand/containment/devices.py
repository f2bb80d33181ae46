"""Devices that an incident took off, when an appeal is upheld: what comes back by itself, what people do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum

import msgspec

from countermand.kernel.text import Text


class DeviceReturn(StrEnum):
    """restored: our profile names it again. not_kept: it never did. stopped: another incident stops it."""

    RESTORED = "restored"
    NOT_KEPT = "not_kept"
    STOPPED = "stopped"


class DeviceBack(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One device after an upheld appeal: whether our profile has it again, and what its holder must do."""

    account: str
    device: str
    profile: DeviceReturn
    rebind: bool
    text: Text


_KEPT = {
    DeviceReturn.RESTORED: Text(
        en="We know this device again as one of yours.",
        zh="该设备已恢复为您的常用设备。",
    ),
    DeviceReturn.NOT_KEPT: Text(
        en="We kept no binding of this device, so there is none that we could restore.",
        zh="我们没有保存该设备的绑定关系，因此无法代为恢复。",
    ),
}
_REBIND = Text(
    en="It was taken off where you sign in: sign in on it again, and bind it with a proof that it is you.",
    zh="登录系统中的绑定已被解除：请在该设备上重新登录，并通过本人验证重新绑定。",
)
_NOTHING = Text(
    en="You need do nothing more than sign in again where you were signed out.",
    zh="除在已退出处重新登录外，您无须再做什么。",
)
_STOPPED = Text(
    en="Another incident still stops this device; it stays off until that one is lifted.",
    zh="另一事件仍停用该设备；该事件解除前，设备保持停用。",
)


def devices_back(
    account: str,
    taken: Sequence[str],
    restored: Collection[str],
    told: bool,
    stopped: Collection[str],
) -> list[DeviceBack]:
    """What became of each device that an incident took off an account.

    `restored` are those our profile has again; `told`: whoever keeps sign-ins was told to unbind them, and a
    binding there comes back only by its holder; `stopped` are those that orders of other incidents stop.
    """
    found = []
    for device in taken:
        if device in stopped:
            found.append(_back(account, device, DeviceReturn.STOPPED, False, [_STOPPED]))
            continue
        kept = DeviceReturn.RESTORED if device in restored else DeviceReturn.NOT_KEPT
        found.append(_back(account, device, kept, told, [_KEPT[kept], _REBIND if told else _NOTHING]))
    return found


def _back(account: str, device: str, profile: DeviceReturn, rebind: bool, said: Sequence[Text]) -> DeviceBack:
    text = Text(en=" ".join(one.en for one in said), zh="".join(one.zh for one in said))
    return DeviceBack(account=account, device=device, profile=profile, rebind=rebind, text=text)
