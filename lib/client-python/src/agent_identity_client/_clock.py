"""The clock that a consent is waited for on; a test can replace it."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Returns seconds."""

    def wait(self, seconds: float, cancelled: threading.Event) -> None:
        """Returns after so many seconds, or as soon as the event is set."""

    async def sleep(self, seconds: float) -> None:
        """Waits in an event loop without blocking it."""


class SystemClock:
    def now(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float, cancelled: threading.Event) -> None:
        cancelled.wait(seconds)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
