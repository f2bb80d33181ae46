"""Where reports come in, put together from the settings: reader, vault, and the door without login."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

from countermand.app.clocks import LAW_PACKS, clock_house, clock_rules
from countermand.app.effects import effect_ports
from countermand.cases.case_clocks import FILE, read_case_clocks
from countermand.cases.phrases import read_phrases
from countermand.cases.playbooks import read_macros, read_playbooks
from countermand.flows.address_book import AddressBook, Sealer
from countermand.flows.case_desk import CaseDesk
from countermand.flows.case_events import CaseClocks
from countermand.flows.public_door import Network, PublicDoor
from countermand.flows.reception import Reader, Reception
from countermand.kernel.clock import Clock
from countermand.kernel.errors import SetupError
from countermand.kernel.ids import Ids, new_code
from countermand.settings import Settings
from countermand.vocabulary.parties import is_zone
from countermand.work import Works

_PACKAGE = Path(__file__).parent.parent


def reception_of(
    settings: Settings, works: Works, clock: Clock, ids: Ids, vault: Sealer, reader: Reader
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
        reader=reader,
        clocks=_case_clocks(settings, works, clock, ids),
        draw_digits=new_code,
        timezone=settings.timezone,
    )


def _case_clocks(settings: Settings, works: Works, clock: Clock, ids: Ids) -> CaseClocks:
    packs = [part.strip() for part in settings.law_packs.split(",") if part.strip()]
    known = {pack.id for pack in clock_rules().packs}
    if unknown := sorted(set(packs) - known):
        raise _bad(
            "COUNTERMAND_LAW_PACKS", f"some of {', '.join(sorted(known))}", "已有规则包的名称", unknown[0]
        )
    lines = read_case_clocks((LAW_PACKS / FILE).read_text(encoding="utf-8"))
    return CaseClocks(clock_house(works, clock, ids), lines, frozenset(packs))


def case_desk_of(settings: Settings, works: Works, clock: Clock, ids: Ids, vault: Sealer) -> CaseDesk:
    """Where staff work on cases. Raises SetupError (`phrases_refused`, `playbook_refused`)."""
    return CaseDesk(
        works=works,
        clock=clock,
        ids=ids,
        effect_ports=effect_ports(settings),
        vault=vault,
        clocks=_case_clocks(settings, works, clock, ids),
        draw_digits=new_code,
        timezone=settings.timezone,
        phrases=read_phrases(_texts("phrases")),
        playbooks=read_playbooks(_texts("playbooks")),
        macros=read_macros(_texts("macros")),
    )


def _texts(folder: str) -> dict[str, str]:
    """The files of a folder that comes with the product, name -> text."""
    return {
        path.name: path.read_text(encoding="utf-8") for path in sorted((_PACKAGE / folder).glob("*.yaml"))
    }


def public_door_of(settings: Settings, reception: Reception) -> PublicDoor:
    """The door without login. Raises SetupError (`bad_setting`)."""
    return PublicDoor(reception, AddressBook(reception.vault), _networks(settings.trusted_proxies))


def _networks(text: str) -> tuple[Network, ...]:
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
