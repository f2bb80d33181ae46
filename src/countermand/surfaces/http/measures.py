"""What /metrics tells: plain counters on the path, turned into Prometheus families only when scraped.

No label ever holds an account, a person, an address or a key.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LATENCY_SECONDS = (
    0.0005,
    0.001,
    0.002,
    0.003,
    0.005,
    0.0075,
    0.01,
    0.02,
    0.03,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    5.0,
)
GROUP_SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)


class Histogram:
    """Counts per bucket; `observe` costs one binary search.

    >>> sizes = Histogram((1.0, 2.0)); sizes.observe(2.0); sizes.observe(9.0); sizes.buckets()
    [('1.0', 0), ('2.0', 1), ('+Inf', 2)]
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, int]]:
        """Cumulative counts, as the exposition format wants them."""
        running, found = 0, []
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            running += count
            found.append((bound, running))
        return found


class Measures:
    """Everything counted at the HTTP door, and gauges read from the house when asked.

    `families` give whole families, asked at every scrape.
    """

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.refusals: Counter[tuple[str, str]] = Counter()
        self.access_refused: Counter[str] = Counter()
        self.latency_seconds = Histogram(LATENCY_SECONDS)
        self.group_sizes = Histogram(GROUP_SIZES)
        self.batch_rows = 0
        self.gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self.families: list[Callable[[], Iterable[Metric]]] = []
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A number read at every scrape, e.g. the length of the queue."""
        self.gauges[name] = (text, read)

    def group_done(self, decided: int, waiting: int) -> None:
        """A group of `decided` operations was committed (flows.group_commit.Meter)."""
        self.group_sizes.observe(decided)

    def text(self) -> bytes:
        """The exposition text (Prometheus 0.0.4)."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """prometheus_client asks for this at every scrape."""
        yield _counters(
            "countermand_decisions",
            "Answers given, by outcome; repeated requests count again",
            ("outcome",),
            {(outcome,): count for outcome, count in self.answers.items()},
        )
        yield _counters(
            "countermand_refusals", "Requests refused, by status and code", ("status", "code"), self.refusals
        )
        yield _counters(
            "countermand_access_refused",
            "Requests refused for want of a key or a scope, by reason",
            ("reason",),
            {(reason,): count for reason, count in self.access_refused.items()},
        )
        yield _counters("countermand_batch_rows", "Operations received in batches", (), {(): self.batch_rows})
        yield _histogram(
            "countermand_decision_seconds", "From the whole request read to the answer", self.latency_seconds
        )
        yield _histogram("countermand_group_size", "Operations that shared one commit", self.group_sizes)
        for name, (text, read) in self.gauges.items():
            yield GaugeMetricFamily(name, text, value=read())
        for more in self.families:
            yield from more()


def _counters(
    name: str, text: str, labels: tuple[str, ...], counts: Mapping[Any, int]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in counts.items():
        family.add_metric(values, count)
    return family


def _histogram(name: str, text: str, histogram: Histogram) -> HistogramMetricFamily:
    return HistogramMetricFamily(name, text, buckets=histogram.buckets(), sum_value=histogram.total)


def labels_of(families: Iterable[Metric]) -> set[str]:
    """Every label value in use: what a test looks at to prove that nothing personal leaks."""
    return {value for family in families for sample in family.samples for value in sample.labels.values()}
