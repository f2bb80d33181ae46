"""Is this really you; how a dispute goes; and the registry of what is ours, signed, at a well-known place."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.params import FromPath

from countermand.flows.publish_registry import prove_registry, registry_versions
from countermand.intake.official_check import Claim
from countermand.surfaces.web.answers import Asked, page
from countermand.surfaces.web.case_pages import handed
from countermand.surfaces.web.filled import Filled, filled
from countermand.surfaces.web.receipt_cookie import house_of

KINDS = tuple(one.value for one in Claim)


@get("/check", open=True, page="open")
async def ask_check(request: Asked) -> Response[bytes]:
    """One field for a link, number, account, staff number, message or fingerprint."""
    return _asked(request, Filled())


@post("/check", open=True, page="open", status_code=200)
async def check(request: Asked) -> Response[bytes]:
    """Ours, not ours, or unknown, with the reason; what was pasted is kept nowhere."""
    form = await filled(request)
    if not form["value"]:
        form.wrong("value", "Paste or type what you want to check.", "请粘贴或输入要核验的内容。")
        return _asked(request, form, status=400)
    kind = Claim(form["kind"]) if form["kind"] in KINDS else None
    checked = house_of(request).official.check(form["value"], kind)
    return page(request, "check/check.html", form=form, kinds=KINDS, checked=checked)


def _asked(request: Asked, form: Filled, *, status: int = 200) -> Response[bytes]:
    return page(
        request,
        "check/check.html",
        status=status,
        form=form,
        kinds=KINDS,
        checked=None,
    )


@get("/channels", open=True, page="open")
async def read_channels(request: Asked) -> Response[bytes]:
    """Everything that is ours, how to check it without us, and which version took whose place."""
    versions = await registry_versions(request.app.state["house"])
    return page(request, "check/channels.html", versions=versions)


@get("/channels/versions/{number:int}", open=True, page="open")
async def fetch_version_proof(request: Asked, number: FromPath[int]) -> Response[bytes]:
    """The proof that the log holds a version of the registry, checkable without us."""
    return handed(await prove_registry(request.app.state["house"], number))


@get("/process", open=True, page="open")
async def read_process(request: Asked) -> Response[bytes]:
    """The road of a dispute on one page: steps, times, rights, and whom else to call."""
    return page(request, "check/process.html", process=house_of(request).process)


OFFICIAL_PAGES = (ask_check, check, read_channels, fetch_version_proof, read_process)
