"""How customers are told, put together from the settings: words, channels, and who looks for what to tell."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from countermand.adapters.notifiers.email import EmailNotifier
from countermand.adapters.notifiers.sms import SmsNotifier
from countermand.adapters.notifiers.webhook import WebhookNotifier
from countermand.adapters.senders.kannel import Kannel
from countermand.adapters.senders.relay import SmtpRelay
from countermand.app.files import read_confirmation_pack
from countermand.confirmation.pack import check_named, read_agreements
from countermand.extensions import Notifier
from countermand.flows.address_book import AddressBook, Sealer
from countermand.flows.deliver_effects import Port
from countermand.flows.follow_decisions import DecisionFollower
from countermand.flows.gateway_doors import GatewayDoors
from countermand.flows.keep_contacts import FORMER_TIMER, former_handler
from countermand.flows.note_receipts import receipt_handler
from countermand.flows.run_timers import TimerHandler
from countermand.flows.send_notices import ChannelPort, Post
from countermand.flows.tell_customers import NoticePort, port_of
from countermand.flows.use_of_data import NoticeConsents
from countermand.kernel.clock import Clock
from countermand.kernel.errors import SetupError
from countermand.kernel.readability import obscurities
from countermand.oversight.notice_pack import read_notice_pack
from countermand.settings import Settings
from countermand.vocabulary.notices import NOTICES, RECEIPT_TIMER, NoticeChannel
from countermand.work import Works

SECRET_BYTES_MIN = 32


@dataclass(frozen=True, slots=True)
class NoticeParts:
    """What a worker needs to tell customers."""

    post: Post
    ports: Mapping[str, Port]
    handlers: Mapping[str, TimerHandler]
    decisions: DecisionFollower


def post_of(settings: Settings, works: Works, clock: Clock, vault: Sealer) -> Post:
    """What every channel shares.

    Raises SetupError (`notice_pack_refused`, `confirmation_pack_refused`, `unknown_confirmation_pack`).
    """
    set_up = {
        NoticeChannel.EMAIL: settings.smtp_url,
        NoticeChannel.SMS: settings.sms_gateway_url,
        NoticeChannel.WEBHOOK: settings.notice_webhook_url,
    }
    files = read_confirmation_pack(settings.confirmation)
    pack, agreements = read_notice_pack(files, obscurities), read_agreements(files)
    check_named(pack.words, agreements)
    return Post(
        works=works,
        addresses=AddressBook(vault),
        pack=pack,
        consents=NoticeConsents(agreements=agreements, recipient=settings.notice_webhook_recipient),
        channels=frozenset(channel for channel, address in set_up.items() if address is not None),
        doors=GatewayDoors(vault, settings.public_url),
        clock=clock,
    )


async def open_notices(
    stack: AsyncExitStack, settings: Settings, works: Works, clock: Clock, vault: Sealer
) -> NoticeParts:
    """The parts of the settings. Raises SetupError as `post_of`, and `bad_setting`."""
    post = post_of(settings, works, clock, vault)
    ports: dict[str, Port] = {
        NOTICES: NoticePort(
            works=works,
            addresses=post.addresses,
            channels=post.channels,
            consents=post.consents,
            clock=clock,
        )
    }
    for channel, notifier in _notifiers(stack, settings, clock).items():
        ports[port_of(channel)] = ChannelPort(channel, notifier, post)
    handlers = {
        RECEIPT_TIMER: receipt_handler(post),
        FORMER_TIMER: former_handler(post.addresses, clock),
    }
    follower = DecisionFollower(works, post.pack, clock, banking=settings.banking is not None)
    return NoticeParts(post, ports, handlers, follower)


def _notifiers(stack: AsyncExitStack, settings: Settings, clock: Clock) -> dict[NoticeChannel, Notifier]:
    """Who takes notices where; a channel that is not set has nobody."""
    found: dict[NoticeChannel, Notifier] = {}
    if settings.smtp_url is not None:
        found[NoticeChannel.EMAIL] = EmailNotifier(SmtpRelay(settings.smtp_url, settings.smtp_sender or ""))
    if settings.sms_gateway_url is not None:
        gateway = Kannel(settings.sms_gateway_url)
        stack.push_async_callback(gateway.close)
        found[NoticeChannel.SMS] = SmsNotifier(gateway)
    if settings.notice_webhook_url is not None:
        webhook = WebhookNotifier(settings.notice_webhook_url, _webhook_secret(settings), clock)
        stack.push_async_callback(webhook.close)
        found[NoticeChannel.WEBHOOK] = webhook
    return found


def _webhook_secret(settings: Settings) -> bytes:
    """The secret shared with the receiver: the file's text, without the space around it."""
    file, address = settings.notice_webhook_secret_file, settings.notice_webhook_url or ""
    secret = b""
    if file is not None:
        try:
            secret = file.read_bytes().strip()
        except OSError:
            secret = b""
    if len(secret) < SECRET_BYTES_MIN or not address.startswith(("http://", "https://")):
        raise SetupError(
            "bad_setting",
            "COUNTERMAND_NOTICE_WEBHOOK_URL must be an http or https address, and "
            f"COUNTERMAND_NOTICE_WEBHOOK_SECRET_FILE a file with at least {SECRET_BYTES_MIN} secret bytes.",
            "COUNTERMAND_NOTICE_WEBHOOK_URL 应为 http 或 https 地址，"
            f"COUNTERMAND_NOTICE_WEBHOOK_SECRET_FILE 应为内含至少{SECRET_BYTES_MIN}字节密钥的文件。",
            variable="COUNTERMAND_NOTICE_WEBHOOK_SECRET_FILE",
        )
    return secret
