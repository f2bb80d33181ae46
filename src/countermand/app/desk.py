"""Where reports come in, put together from the settings: reader, vault, and the door without login."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from ipaddress import ip_network
from pathlib import Path

from countermand.app.clocks import LAW_PACKS, clock_house, clock_rules, hotlines_of
from countermand.app.effects import effect_ports
from countermand.app.files import read_confirmation_pack, read_knowledge
from countermand.app.official import open_official_channels
from countermand.app.readings import reading_desk_of
from countermand.app.triage import open_triage
from countermand.cases.case_clocks import FILE, read_case_clocks
from countermand.cases.phrases import Phrase, read_phrases
from countermand.cases.playbooks import MacroText, Playbook, read_macros, read_playbooks
from countermand.extensions import TextReader
from countermand.flows.address_book import AddressBook, Sealer
from countermand.flows.case_desk import CaseDesk
from countermand.flows.case_events import CaseClocks
from countermand.flows.channels import Channels
from countermand.flows.committed import CaseSalts
from countermand.flows.data_keys import DataKeys
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.front_desk import FrontDesk
from countermand.flows.keep_knowledge import Knowledge
from countermand.flows.public_door import Network, PublicDoor
from countermand.flows.publish_registry import record_registry
from countermand.flows.reception import Reader, Reception
from countermand.intake.knowledge import Library, read_library
from countermand.intake.public_notices import PublicNotice, read_public_notices
from countermand.intake.warnings import read_warnings
from countermand.kernel.clock import Clock
from countermand.kernel.errors import SetupError
from countermand.kernel.ids import Ids, new_code
from countermand.kernel.readability import obscurities
from countermand.oversight.notice_pack import read_notice_pack
from countermand.settings import Settings
from countermand.vocabulary.parties import is_zone
from countermand.work import Works

_PACKAGE = Path(__file__).parent.parent
PUBLIC_NOTICES = _PACKAGE / "public_notices"
WARNINGS = _PACKAGE / "intake_packs" / "warnings.yaml"


async def front_desk_of(
    settings: Settings,
    works: Works,
    clock: Clock,
    ids: Ids,
    vault: Sealer,
    reader: Reader,
    channels: Callable[[Reception], Channels],
    text_reader: TextReader | None,
    room: EvidenceRoom,
) -> FrontDesk:
    """Where people are heard, every version of the knowledge base recorded.

    Raises SetupError (`bad_setting`, and those of the knowledge base, phrases and playbooks), Unavailable.
    """
    knowledge = open_knowledge(settings)
    await knowledge.record(works, clock.now())
    async with works.open() as unit:
        await knowledge.follow(unit.proposals)
    reception = reception_of(settings, works, clock, ids, vault, room.keys, reader, knowledge)
    door = PublicDoor(reception, AddressBook(vault), networks_of(settings.trusted_proxies))
    reading = reading_desk_of(room.desk, text_reader)
    official, hotlines = open_official_channels(settings), hotlines_of(_law_packs(settings))
    await record_registry(works, official, clock.now())
    return FrontDesk(
        door, room.desk, channels(reception), reading, room, official, hotlines, open_public_notices(settings)
    )


def reception_of(
    settings: Settings,
    works: Works,
    clock: Clock,
    ids: Ids,
    vault: Sealer,
    keys: DataKeys,
    reader: Reader,
    knowledge: Knowledge,
) -> Reception:
    """Where reports come in. Raises SetupError (`bad_setting`)."""
    if not is_zone(settings.timezone):
        raise _bad(
            "COUNTERMAND_TIMEZONE", "the name of an IANA time zone", "IANA 时区名称", settings.timezone
        )
    return Reception(
        works=works,
        clock=clock,
        ids=ids,
        effect_ports=effect_ports(settings),
        vault=vault,
        keys=keys,
        reader=reader,
        knowledge=knowledge,
        clocks=_case_clocks(settings, works, clock, ids),
        salts=CaseSalts(keys, vault),
        draw_digits=new_code,
        warnings=read_warnings(WARNINGS.read_text(encoding="utf-8")),
        timezone=settings.timezone,
    )


def _case_clocks(settings: Settings, works: Works, clock: Clock, ids: Ids) -> CaseClocks:
    packs = _law_packs(settings)
    known = {pack.id for pack in clock_rules().packs}
    if unknown := sorted(set(packs) - known):
        raise _bad(
            "COUNTERMAND_LAW_PACKS", f"some of {', '.join(sorted(known))}", "已有规则包的名称", unknown[0]
        )
    lines = read_case_clocks((LAW_PACKS / FILE).read_text(encoding="utf-8"))
    return CaseClocks(clock_house(works, clock, ids), lines, frozenset(packs))


def _law_packs(settings: Settings) -> tuple[str, ...]:
    return tuple(part.strip() for part in settings.law_packs.split(",") if part.strip())


def reception_beside(settings: Settings, desk: CaseDesk) -> Reception:
    """Where reports come in for who has a desk open: a command, no server. Raises SetupError as the parts."""
    knowledge = open_knowledge(settings)
    return reception_of(
        settings, desk.works, desk.clock, desk.ids, desk.vault, desk.keys, open_triage(), knowledge
    )


def case_desk_of(
    settings: Settings, works: Works, clock: Clock, ids: Ids, vault: Sealer, keys: DataKeys
) -> CaseDesk:
    """Where staff work on cases. Raises SetupError (`phrases_refused`, `playbook_refused`)."""
    phrases, playbooks, macros = read_desk_books()
    return CaseDesk(
        works=works,
        clock=clock,
        ids=ids,
        effect_ports=effect_ports(settings),
        vault=vault,
        keys=keys,
        clocks=_case_clocks(settings, works, clock, ids),
        salts=CaseSalts(keys, vault),
        draw_digits=new_code,
        timezone=settings.timezone,
        phrases=phrases,
        playbooks=playbooks,
        macros=macros,
    )


@cache
def read_desk_books() -> tuple[dict[str, Phrase], dict[str, Playbook], dict[str, MacroText]]:
    """Phrases, playbooks and macros as they come with the product; they do not change while it runs.

    Raises SetupError (`phrases_refused`, `playbook_refused`).
    """
    phrases = read_phrases(_texts("phrases"))
    return phrases, read_playbooks(_texts("playbooks")), read_macros(_texts("macros"))


def _texts(folder: str) -> dict[str, str]:
    """The files of a folder that comes with the product, name -> text."""
    return {
        path.name: path.read_text(encoding="utf-8") for path in sorted((_PACKAGE / folder).glob("*.yaml"))
    }


@cache
def _shipped_library() -> Library:
    """What comes with the product does not change while it runs."""
    return read_library(read_knowledge())


def open_knowledge(settings: Settings) -> Knowledge:
    """The knowledge base of the settings, with the institution's names in it; nothing is recorded yet.

    Raises SetupError (`unknown_knowledge`, `knowledge_refused`, those of the notices).
    """
    names = read_notice_pack(read_confirmation_pack(settings.confirmation), obscurities)
    folder = settings.knowledge
    return Knowledge(
        _shipped_library() if folder is None else read_library(read_knowledge(folder)),
        {"institution": names.institution, "helpline": names.helpline},
        settings.timezone,
    )


def open_public_notices(settings: Settings) -> tuple[PublicNotice, ...]:
    """What everybody is told, of the settings or as shipped. Raises SetupError (`public_notices_refused`)."""
    folder = settings.public_notices or PUBLIC_NOTICES
    try:
        paths = sorted(folder.glob("*.yaml"))
        return read_public_notices({one.name: one.read_text(encoding="utf-8") for one in paths})
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            "public_notices_refused",
            f"The public notices in {folder} cannot be read: {error}.",
            f"无法读取 {folder} 中的公告：{error}。",
            where=str(folder),
        ) from error


def networks_of(text: str) -> tuple[Network, ...]:
    """The networks of a setting. Raises SetupError (`bad_setting`)."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise _bad(
            "COUNTERMAND_TRUSTED_PROXIES",
            "networks such as 10.0.0.0/8, with commas",
            "以逗号分隔的网段",
            text,
        ) from None


def _bad(variable: str, en: str, zh: str, value: str) -> SetupError:
    return SetupError(
        "bad_setting",
        f"{variable} must be {en}, not {value!r}.",
        f"{variable} 应为{zh}，而不是 {value!r}。",
        variable=variable,
    )
