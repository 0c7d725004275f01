"""The user of a client under test, whose browser is in the tests.

The client writes one JSON object a line to stdout. It reads a line from stdin when it waits for its user.
"""

import json
import sys
from importlib.metadata import version
from typing import Any


def tell(**members: Any) -> None:
    print(json.dumps(members), flush=True)


def show_links(elicitations: list[dict[str, Any]]) -> None:
    """Shows the links of error -32042 (MCP 2025-11-25, "Elicitation"), and waits until the user is done."""
    for elicitation in elicitations:
        tell(link=elicitation["url"], how="-32042")
    sys.stdin.readline()


def show_link_of_elicitation(url: str) -> None:
    """Shows the link of a request for input (MCP 2026-07-28). The client accepts when the user has opened the link."""
    tell(link=url, how="input_required")


def finish(result: str, *packages: str) -> None:
    tell(result=result, packages=[f"{package} {version(package)}" for package in packages])
