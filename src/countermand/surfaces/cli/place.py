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
    """Log lines go to standard error and only from `level` up: standard output belongs to the answer."""
    import logging
    import sys

    import structlog

    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
