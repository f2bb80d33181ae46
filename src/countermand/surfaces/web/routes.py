"""Every page route of the house. Each says whom it is for: `page` is `open`, `holder` or `staff`."""

from __future__ import annotations

from countermand.surfaces.http.paged import Pages
from countermand.surfaces.web.answers import problem_page
from countermand.surfaces.web.assets import assets
from countermand.surfaces.web.portal import PORTAL_PAGES
from countermand.surfaces.web.reading_choices import CHOICE_PAGES
from countermand.surfaces.web.staff.joining import JOINING_PAGES
from countermand.surfaces.web.staff.own import OWN_PAGES
from countermand.surfaces.web.staff.people import PEOPLE_PAGES
from countermand.surfaces.web.staff.signing_in import SIGN_IN_PAGES

PAGE_HANDLERS = (
    *CHOICE_PAGES,
    *PORTAL_PAGES,
    *SIGN_IN_PAGES,
    *JOINING_PAGES,
    *OWN_PAGES,
    *PEOPLE_PAGES,
)


def pages() -> Pages:
    """All pages, with what they load. Raises SetupError (`assets_missing`)."""
    assets()
    return Pages(PAGE_HANDLERS, problem_page)
