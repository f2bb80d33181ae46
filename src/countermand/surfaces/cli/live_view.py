"""A terminal view of operations, decisions and reasons as they happen."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table

from countermand.drills.demo_words import kind_words, outcome_words
from countermand.flows.group_commit import GroupCommitter, Meter
from countermand.kernel.errors import CountermandError
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.surfaces.cli.speech import Speech
from countermand.vocabulary.decisions import Answer, Decision
from countermand.vocabulary.labels import Label
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.outcomes import Outcome

ROWS_MAX = 18
LINES_MAX = 8
REFRESHES_PER_SECOND = 4

_ANSWER = msgspec.json.Decoder(Answer)
_COLOURS = {
    "allow": "green",
    "challenge": "yellow",
    "hold": "dark_orange",
    "approve": "magenta",
    "deny": "red",
}
_TITLES = (
    Text(en="time", zh="时间"),
    Text(en="operation", zh="操作"),
    Text(en="account", zh="账户"),
    Text(en="amount", zh="金额"),
    Text(en="outcome", zh="结果"),
    Text(en="reason", zh="理由"),
)

Listener = Callable[[Operation, bytes], None]


@dataclass(slots=True)
class Overheard:
    """A decider whose answers somebody listens to; it decides nothing itself."""

    decider: GroupCommitter
    listener: Listener

    async def decide(self, operation: Operation, trace: str | None) -> bytes:
        """As the decider decides."""
        answer = await self.decider.decide(operation, trace)
        self.listener(operation, answer)
        return answer

    async def decide_many(
        self, operations: Sequence[Operation], trace: str | None
    ) -> list[bytes | CountermandError]:
        """As the decider decides."""
        answers = await self.decider.decide_many(operations, trace)
        for operation, answer in zip(operations, answers, strict=True):
            if isinstance(answer, bytes):
                self.listener(operation, answer)
        return answers

    async def label_many(
        self, labels: Sequence[Label], actor: str, trace: str | None
    ) -> list[bytes | CountermandError]:
        """As the decider records them; nobody listens."""
        return await self.decider.label_many(labels, actor, trace)

    @property
    def waiting(self) -> int:
        """How many operations are queued."""
        return self.decider.waiting

    @property
    def meter(self) -> Meter | None:
        """Who counts the groups: the decider's own meter."""
        return self.decider.meter

    @meter.setter
    def meter(self, meter: Meter | None) -> None:
        self.decider.meter = meter


@dataclass(slots=True)
class LiveView:
    """The last operations, the counts, and what the demo tells."""

    speech: Speech
    rows: deque[tuple[Operation, Decision]] = field(default_factory=lambda: deque(maxlen=ROWS_MAX))
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES_MAX))
    counts: Counter[str] = field(default_factory=lambda: Counter({one.word: 0 for one in Outcome}))
    head: str = ""

    def heard(self, operation: Operation, answer: bytes) -> None:
        """An operation was answered."""
        decision = _ANSWER.decode(answer).decision
        self.rows.append((operation, decision))
        self.counts[decision.outcome] += 1

    def told(self, line: Text) -> None:
        """The demo tells something."""
        self.lines.append(self.speech.say(line))

    def end(self, failures: Sequence[Text]) -> None:
        """The demo is through; the server stays."""
        for failure in failures:
            self.told(failure)
        self.told(
            Text(
                en="The demo is through. The server stays up: send operations of your own; Ctrl-C ends it.",
                zh="演示已完成。服务器仍在运行，可发送您自己的操作；按 Ctrl-C 结束。",
            )
        )

    @contextmanager
    def shown(self, address: str, key: str) -> Iterator[None]:
        """Show the view; where there is no terminal, say the addresses once."""
        addresses = "   ".join(f"{address}/{path}" for path in ("v1/operations", "openapi.json", "readyz"))
        self.head = f"{addresses}\nAuthorization: Bearer {key}"
        console = Console(highlight=False)
        if not console.is_terminal:
            console.print(self.head, markup=False, soft_wrap=True)
            yield
            return
        with Live(self, console=console, refresh_per_second=REFRESHES_PER_SECOND, screen=False):
            yield

    def __rich__(self) -> RenderableType:
        title = Text(en="Countermand: what is decided now", zh="Countermand：实时决策")
        table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
        for name in _TITLES:
            table.add_column(self.speech.say(name), no_wrap=True, overflow="ellipsis")
        for operation, decision in self.rows:
            table.add_row(*self._cells(operation, decision))
        counts = "  ".join(
            f"[{_COLOURS[name]}]{self.speech.say(outcome_words(name))} {count}[/]"
            for name, count in self.counts.items()
        )
        told = "\n".join(self.lines).replace("[", r"\[")
        return Panel(
            Group(self.head.replace("[", r"\["), "", table, "", counts, "", told),
            title=self.speech.say(title),
        )

    def _cells(self, operation: Operation, decision: Decision) -> list[str]:
        amount: Any = operation.amount
        shown = (
            "" if amount is None else money_texts(amount.minor, amount.currency)[self.speech.language == "zh"]
        )
        reason = self.speech.say(decision.reasons[0].text) if decision.reasons else ""
        return [
            f"{operation.occurred_at:%m-%d %H:%M}",
            self.speech.say(kind_words(operation.kind.value)),
            operation.account.replace("[", r"\["),
            shown,
            f"[{_COLOURS[decision.outcome]}]{self.speech.say(outcome_words(decision.outcome))}[/]",
            reason.replace("[", r"\["),
        ]
