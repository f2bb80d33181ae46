"""The follower beside a server: there while shadows run."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from countermand.settings import Settings
from countermand.surfaces.children import Child, Patience, kept

PATIENCE = Patience(first_seconds=1.0, seconds_max=60.0, steady_seconds=120.0, look_seconds=2.0)


class Shadows(Protocol):
    """The candidates."""

    async def any_running(self) -> bool:
        """Whether any of them runs. Raises Unavailable."""
        ...


def follower_beside(
    shadows: Shadows, settings: Settings, patience: Patience = PATIENCE
) -> AbstractAsyncContextManager[Child]:
    """Keep a follower while inside, whenever a candidate runs."""
    return kept(follower_of(shadows, settings, patience))


def follower_of(shadows: Shadows, settings: Settings, patience: Patience = PATIENCE) -> Child:
    """The process that follows."""
    environment = {
        "COUNTERMAND_LOG_LEVEL": settings.log_level,
        "COUNTERMAND_SHADOW_LAG_SECONDS_MAX": str(settings.shadow_lag_seconds_max),
        "COUNTERMAND_SHADOW_DAYS_KEPT": str(settings.shadow_days_kept),
    }
    if settings.database_url is not None:
        environment["COUNTERMAND_DATABASE_URL"] = settings.database_url
    arguments = ("shadow", "run", "--attended", "--data-dir", str(settings.data_dir))
    return Child("shadow", arguments, environment, patience, shadows.any_running)
