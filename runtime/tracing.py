"""Spans by OpenTelemetry, when `BUURTSTEM_OTLP_URL` says where to; else nothing of it is loaded.

A span is written when it is over and known to be no secret: of a vote there is none at all, for a
time beside a person's message could join the two (decision 19).

What belongs to one message has one trace, also across processes, without anything being stored:
the ids are made from the person's id and the message's time, with the application's key. Without
that key they tell nothing.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runtime import config
from runtime.config import ConfigError, Settings

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

TRACES = "/v1/traces"
EXPORT_SECONDS = 5.0  # for one batch; a collector that is down keeps nobody

Attributes = Mapping[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class Trace:
    """Which message spans belong to: the ids of its trace and of its first span."""

    id: int
    root: int


@dataclass(frozen=True, slots=True)
class Span:
    """What took from `began` to `ended` (ns since 1970)."""

    name: str
    began: int
    ended: int
    attributes: Attributes
    failed: bool = False


class Tracing:
    """Writes spans to one collector. Raises `ConfigError` when the libraries are not there."""

    def __init__(self, url: str, key: bytes) -> None:
        self._key = key
        self._forced = threading.local()
        self._provider = _provider(url, self._forced)
        self._tracer = self._provider.get_tracer("buurtstem")

    def trace(self, person_id: int, at_ms: int) -> Trace:
        """The trace of the message of this person and moment."""
        digest = hmac.digest(self._key, f"{person_id}|{at_ms}".encode(), "sha256")
        return Trace(int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1)

    def first(self, trace: Trace, span: Span) -> None:
        """The span with which a trace begins."""
        from opentelemetry.context import Context

        self._forced.trace = trace
        try:
            self._write(span, Context())
        finally:
            self._forced.trace = None

    def within(self, trace: Trace, span: Span) -> None:
        """A span below the first of its trace, which another process may have written."""
        from opentelemetry import trace as api

        parent = api.SpanContext(trace.id, trace.root, True, api.TraceFlags(1))
        self._write(span, api.set_span_in_context(api.NonRecordingSpan(parent)))

    def _write(self, span: Span, context: Context) -> None:
        from opentelemetry.trace import Status, StatusCode

        told = dict(span.attributes)
        writing = self._tracer.start_span(
            span.name, context, attributes=told, start_time=span.began
        )
        if span.failed:
            writing.set_status(Status(StatusCode.ERROR))
        writing.end(end_time=span.ended)

    def stop(self) -> None:
        """Hands over what is left; waits for a collector no longer than one batch may take."""
        self._provider.shutdown()


def tracing(settings: Settings) -> Tracing | None:
    """None unless it is set. Raises `ConfigError`."""
    if not settings.otlp_url:
        return None
    key = hmac.digest(config.secret_key(settings).encode(), b"traces", "sha256")
    return Tracing(settings.otlp_url, key)


def endpoint(url: str) -> str:
    """Where traces go at a collector: below its address, unless it has a path of its own."""
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + TRACES


def _provider(url: str, forced: threading.local) -> TracerProvider:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    except ModuleNotFoundError:
        raise ConfigError(
            f"{config.PREFIX}OTLP_URL: traces need more libraries: pip install 'buurtstem[otel]'"
        ) from None

    class Ids(RandomIdGenerator):
        """The ids of a message's first span are given; all others are random."""

        def generate_trace_id(self) -> int:
            trace: Trace | None = getattr(forced, "trace", None)
            return trace.id if trace else super().generate_trace_id()

        def generate_span_id(self) -> int:
            trace: Trace | None = getattr(forced, "trace", None)
            return trace.root if trace else super().generate_span_id()

    provider = TracerProvider(
        resource=Resource.create({"service.name": "buurtstem"}),
        id_generator=Ids(),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(endpoint=endpoint(url), timeout=EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    return provider
