"""The drift of the models that decide, as gauges at /metrics and as a text file for a collector."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from countermand.flows.live_drift import LiveDrift, WatchedHouse
from countermand.flows.watch_drift import Drift
from countermand.surfaces.http.measures import Measures

PREFIX = "countermand_model_"


@asynccontextmanager
async def drift_watched(house: WatchedHouse, measures: Measures) -> AsyncIterator[LiveDrift]:
    """Watch while inside; every scrape tells where things stand."""
    watch = LiveDrift(house)
    measures.families.append(
        lambda: drift_families(one for watched in watch.watches for one in watched.drifts())
    )
    task = asyncio.create_task(watch.attend(), name="countermand drift")
    try:
        yield watch
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def drift_families(drifts: Iterable[Drift]) -> Iterator[Metric]:
    """Stability and unknown share by input, and what ADWIN says of the mean score by model."""
    labels = ("model", "input")
    index = GaugeMetricFamily(
        PREFIX + "stability_index", "PSI of an input or of the score against the training rows", labels=labels
    )
    unknown = GaugeMetricFamily(
        PREFIX + "unknown_share", "Share of operations of which an input is unknown", labels=labels
    )
    mean = GaugeMetricFamily(
        PREFIX + "score_mean", "Mean score since it last moved (ADWIN)", labels=("model",)
    )
    window = GaugeMetricFamily(
        PREFIX + "score_window", "Operations since the mean score last moved (ADWIN)", labels=("model",)
    )
    moved = GaugeMetricFamily(
        PREFIX + "score_moved",
        "1 where the mean score has moved among those watched (ADWIN)",
        labels=("model",),
    )
    for one in drifts:
        unknown.add_metric((one.model, one.name), one.unknown_now)
        if one.index is not None:
            index.add_metric((one.model, one.name), one.index)
        if one.mean_now is not None:
            mean.add_metric((one.model,), one.mean_now)
            window.add_metric((one.model,), one.mean_rows)
            moved.add_metric((one.model,), float(one.mean_moved))
    yield from (index, unknown, mean, window, moved)


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """What a registry asks for."""

    drifts: Sequence[Drift]

    def collect(self) -> Iterator[Metric]:
        yield from drift_families(self.drifts)


def exposition(drifts: Sequence[Drift]) -> str:
    """The same as Prometheus' text (0.0.4)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(drifts))
    return generate_latest(registry).decode()
