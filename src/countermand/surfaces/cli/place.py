"""Which installation a command works on: the environment's settings, and the command line on top."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from countermand.settings import Settings, from_environment

ACTOR = "cli"


def settings_with(data_dir: Path | None = None, **values: Any) -> Settings:
    """The settings of this run. Raises SetupError (`bad_setting`)."""
    return from_environment().with_values(data_dir=data_dir, **values)


def quiet_logs(level: str = "warning") -> None:
    """Log lines go to standard error and only from `level` up: standard output belongs to the answer.

    Tracebacks are plain: the values of variables, a caller's key among them, must not get into a log.
    """
    import logging
    import sys

    import structlog

    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
