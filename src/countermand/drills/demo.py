"""The demo played over HTTP: the world's operations, then the acts of people, and what came of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from countermand.drills.demo_acts.agreed import play_agreed
from countermand.drills.demo_acts.approved import play_approved
from countermand.drills.demo_acts.challenged import play_challenged
from countermand.drills.demo_acts.contained import play_contained
from countermand.drills.demo_acts.held import play_held
from countermand.drills.demo_stage import ActBroken, Played, Stage, is_stopped
from countermand.drills.demo_words import counted
from countermand.drills.demo_world import Scene, Step, World, in_time_order
from countermand.kernel.clock import rfc3339
from countermand.vocabulary.outcomes import OUTCOME_OF_WORD, Outcome

CALM_SHARE_MIN = 0.9  # of ordinary operations, how many pass without a question
ACTS: tuple[Callable[[Stage], None], ...] = (
    play_held, play_agreed, play_challenged, play_contained, play_approved,
)  # fmt: skip


@dataclass(slots=True)
class Demo:
    """One run of the demo against a server."""

    stage: Stage

    def play(self) -> Played:
        """The whole demo: everybody's days, then the acts of people, then both ledgers side by side."""
        stage = self.stage
        scenes = stage.world.scenes()
        for scene in scenes:
            stage.played.scenes[scene.name] = Counter()
            for account, profile in scene.profiles.items():
                stage.put_profile(account, profile)
        decided: dict[str, list[tuple[Step, dict[str, Any]]]] = {scene.name: [] for scene in scenes}
        for scene, step in in_time_order(scenes):
            decision = stage.decide(step)
            if decision is not None:
                decided[scene.name].append((step, decision))
                stage.played.scenes[scene.name][decision["outcome"]] += 1
        for scene in scenes:
            self._tell_scene(scene, decided[scene.name])
        for act in ACTS:
            with suppress(ActBroken):  # what broke it was told; the next act stands for itself
                act(stage)
        self._reconcile()
        return stage.played

    def _reconcile(self) -> None:
        """Both ledgers, whole: what was executed here and what the bank has booked."""
        found = self.stage.bank.reconciled()
        count, booked = len(found["disagreements"]), found["entries_there"]
        self.stage.played.bank = found
        self.stage.say(
            f"The bank booked {booked} operations; both ledgers compared: {count} disagreements",
            f"核心系统共入账{booked}笔；双方逐笔对账：不一致{count}笔",
        )
        self.stage.expect(count == 0, f"the ledgers disagree: {found}", f"双方账目不一致：{found}")

    def _tell_scene(self, scene: Scene, decided: list[tuple[Step, dict[str, Any]]]) -> None:
        """An attack must have been stopped where it must; ordinary people must have been left alone."""
        counts = self.stage.played.scenes[scene.name]
        summed = counted(counts)
        self.stage.say(f"{scene.title.en}: {summed.en}", f"{scene.title.zh}：{summed.zh}")
        missed = [step for step, decision in decided if step.must_stop and not is_stopped(decision)]
        told = [one for one in decided if one[0].must_stop and is_stopped(one[1])][:2]
        for step, decision in told:
            self.stage.tell_decision(step.operation, decision)
        for step in missed:
            self.stage.fail(
                f"{scene.name}: {step.operation['id']} was not stopped",
                f"{scene.title.zh}：{step.operation['id']} 未被拦截",
            )
        if scene.calm:
            held = sum(count for outcome, count in counts.items() if OUTCOME_OF_WORD[outcome] >= Outcome.HOLD)
            self.stage.expect(
                held == 0, f"{held} ordinary operations were held up", f"{held}笔普通操作被拦截"
            )
            share = counts["allow"] / max(1, sum(counts.values()))
            self.stage.expect(
                share >= CALM_SHARE_MIN,
                f"only {share:.0%} of ordinary operations passed unasked",
                f"仅{share:.0%}的普通操作直接通过",
            )


def report_of(played: Played, world: World) -> dict[str, Any]:
    """What happened, as JSON values."""
    return {
        "demo": "failed" if played.failures else "ok",
        "seed": world.seed,
        "played_at": rfc3339(world.now),
        "operations": sum(played.outcomes.values()),
        "outcomes": dict(played.outcomes),
        "scenes": {name: dict(counts) for name, counts in played.scenes.items()},
        "bank": played.bank,
        "story": played.story,
        "failures": [{"en": one.en, "zh": one.zh} for one in played.failures],
    }
