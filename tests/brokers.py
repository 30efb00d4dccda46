"""The three brokers, each with queues of the test's own, so that nobody else takes its messages."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import redis
from kombu import Connection

QUEUES = ("answers", "ingest", "ocr", "default")


@dataclass
class Broker:
    """``url`` is empty for the folder. ``environment`` makes Pincite use it."""

    name: str
    url: str = ""
    streams: str = ""
    prefix: str = field(default_factory=lambda: f"test-{uuid.uuid4().hex[:8]}-")

    @property
    def environment(self) -> dict[str, str]:
        given = {"CELERY_BROKER_URL": self.url, "REDIS_URL": self.streams}
        return {**given, "PINCITE_QUEUE_PREFIX": self.prefix}

    def clean(self, *queues: str) -> None:
        """Removes the queues and what is left in them."""
        names = [f"{self.prefix}{name}" for name in (*QUEUES, *queues)]
        if self.name == "redis":
            with redis.Redis.from_url(self.url) as client:
                client.delete(*names, *(f"_kombu.binding.{name}" for name in names))
        elif self.name == "amqp":
            with Connection(self.url) as connection:
                for name in names:
                    connection.default_channel.queue_delete(name)
                    connection.default_channel.exchange_delete(name)
