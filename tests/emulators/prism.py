"""Twilio's own OpenAPI descriptions, enforced: Prism, a proxy that refuses what they forbid.

npm install --prefix .venv/node --no-audit --no-fund --ignore-scripts \
    @twilio/cli-core@9.0.0 @stoplight/prism-cli@5.14.2
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

MODULES = Path(__file__).resolve().parents[2] / ".venv" / "node" / "node_modules"
PRISM = MODULES / "@stoplight" / "prism-cli" / "dist" / "index.js"
DESCRIPTIONS = MODULES / "@twilio" / "cli-core" / "src" / "services" / "twilio-api"
APIS = {"api": "twilio_api_v2010.json", "content": "twilio_content_v1.json"}


def missing() -> str:
    """Why Prism cannot run here, "" when it can."""
    if shutil.which("node") is None:
        return "Node is not installed"
    return (
        "" if PRISM.exists() and DESCRIPTIONS.exists() else "Prism is not installed: see prism.py"
    )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def prisms(back_port: int, log: Path) -> Iterator[dict[str, str]]:
    """A Prism for each API, before the server on `back_port`; their addresses by the API's name."""
    ports = {name: free_port() for name in APIS}
    for file in APIS.values():
        (log.parent / file).write_text(json.dumps(_told(json.loads(_text(file)))))
    with log.open("ab") as out:
        running = [_start(log.parent / APIS[n], ports[n], back_port, out) for n in APIS]
        try:
            for process, port in zip(running, ports.values(), strict=True):
                _wait(process, port)
            yield {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait()


def _text(file: str) -> str:
    return (DESCRIPTIONS / file).read_text("utf-8")


def _told(description: dict[str, Any]) -> dict[str, Any]:
    """How a list stands in a form: OpenAPI's default, but Prism wants to be told."""
    for path in description["paths"].values():
        for operation in path.values():
            body = operation.get("requestBody", {}) if isinstance(operation, dict) else {}
            form = body.get("content", {}).get("application/x-www-form-urlencoded", {})
            fields = form.get("schema", {}).get("properties", {})
            lists = [name for name, field in fields.items() if field.get("type") == "array"]
            form["encoding"] = {name: {"style": "form", "explode": True} for name in lists}
    return description


def _start(description: Path, port: int, back_port: int, out: object) -> subprocess.Popen[bytes]:
    command = ["node", str(PRISM), "proxy", str(description)]
    command += [f"http://127.0.0.1:{back_port}", "--errors", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--verboseLevel", "error"]
    quiet = {**os.environ, "NODE_NO_WARNINGS": "1"}
    return subprocess.Popen(command, stdout=out, stderr=out, env=quiet)  # type: ignore[call-overload,no-any-return]


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    while process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/")
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("Prism did not start")
