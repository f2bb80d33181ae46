"""Every page route of the house. Each says whom it is for: `page` is `open`, `holder` or `staff`."""

from __future__ import annotations

from countermand.surfaces.http.paged import Pages
from countermand.surfaces.web.answers import problem_page
from countermand.surfaces.web.assets import assets
from countermand.surfaces.web.call_pages import CALL_PAGES
from countermand.surfaces.web.case_acts import CASE_ACTS
from countermand.surfaces.web.case_pages import CASE_PAGES
from countermand.surfaces.web.desk.access_pages import ACCESS_PAGES
from countermand.surfaces.web.desk.case_pages import CASE_PAGES as DESK_CASE_PAGES
from countermand.surfaces.web.desk.counter_pages import COUNTER_PAGES
from countermand.surfaces.web.desk.health_pages import HEALTH_PAGES
from countermand.surfaces.web.desk.knowledge_pages import KNOWLEDGE_PAGES
from countermand.surfaces.web.desk.lab_editor import EDITOR_PAGES
from countermand.surfaces.web.desk.lab_pages import LAB_PAGES
from countermand.surfaces.web.desk.lab_trials import TRIAL_PAGES
from countermand.surfaces.web.desk.live_pages import LIVE_PAGES
from countermand.surfaces.web.desk.measure_pages import MEASURE_PAGES
from countermand.surfaces.web.desk.queue_pages import QUEUE_PAGES
from countermand.surfaces.web.desk.queue_room import QUEUE_ROOM
from countermand.surfaces.web.desk.review_pages import REVIEW_PAGES
from countermand.surfaces.web.desk.whole_pages import WHOLE_PAGES
from countermand.surfaces.web.details_pages import DETAILS_PAGES
from countermand.surfaces.web.evidence_pages import EVIDENCE_PAGES
from countermand.surfaces.web.help_pages import HELP_PAGES
from countermand.surfaces.web.mine.challenges import CHALLENGE_PAGES
from countermand.surfaces.web.mine.coming import COMING_PAGES
from countermand.surfaces.web.mine.contacts import CONTACT_PAGES
from countermand.surfaces.web.mine.devices import DEVICE_PAGES
from countermand.surfaces.web.mine.keeping import KEEPING_PAGES
from countermand.surfaces.web.mine.overview import OVERVIEW_PAGES
from countermand.surfaces.web.mine.past import PAST_PAGES
from countermand.surfaces.web.mine.safety import SAFETY_PAGES
from countermand.surfaces.web.mine.waiting import WAITING_PAGES
from countermand.surfaces.web.mine.ways import WAY_PAGES
from countermand.surfaces.web.notice_pages import NOTICE_PAGES
from countermand.surfaces.web.official_pages import OFFICIAL_PAGES
from countermand.surfaces.web.portal import PORTAL_PAGES
from countermand.surfaces.web.reading_choices import CHOICE_PAGES
from countermand.surfaces.web.report_pages import REPORT_PAGES
from countermand.surfaces.web.staff.joining import JOINING_PAGES
from countermand.surfaces.web.staff.own import OWN_PAGES
from countermand.surfaces.web.staff.people import PEOPLE_PAGES
from countermand.surfaces.web.staff.signing_in import SIGN_IN_PAGES
from countermand.surfaces.web.talk_pages import TALK_PAGES

DESK_PAGES = (
    *QUEUE_PAGES,
    *DESK_CASE_PAGES,
    *REVIEW_PAGES,
    *WHOLE_PAGES,
    *ACCESS_PAGES,
    *QUEUE_ROOM,
    *COUNTER_PAGES,
)
MY_PAGES = (
    *COMING_PAGES,
    *OVERVIEW_PAGES,
    *PAST_PAGES,
    *KEEPING_PAGES,
    *CONTACT_PAGES,
    *CHALLENGE_PAGES,
    *WAITING_PAGES,
    *DEVICE_PAGES,
    *WAY_PAGES,
    *SAFETY_PAGES,
)
PUBLIC_PAGES = (
    *TALK_PAGES,
    *CALL_PAGES,
    *HELP_PAGES,
    *DETAILS_PAGES,
    *NOTICE_PAGES,
)
OPERATING_PAGES = (
    *LIVE_PAGES,
    *HEALTH_PAGES,
    *LAB_PAGES,
    *EDITOR_PAGES,
    *TRIAL_PAGES,
    *MEASURE_PAGES,
    *KNOWLEDGE_PAGES,
)
PAGE_HANDLERS = (
    *CHOICE_PAGES,
    *PORTAL_PAGES,
    *REPORT_PAGES,
    *CASE_PAGES,
    *CASE_ACTS,
    *EVIDENCE_PAGES,
    *OFFICIAL_PAGES,
    *MY_PAGES,
    *SIGN_IN_PAGES,
    *JOINING_PAGES,
    *OWN_PAGES,
    *PEOPLE_PAGES,
    *DESK_PAGES,
    *PUBLIC_PAGES,
    *OPERATING_PAGES,
)


def pages() -> Pages:
    """All pages, with what they load. Raises SetupError (`assets_missing`)."""
    assets()
    return Pages(PAGE_HANDLERS, problem_page)
