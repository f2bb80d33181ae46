"""What fake houses keep of policies and shadows, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from countermand.kernel.errors import NotFound
from countermand.vocabulary.facts import Fact
from countermand.vocabulary.publishing import Drafted, PolicyState, Publication, StepTaken
from countermand.vocabulary.shadows import PAUSED, RUNNING, Shadow, ShadowFigures, Tally

NOW = 1_795_000_000_000_000  # 2026-11-18, in microseconds


class FakeShadows:
    """Keeps candidates that see nothing."""

    def __init__(self) -> None:
        self.kept: dict[str, Shadow] = {}

    async def add(self, shadow: Shadow, source: Mapping[str, str], fact: Fact) -> Shadow | None:
        if shadow.name in self.kept:
            return None
        return self.kept.setdefault(shadow.name, shadow)

    async def all(self) -> list[Shadow]:
        return [self.kept[name] for name in sorted(self.kept)]

    async def any_running(self) -> bool:
        return any(shadow.state == RUNNING for shadow in self.kept.values())

    async def pause(self, name: str, reason: str, detail: Mapping[str, Any], fact: Fact) -> bool:
        return self._set(name, state=PAUSED, reason=reason, detail=dict(detail))

    async def resume(self, name: str, fact: Fact) -> bool:
        return self._set(name, state=RUNNING, reason=None, detail=None)

    async def remove(self, name: str, fact: Fact) -> bool:
        return self.kept.pop(name, None) is not None

    async def figures(self, shadow_id: int, since: int) -> ShadowFigures:
        return ShadowFigures(Tally(), None, (0, 0), [], [], 0)

    def _set(self, name: str, **values: Any) -> bool:
        self.kept[name] = msgspec.structs.replace(self.kept[name], **values)
        return True


class FakePublications:
    """Drafts are kept; nothing else is known, and no canary runs."""

    def __init__(self) -> None:
        self.kept: dict[str, Publication] = {}

    async def draft(
        self, drafted: Drafted, author: str, text: str, at: int, seen: int | None = None
    ) -> Publication:
        label = f"{drafted.name}@{drafted.version}"
        self.kept[label] = Publication(
            7, drafted.name, drafted.version, drafted.digest, PolicyState.CHECKED, author, None, None, None,
            False, {}, None, at,
        )  # fmt: skip
        return self.kept[label]

    async def take(
        self, name: str, version: str, step: Any, actor: str, text: str, at: int, judge: Any
    ) -> Publication:
        found = self.kept.get(f"{name}@{version}")
        if found is None:
            raise NotFound("unknown_policy_version", "unknown", "未知")
        change = judge(found)
        self.kept[found.label] = msgspec.structs.replace(found, state=change.state, proposer=change.proposer)
        return self.kept[found.label]

    async def publications(self) -> list[Publication]:
        return list(self.kept.values())

    async def steps(self, label: tuple[str, str] | None, lines_max: int) -> list[StepTaken]:
        return [StepTaken("fake@1", NOW, "draft", "all", "why", {})]

    async def start_canary(self, record: Any, judge: Any, label: tuple[str, str]) -> Any:
        raise NotFound("unknown_policy_version", "unknown", "未知")

    async def canaries(self) -> list[Any]:
        return []


class FakeThresholds:
    """No policy of this house has any."""

    async def live(self) -> None:
        return None

    async def number_of(self, name: str, version: str) -> None:
        return None
