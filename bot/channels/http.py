"""What every provider's HTTP client has in common."""

from __future__ import annotations

import httpx

# The request never left this machine, so sending it again cannot double it.
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
