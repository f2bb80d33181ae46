"""Help for whoever has no case: an answer from the knowledge base, or a person, by one tap either way."""

from __future__ import annotations

from litestar import Response, get, post

from countermand.flows.keep_knowledge import search_knowledge
from countermand.flows.public_door import Told
from countermand.surfaces.web.answers import Asked, page_language
from countermand.surfaces.web.filled import Filled, filled
from countermand.surfaces.web.receipt_cookie import house_of
from countermand.surfaces.web.report_pages import form_with_puzzle, heard, told_heard

TEMPLATE = "case/help.html"
ARTICLES_SHOWN = 3
# Where a question is asked for the knowledge base, no more of it is read.
QUESTION_CHARACTERS_MAX = 500


@get("/help", open=True, page="open")
async def ask_help(request: Asked) -> Response[bytes]:
    """One field for a question."""
    return form_with_puzzle(request, TEMPLATE, Filled(), found=None)


@post("/help", open=True, page="open", status_code=200)
async def answer_help(request: Asked) -> Response[bytes]:
    """Articles that fit, which is kept nowhere; or a case for a person, with number and code."""
    form, language = await filled(request), page_language(request)
    if not form["text"]:
        form.wrong("text", "Write something first.", "请先写点内容。")
        return form_with_puzzle(request, TEMPLATE, form, status=400, found=None)
    if form["ask"] == "person":
        told = Told(text=form["text"], language=language, person=True)
        received = await heard(request, form, told)
        if isinstance(received, int):
            return form_with_puzzle(request, TEMPLATE, form, status=received, found=None)
        return await told_heard(request, received)
    house, question = house_of(request), form["text"][:QUESTION_CHARACTERS_MAX]
    found = search_knowledge(house.knowledge, house.clock, question, language, staff=False)
    return form_with_puzzle(request, TEMPLATE, form, found=found[:ARTICLES_SHOWN])


HELP_PAGES = (ask_help, answer_help)
