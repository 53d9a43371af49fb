"""What `/metrics` tells of messages and clocks: looked up when it is asked, the same in every server process."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gridmap.errors import GridmapError
from gridmap.usecases.context import Context
from gridmap.usecases.delivering import health


class QueueMetrics(Collector):
    """Gauges of the queue. While the database is away they are left out, and `gridmap_queue_readable` is 0."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering must not ask the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        try:
            found = health(self._ctx)
        except GridmapError:
            yield GaugeMetricFamily("gridmap_queue_readable", "Whether the message queue could be read", value=0)
            return
        yield GaugeMetricFamily("gridmap_queue_readable", "Whether the message queue could be read", value=1)
        for name, words, counts in (
            ("gridmap_messages_waiting", "Messages that wait to be sent", found.waiting),
            ("gridmap_messages_failed", "Messages that were given up", found.dead),
        ):
            gauge = GaugeMetricFamily(name, words, labels=("channel",))
            for channel in ("sms", "email", "webhook"):
                gauge.add_metric((channel,), counts.get(channel, 0))
            yield gauge
        yield GaugeMetricFamily("gridmap_outbox_waiting", "News not made into messages yet", value=found.unsent)
        words = "For how long the oldest waiting message could have been sent"
        yield GaugeMetricFamily("gridmap_message_queue_age_seconds", words, value=found.age_s)
        if found.drift_s is not None:
            drift = GaugeMetricFamily("gridmap_clock_drift_seconds", "Our clock less another's", labels=("against",))
            drift.add_metric((found.drift_by or "",), found.drift_s)
            yield drift
        words = "How far the newest message lies in the future: a clock put back"
        yield GaugeMetricFamily("gridmap_clock_behind_seconds", words, value=found.behind_s)
