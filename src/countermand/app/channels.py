"""Channels put together from the settings: official accounts of WeChat, and the chat."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Literal

import httpx
import msgspec

from countermand.adapters.channels.wechat_api import WechatApi
from countermand.adapters.credentials.chat_tokens import SignedChatTokens
from countermand.adapters.postgres.changes import Changes
from countermand.app.desk import open_knowledge, reception_of
from countermand.app.triage import open_triage
from countermand.flows.address_book import Sealer
from countermand.flows.channels import Channels
from countermand.flows.chat import CHAT_REPLIES_PORT, ChatDoor, ChatReplies
from countermand.flows.data_keys import DataKeys
from countermand.flows.deliver_effects import Port
from countermand.flows.hear_wechat import WechatDoor
from countermand.flows.reception import Reception
from countermand.flows.show_notices import Bell
from countermand.flows.wechat_answers import PORTS, WechatAnswers
from countermand.intake.wechat import WechatAccount, key_of
from countermand.kernel.clock import Clock
from countermand.kernel.errors import SetupError
from countermand.kernel.ids import Ids
from countermand.settings import Settings
from countermand.work import Works

OTHERS_READ = 0o007


class _Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One official account, as the platform's settings page shows it; `keys` newest first."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,64}$(?!\n)")]
    app_id: Annotated[str, msgspec.Meta(pattern=r"^\w{1,64}$(?!\n)")]
    token: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{3,32}$(?!\n)")]
    mode: Literal["plain", "compatible", "aes"] = "aes"
    keys: Annotated[tuple[str, ...], msgspec.Meta(max_length=2)] = ()
    access_token_file: str | None = None


class _Accounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accounts: tuple[_Account, ...]
    platform: str = "https://api.weixin.qq.com"


def open_channels(
    settings: Settings, reception: Reception, stack: AsyncExitStack, changes: Changes
) -> Channels:
    """The channels of a house. Raises SetupError (`wechat_accounts_unusable`, `chat_keys_unusable`)."""
    wechat = WechatDoor(reception, _known(_read(settings)))
    stack.push_async_callback(wechat.close)
    bell = Bell()

    async def written(_connection: object, noticed: bool) -> None:
        if noticed:
            bell.ring()

    changes.watch("chat_line", written)
    changes.watch("message", written)
    keys = settings.chat_keys_file
    tokens = None if keys is None else SignedChatTokens(settings.chat_audience, keys)
    return Channels(wechat, ChatDoor(reception, tokens, bell), settings.privacy_number)


async def channel_ports(
    stack: AsyncExitStack,
    settings: Settings,
    works: Works,
    clock: Clock,
    ids: Ids,
    vault: Sealer,
    keys: DataKeys,
) -> Mapping[str, Port]:
    """Who answers in chats and on WeChat, and fetches from there. Raises SetupError."""
    ports: dict[str, Port] = {CHAT_REPLIES_PORT: ChatReplies(works, clock)}
    if settings.wechat_accounts_file is None:
        return ports
    read = _read(settings)
    client = await stack.enter_async_context(httpx.AsyncClient())
    files = {
        one.name: Path(one.access_token_file) for one in read.accounts if one.access_token_file is not None
    }
    api = WechatApi(read.platform, files, client)
    reception = reception_of(
        settings, works, clock, ids, vault, keys, open_triage(settings), open_knowledge(settings)
    )
    door = WechatDoor(reception, _known(read))
    return ports | dict.fromkeys(PORTS, WechatAnswers(door, api, api))


def _read(settings: Settings) -> _Accounts:
    file = settings.wechat_accounts_file
    if file is None:
        return _Accounts(())
    try:
        if file.stat().st_mode & OTHERS_READ:
            raise _unusable(file, "others on this machine may read it", "本机其他用户可读取该文件")
        read = msgspec.yaml.decode(file.read_bytes(), type=_Accounts)
        _known(read)
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise _unusable(file, str(error), str(error)) from None
    return read


def _known(read: _Accounts) -> dict[str, WechatAccount]:
    """The accounts by name. Raises ValueError for a key that is none, and where one lacks."""
    for one in read.accounts:
        if (one.mode == "plain") == bool(one.keys):
            raise ValueError(f"{one.name}: mode {one.mode} and its keys do not fit")
    return {
        one.name: WechatAccount(
            one.name, one.app_id, one.token, tuple(map(key_of, one.keys)), one.mode == "compatible"
        )
        for one in read.accounts
    }


def _unusable(file: Path, en: str, zh: str) -> SetupError:
    return SetupError(
        "wechat_accounts_unusable",
        f"The official accounts in {file} cannot be used: {en}.",
        f"无法使用 {file} 中的公众号设置：{zh}。",
    )
