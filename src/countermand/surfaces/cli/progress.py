"""How far a long command has come, on standard error, where somebody is watching."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from countermand.kernel.text import Text
from countermand.surfaces.cli.speech import current_speech


@contextmanager
def watched(total: int | None, words: Text) -> Iterator[Callable[[int], None]]:
    """A bar that is told how many rows are done."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(current_speech().say(words), total=total)
        yield lambda rows: progress.advance(task, rows)
