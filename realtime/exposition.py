"""The totals in the words of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from realtime.metrics import BUCKETS, COUNTERS, GAUGES, HISTOGRAMS, LABELS
from realtime.store import Totals

PREFIX = "headway_"


class _Families(Collector):
    def __init__(self, totals: Totals) -> None:
        self._counts, self._gauges = totals.counts, totals.gauges

    def collect(self) -> Iterator[Metric]:
        """Return every family, also those that are at nought."""
        yield from (self._counter(name) for name in COUNTERS)
        yield from (self._histogram(name) for name in HISTOGRAMS)
        for name, told in GAUGES.items():
            yield GaugeMetricFamily(PREFIX + name, told, value=self._gauges.get(name, 0))

    def _counter(self, name: str) -> Metric:
        label = LABELS.get(name)
        if label is None:
            value = self._counts.get(name, 0)
            return CounterMetricFamily(PREFIX + name, COUNTERS[name], value=value)
        family = CounterMetricFamily(PREFIX + name, COUNTERS[name], labels=[label])
        for key, value in sorted(self._counts.items()):
            counter, _, which = key.partition(":")
            if counter == name:
                family.add_metric([which], value)
        return family

    def _histogram(self, name: str) -> Metric:
        buckets, so_far = [], 0.0
        for bound in (*BUCKETS, "+Inf"):
            so_far += self._counts.get(f"{name}_bucket:{bound}", 0)
            buckets.append((str(bound), so_far))
        told = HISTOGRAMS[name]
        family = HistogramMetricFamily(f"{PREFIX}{name}_seconds", told)
        family.add_metric([], buckets, sum_value=self._counts.get(f"{name}_sum", 0))
        return family


def as_text(totals: Totals) -> bytes:
    """Return the totals in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(totals))
    return generate_latest(registry)
