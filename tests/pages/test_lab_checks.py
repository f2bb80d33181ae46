"""Goal: no text that somebody types can keep the house from deciding: each is looked at within a time."""

from __future__ import annotations

from functools import partial

import anyio
import pytest

from countermand.kernel.errors import TooMany, Unavailable
from countermand.surfaces.web.desk import lab_checks

# A check that never ends; a process that knows no tests can unpickle it, too. It is called with two mappings.
ENDLESS = partial(eval, "any(iter(int, 1))")


def test_a_text_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is ended, its writer is told, and the next text is checked; one at a time for each."""
    sound = {"policy.yaml": 'policy: p\nversion: "1"\ntitle: {en: P, zh: 策}\n'}

    async def story() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(lab_checks, "_look", ENDLESS)
            patched.setattr(lab_checks, "LOOK_SECONDS_MAX", 1.5)
            async with anyio.create_task_group() as group:
                group.start_soon(refused)
                await anyio.wait_all_tasks_blocked()
                with pytest.raises(TooMany):
                    await lab_checks.looked(sound, sound, "ann")
        assert (await lab_checks.looked(sound, sound, "ann")).drafted is not None

    async def refused() -> None:
        with pytest.raises(Unavailable):
            await lab_checks.looked(sound, sound, "ann")

    anyio.run(story)
