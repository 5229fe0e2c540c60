"""Whatever comes to a public route, it is answered as docs/openapi.yaml says, and never with 5xx.

The real server on a real port, asked by schemathesis from the project's own description: what is
right, what is nearly right and what is nonsense, with the providers' signatures and without.
`BUURTSTEM_FUZZ=500` asks that often for each address, by chance; else it is always the same.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.datastructures import QueryParams
from twilio.request_validator import RequestValidator

from bot.channels.telegram import webhook_secret
from tests.runtime.guarded import SETTINGS, all_routes, system
from tests.server import REPO, Server

API = REPO / "docs" / "openapi.yaml"
PUBLIC = "http://stem.example"
MOST = int(os.environ.get("BUURTSTEM_FUZZ", "0"))
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
WAIT = 20  # seconds for one answer; a call's sounds take some

schema = schemathesis.openapi.from_path(API)
OPERATIONS = {
    f"{operation.method.upper()} {operation.path}": operation
    for operation in (each.ok() for each in schema.get_all_operations())
}
SEEN: Counter[int] = Counter()


@schemathesis.serializer("audio/wav")
def as_bytes(_: object, value: object) -> bytes:
    """A recording, or what somebody sends for one."""
    return value if isinstance(value, bytes) else repr(value).encode()


SIGNER = RequestValidator(SETTINGS["twilio_auth_token"])
SECRET = webhook_secret(SETTINGS["secret_key"])


def public_paths(folder: Path) -> set[tuple[str, str]]:
    """(method, path) of every route of the application that is not the console's."""
    made = system(folder)
    found = all_routes(made)
    made.db.close()
    without_types = [(method, re.sub(r":\w+\}", "}", path)) for method, path in found]
    return {each for each in without_types if not each[1].startswith("/console")}


def test_the_description_names_every_public_route_and_no_other(tmp_path: Path) -> None:
    described = {(method, path) for method, path in (name.split(" ") for name in OPERATIONS)}
    assert described == public_paths(tmp_path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With every channel; each request comes from another address, as a proxy tells."""
    known = {**SETTINGS, "public_url": PUBLIC, "proxies": "127.0.0.1", "simulator": "1"}
    server = Server(
        tmp_path_factory.mktemp("fuzz"),
        round_file=str(REPO / "examples" / "demo.toml"),
        **known,
    )
    server.start()
    yield server
    assert server.answers()
    server.stop()


_addresses = iter(range(10**9))


def asked(server: Server, case: schemathesis.Case, signed: bool) -> requests.Response:
    """Sends this case, as it would come from the provider or from anybody."""
    told = case.as_transport_kwargs(base_url=server.url)
    told.pop("cookies", None)
    request = requests.Request(**told).prepare()
    n = next(_addresses)
    request.headers["X-Forwarded-For"] = f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
    if request.path_url.startswith("/simulator/api/messages?"):
        request.prepare_url(re.sub(r"wait=[^&]*", "wait=0", request.url or ""), {"wait": "0"})
    if signed:
        _sign(request)
    with requests.Session() as session:
        return session.send(request, timeout=WAIT, allow_redirects=False)


def _sign(request: requests.PreparedRequest) -> None:
    """As Telegram and Twilio do; for another route it means nothing."""
    request.headers["X-Telegram-Bot-Api-Secret-Token"] = SECRET
    body = request.body or b""
    text = body if isinstance(body, str) else body.decode("latin-1")
    form = QueryParams(text) if "urlencoded" in request.headers.get("content-type", "") else {}
    url = PUBLIC + request.path_url
    request.headers["X-Twilio-Signature"] = SIGNER.compute_signature(url, form)


@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATIONS)  # not schemathesis' own: its ids are all the same
@given(data=st.data(), signed=st.booleans())
@settings(
    max_examples=MOST or 12,
    derandomize=not MOST,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_whatever_comes_is_answered(
    server: Server, name: str, data: st.DataObject, signed: bool
) -> None:
    mode = data.draw(st.sampled_from(GenerationMode))
    case = data.draw(OPERATIONS[name].as_strategy(mode))
    began = time.monotonic()
    answer = asked(server, case, signed)
    SEEN[answer.status_code] += 1
    assert answer.status_code < 500 or (case.path, answer.status_code) == ("/readyz", 503)
    case.validate_response(answer, checks=CHECKS)
    assert time.monotonic() - began < WAIT
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.slow
def test_what_is_signed_gets_in_and_nothing_else(server: Server) -> None:
    """The fuzzing reaches what is behind the signatures."""
    form = {
        "MessageSid": "SM" + 32 * "0",
        "From": "+31612345678",
        "To": "+31201234568",
        "Body": "é",
    }
    statuses = []
    for path, what in (
        ("/webhooks/twilio/messages", {"data": form}),
        ("/webhooks/twilio/voice", {"data": {"CallSid": "CA" + 32 * "0", "From": "+31612345678"}}),
        ("/webhooks/telegram", {"json": {"update_id": 1}}),
    ):
        for signed in (True, False):
            request = requests.Request("POST", server.url + path, **what).prepare()  # type: ignore[arg-type]
            if signed:
                _sign(request)
            with requests.Session() as session:
                statuses.append(session.send(request, timeout=WAIT).status_code)
    assert statuses == [200, 403] * 3


@pytest.mark.slow
def test_the_log_has_no_fault(server: Server) -> None:
    """Runs last: whatever was asked above, nothing of it failed inside or was logged."""
    print(f"{SEEN.total()} requests: {dict(SEEN)}")
    assert {200, 204, 400, 403, 404} <= set(SEEN)
    assert "Traceback" not in server.log
    assert " failed: " not in server.log, server.log[-3000:]
    assert "+316" not in server.log
