"""A tool whose annotations are strings, of a type that only this module knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Day:
    """A day of a calendar."""


def declare() -> Callable[..., Any]:
    def tool(day: Day, *, calendar_token: str) -> list[Day]:
        return [day]

    return tool
