"""Hosts on one machine: network namespaces on a bridge, each with an address of its own.

Needs root and iproute2. Everything has names of this process, and is removed at the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

IP = shutil.which("ip") or "/usr/sbin/ip"


def ip(*words: str) -> None:
    """Raises CalledProcessError with what `ip` said."""
    subprocess.run([IP, *words], check=True, capture_output=True, text=True)


def missing() -> str:
    """Why there can be no hosts here; "" when there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.path.exists(IP):
        return "network namespaces need iproute2"
    name = f"bs{os.getpid()}probe"
    try:
        ip("netns", "add", name)
        ip("link", "add", f"b{os.getpid()}", "type", "bridge")
        ip("link", "del", f"b{os.getpid()}")
    except subprocess.CalledProcessError:
        return "this machine lets nobody make network namespaces"
    finally:
        with suppress(subprocess.CalledProcessError):
            ip("netns", "del", name)
    return ""


@dataclass
class Network:
    """`host` adds one; `cut` takes its cable out, `join` puts it in again.

    This process is on the bridge as `here`.
    """

    number: int
    hosts: list[str] = field(default_factory=list)

    @property
    def bridge(self) -> str:
        return f"bs{self.number}"

    def address(self, n: int) -> str:
        return f"10.{77 + self.number // 250 % 100}.{self.number % 250}.{n}"

    @property
    def here(self) -> str:
        return self.address(1)

    def host(self) -> tuple[str, str]:
        """The name of a namespace, and its address."""
        n = len(self.hosts) + 2
        name, address = f"bs{self.number}h{n}", self.address(n)
        ip("netns", "add", name)
        self.hosts.append(name)
        ip("link", "add", self._cable(name), "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", self._cable(name), "master", self.bridge, "up")
        ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        ip("-n", name, "link", "set", "lo", "up")
        return name, address

    def cut(self, name: str) -> None:
        ip("link", "set", self._cable(name), "down")

    def join(self, name: str) -> None:
        ip("link", "set", self._cable(name), "up")

    @staticmethod
    def _cable(name: str) -> str:
        return f"v{name}"

    @staticmethod
    def inside(name: str) -> tuple[str, ...]:
        """What a command begins with that runs on this host."""
        return (IP, "netns", "exec", name)


@contextmanager
def network() -> Iterator[Network]:
    net = Network(os.getpid() % 25_000)
    ip("link", "add", net.bridge, "type", "bridge")
    try:
        ip("addr", "add", f"{net.here}/24", "dev", net.bridge)
        ip("link", "set", net.bridge, "up")
        yield net
    finally:
        for name in net.hosts:
            with suppress(subprocess.CalledProcessError):
                ip("netns", "del", name)  # its cable goes along
        ip("link", "del", net.bridge)
