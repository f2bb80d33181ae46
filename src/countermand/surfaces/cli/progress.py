"""How far a long command has come, on standard error, where somebody is watching."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from countermand.kernel.text import Text
from countermand.surfaces.cli.speech import current_speech

# A process that runs us may ask for the rows done in a file of its own.
FILE_VARIABLE = "COUNTERMAND_PROGRESS_FILE"
FILE_SECONDS = 0.5


def noted_in(file: Path) -> Callable[[int], None]:
    """Tells how many rows are done in all, in a file, twice a second at most."""
    done, told_at = 0, float("-inf")

    def told(rows: int) -> None:
        nonlocal done, told_at
        done += rows
        if monotonic() - told_at >= FILE_SECONDS:
            told_at = monotonic()
            file.write_text(str(done), encoding="ascii")

    return told


@contextmanager
def watched(total: int | None, words: Text) -> Iterator[Callable[[int], None]]:
    """A bar that is told how many rows are done."""
    file = os.environ.get(FILE_VARIABLE)
    if file:
        yield noted_in(Path(file))
        return
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(current_speech().say(words), total=total)
        yield lambda rows: progress.advance(task, rows)
