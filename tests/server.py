"""The real command in a process of its own, as an operator starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.seed import sow

REPO = Path(__file__).resolve().parent.parent
COMMAND = (  # nobody sleeps: tests run at night, too
    "from datetime import time; from civic import worktime;"
    "worktime.QUIET_FROM, worktime.QUIET_UNTIL = time.max, time.min;"
    "from runtime.cli import main; raise SystemExit(main())"
)
# What is made in advance after a minute takes a minute, in each server that lives so long.
SERVE = "from runtime import wiring; wiring.QUIET_SECONDS = 1e6;" + COMMAND


class Server:
    """`buurtstem serve` (or another command) on a free port, with its data in `folder`.

    `settings` are environment variables without their prefix. What was set outside does
    not count.
    """

    def __init__(self, folder: Path, *command: str, **settings: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = command or ("serve",)
        self._log = folder / "server.log"
        self._folder = folder
        settings = {
            "database_url": f"sqlite:///{folder}/town.db",
            "media_url": f"file://{folder}/media",
            **settings,
        }
        self.environment = {
            **{name: value for name, value in os.environ.items() if "BUURTSTEM" not in name},
            "PYTHONPATH": str(REPO),
            **{f"BUURTSTEM_{name.upper()}": value for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        """Starts it; with `wait` it answers when this returns."""
        sow(self._folder)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", SERVE, *self._command, "--port", str(self.port)],
                cwd=self._folder,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        while wait and not self.answers():
            assert self._process.poll() is None, self.log
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            return httpx.get(self.url + "/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """Asks it to stop; its exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=60)

    @property
    def log(self) -> str:
        return self._log.read_text()
