"""Casts a vote in a process of its own that dies where it is told: see test_kill_vote."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from bot.messages import Inbound
from runtime.casting import Casting
from runtime.config import Settings
from runtime.wiring import build


def main() -> None:
    settings, message, point = json.loads(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
    put = Casting._put

    async def dying(casting: Casting, uncast: Any) -> Any:
        if point == "before":
            os._exit(9)
        cast = await put(casting, uncast)
        if point == "between":
            os._exit(9)
        return cast

    Casting._put = dying  # type: ignore[method-assign]
    system = build(Settings(**settings))
    asyncio.run(system.take(Inbound.from_json(message)))
    os._exit(9 if point == "after" else 0)


if __name__ == "__main__":
    os.chdir(Path(sys.argv[4]))
    main()
