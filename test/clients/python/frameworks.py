"""The programs of docs/frameworks.md, with the frameworks' own packages: their tools read a user's calendar."""

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from agents.tool_context import ToolContext
from agents.usage import Usage
from langchain_core.messages import AIMessage
from strands import Agent as StrandsAgent
from world import RETURN_URL, World

GUIDE = (Path(__file__).parents[3] / "docs" / "frameworks.md").read_text(encoding="utf-8")
DAY = {"day": "2026-12-24"}
EVENTS = "/events?day=2026-12-24"
"""What the calendar returns to the user's token alone: the path of the request."""


def program_below(heading: str) -> str:
    """The first program in Python below the heading."""
    return GUIDE.split(f"\n## {heading}\n")[1].split("\n```python\n")[1].split("\n```\n")[0]


PLACEHOLDERS = {
    "agent": "my-agent",
    "provider": "my-calendar",
    "return_url": "https://app.example/connected",
    "events_url": "https://calendar.example/events",
}


def module(heading: str, **values: str) -> ModuleType:
    """The program as a module.

    :param values: what takes the place of the example's values
    """
    program = program_below(heading)
    for name, value in values.items():
        assert PLACEHOLDERS[name] in program
        program = program.replace(PLACEHOLDERS[name], value)
    loaded = ModuleType("program")
    exec(compile(program, heading, "exec"), vars(loaded))
    return loaded


@pytest.fixture
def tools_of(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], list[Any]]]:
    """Returns the tools of a framework for a user who has consented."""
    agent = world.agent()
    token = agent.connect("ana")

    class Calendar(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.headers["authorization"] == f"Bearer {token}" else 403)
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *_: Any) -> None:
            """Does not print."""

    calendar = HTTPServer(("127.0.0.1", 0), Calendar)
    thread = threading.Thread(target=calendar.serve_forever)
    thread.start()
    monkeypatch.setenv("AGENT_IDENTITY_ENDPOINT", world.endpoint)
    user_calendar = module(
        "The calendar, in Python",
        agent=agent.name,
        provider=world.provider_name,
        return_url=RETURN_URL,
        events_url=f"http://127.0.0.1:{calendar.server_port}/events",
    )
    monkeypatch.setitem(sys.modules, "user_calendar", user_calendar)
    try:
        yield lambda heading: module(heading).calendar_tools("ana", "state", pytest.fail)
    finally:
        calendar.shutdown()
        calendar.server_close()
        thread.join()


def test_langchain(tools_of: Callable[[str], list[Any]]) -> None:
    (tool,) = tools_of("LangChain")
    assert list(tool.args) == ["day"]
    assert tool.invoke(DAY) == EVENTS


def test_langgraph(tools_of: Callable[[str], list[Any]]) -> None:
    (tool,) = tools = tools_of("LangChain")
    call = {"name": tool.name, "args": DAY, "id": "1"}
    state = module("LangGraph").graph_of(tools).invoke({"messages": [AIMessage("", tool_calls=[call])]})
    assert state["messages"][-1].content == EVENTS


def test_strands(tools_of: Callable[[str], list[Any]]) -> None:
    (tool,) = tools = tools_of("Strands")
    assert list(tool.tool_spec["inputSchema"]["json"]["properties"]) == ["day"]
    agent = StrandsAgent(tools=tools)
    result = agent.tool.read_calendar(**DAY)
    assert result["content"][0]["text"] == EVENTS


def test_openai_agents(tools_of: Callable[[str], list[Any]]) -> None:
    (tool,) = tools_of("OpenAI Agents SDK")
    assert list(tool.params_json_schema["properties"]) == ["day"]
    arguments = json.dumps(DAY)
    context = ToolContext(
        context=None, usage=Usage(), tool_name=tool.name, tool_call_id="1", tool_arguments=arguments
    )
    assert asyncio.run(tool.on_invoke_tool(context, arguments)) == EVENTS
