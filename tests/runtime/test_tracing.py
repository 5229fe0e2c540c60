"""Spans as a collector gets them: real OTLP over HTTP, decoded with its own protobuf."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("opentelemetry.proto", reason="needs the extra otel")

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from bot.messages import Sound
from runtime import observing
from runtime.config import ConfigError, Settings
from runtime.serve import built
from runtime.tracing import endpoint
from runtime.wiring import System
from tests.dialogue import REPO
from tests.runtime import personal
from tests.runtime.voting import Phone, voting_system

ALLOWED = {"channel", "kind", "state", "language", "outcome", "model", "verdict"}


class Collector:
    """Takes spans at `url`/v1/traces, as any collector does."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.resources: list[Any] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                request = ExportTraceServiceRequest()
                assert self.path == "/v1/traces"
                request.ParseFromString(body)
                for resource in request.resource_spans:
                    collector.resources.append(resource.resource)
                    for scope in resource.scope_spans:
                        collector.spans.extend(scope.spans)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def named(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name]


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture(autouse=True)
def _afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    observing.end()


def traced(folder: Path, url: str) -> System:
    settings = Settings(
        database_url=f"sqlite:///{folder}/town.db",
        media_url=f"file://{folder}/media",
        secret_key="a key of some length for the tests",  # type: ignore[arg-type]
        otlp_url=url,
    )
    return built(settings, REPO / "examples" / "demo.toml")


async def played(system: System, *lines: str, voice: bool = False) -> None:
    await system.start()
    phone = Phone(system, "anna")
    await phone.says(*lines)
    if voice:
        data = await asyncio.to_thread(system.sounds.made, Sound("Een bankje in het park", "nl"))
        await phone.takes(phone.speaks(data))
    async with asyncio.timeout(120):
        while await system.db.aread(_busy):
            await asyncio.sleep(0.05)
    await system.stop()


def _busy(conn: Any) -> bool:
    query = (
        "SELECT (SELECT count(*) FROM inbox WHERE state != 'done')"
        " + (SELECT count(*) FROM outbox WHERE state != 'sent')"
    )
    return bool(conn.exec_driver_sql(query).scalar())


def told(span: Any) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in span.attributes}


def test_a_message_is_one_trace_from_arrival_to_sending(
    tmp_path: Path, collector: Collector
) -> None:
    asyncio.run(played(traced(tmp_path, collector.url), "hoi", "nederlands"))
    messages = collector.named("message")
    assert len(messages) == 2
    for message in messages:
        assert message.parent_span_id == b""
        below = [s for s in collector.spans if s.trace_id == message.trace_id and s != message]
        assert sorted(span.name for span in below) == ["send", "step", "transaction"]
        assert {span.parent_span_id for span in below} == {message.span_id}
        for span in (message, *below):
            assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
        step, transaction = (
            next(span for span in below if span.name == name) for name in ("step", "transaction")
        )
        assert transaction.start_time_unix_nano <= step.start_time_unix_nano
        assert step.end_time_unix_nano <= transaction.end_time_unix_nano
    assert len({message.trace_id for message in messages}) == 2
    assert told(messages[0]) == {"channel": "simulator", "kind": "text"}
    assert told(collector.named("send")[0])["outcome"] == "sent"
    states = {told(span)["state"] for span in collector.named("step")}
    assert states == {"welcome.hello", "welcome.language"}


def test_a_voice_note_is_heard_within_its_message_s_trace(
    tmp_path: Path, collector: Collector
) -> None:
    lines = ("hoi", "nederlands", "ja", "menu", "1")
    asyncio.run(played(traced(tmp_path, collector.url), *lines, voice=True))
    (heard,) = collector.named("transcribe")
    (message,) = [span for span in collector.named("message") if told(span)["kind"] == "voice"]
    assert (heard.trace_id, heard.parent_span_id) == (message.trace_id, message.span_id)
    assert set(told(heard)) == {"model", "verdict"}


def test_nothing_personal_is_in_a_span(tmp_path: Path, collector: Collector) -> None:
    asyncio.run(played(traced(tmp_path, collector.url), "hoi", "nederlands", *personal.LINES))
    assert len(collector.spans) > 10
    assert {name for span in collector.spans for name in told(span)} <= ALLOWED
    whole = str(collector.spans) + str(collector.resources)
    assert personal.found_in(whole) == []
    assert all(not span.events and not span.links for span in collector.spans)


def test_of_a_vote_there_is_no_span(tmp_path: Path, collector: Collector) -> None:
    with voting_system(tmp_path, f"sqlite:///{tmp_path}/vote.db") as (system, (code,)):
        settings = system.settings.model_copy(update={"otlp_url": collector.url})
        observing.begin(settings)

        async def scene() -> None:
            await system.start()
            phone = Phone(system, "anna")
            await phone.says("hoi", "nederlands", "ja")
            await phone.says(code, "ja", "3 en ook 1", "klaar", "klaar", "ja", "menu")
            async with asyncio.timeout(60):
                while await system.db.aread(_busy):
                    await asyncio.sleep(0.05)
            await system.stop()

        asyncio.run(scene())
    states = [told(span)["state"] for span in collector.named("step")]
    assert states[:3] == ["welcome.hello", "welcome.language", "welcome.privacy"]
    assert not [state for state in states if state.startswith("vote")]
    assert len(collector.named("message")) <= 4  # those before the code, and the word "menu"
    open_rows = len(collector.named("send"))
    assert open_rows <= 5


def test_without_a_collector_messages_go_on(tmp_path: Path) -> None:
    asyncio.run(played(traced(tmp_path, "http://127.0.0.1:1"), "hoi", "nederlands"))


def test_nothing_of_it_is_loaded_when_it_is_off(tmp_path: Path) -> None:
    script = (
        "import sys; from runtime.serve import built; from runtime.config import Settings;"
        f"built(Settings(database_url='sqlite:///{tmp_path}/off.db')).db.close();"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path,
        env={"PYTHONPATH": str(REPO), "PATH": ""},
    )  # fmt: skip
    assert done.stdout == "[]\n", done.stderr


def test_absent_libraries_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"BUURTSTEM_OTLP_URL: .*buurtstem\[otel\]"):
        traced(tmp_path, "http://127.0.0.1:4318")


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://collector:4318", "http://collector:4318/v1/traces"),
        ("http://collector:4318/", "http://collector:4318/v1/traces"),
        ("https://otel.example/of/us", "https://otel.example/of/us"),
    ],
)
def test_where_spans_go(url: str, where: str) -> None:
    assert endpoint(url) == where
