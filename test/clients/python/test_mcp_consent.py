"""agent_identity_client.mcp: consent in a tool of `mcp` 1.x, `mcp` 2.x, and FastMCP, with the clients of `mcp`.

It runs twice: with `mcp` 2.x and FastMCP, and with `mcp` 1.x.
"""

import asyncio
import contextlib
import json
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

import agent_identity_client
from agent_identity_client import ConfigurationError, identity_client
from agent_identity_client.mcp import with_access_token
from mcp_servers import HAS_FASTMCP, MCP_LINE, running_server
from world import RETURN_URL, Agent, World

MODERN = "2026-07-28"
ONLY_MCP_2 = pytest.mark.skipif(MCP_LINE != 2, reason="requires mcp 2.x")
ONLY_FASTMCP = pytest.mark.skipif(not HAS_FASTMCP, reason="requires FastMCP")


class ScriptedClock:
    """Advances only by waiting. The n-th wait runs the n-th of these events."""

    def __init__(self, *events: Callable[[], object]) -> None:
        self.pauses: list[float] = []
        self._events = list(events)
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def wait(self, seconds: float, cancelled: threading.Event) -> None:
        raise AssertionError("a tool of an MCP server never blocks the event loop")

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._now += seconds
        if self._events:
            await asyncio.to_thread(self._events.pop(0))


@dataclass
class Tools:
    """A server, the agent behind it, and what its tool uses."""

    url: str
    agent: Agent
    options: dict[str, Any] = field(repr=False)

    def script(self, *events: Callable[[], object]) -> ScriptedClock:
        clock = ScriptedClock(*events)
        self.options["clock"] = clock
        return clock

    def consent(self, url: str, user_id: str) -> None:
        """The user's steps in the browser, and the application's completion."""
        self.agent.complete(self.agent.consent(url), userId=user_id)


@contextlib.contextmanager
def tools_of(world: World, kind: str) -> Iterator[Tools]:
    agent = world.agent()
    options = {
        "identity": identity_client(world.endpoint, world.ready["region"]),
        "callback_url": RETURN_URL,
        "provider_name": world.provider_name,
        "scopes": ["calendar.read"],
        "auth_flow": "USER_FEDERATION",
        "clock": ScriptedClock(),
        "force_authentication": True,
        "on_auth_url": print,
    }
    # The gate's options of the request have priority.
    of_tool = {name: value for name, value in options.items() if name != "callback_url"}
    with running_server(kind, lambda: of_tool) as url:
        yield Tools(url, agent, of_tool)


@pytest.fixture(scope="module")
def mcp_tools(world: World) -> Iterator[Tools]:
    with tools_of(world, "mcp") as tools:
        yield tools


@pytest.fixture(scope="module")
def fastmcp_tools(world: World) -> Iterator[Tools]:
    with tools_of(world, "fastmcp-with-middleware") as tools:
        yield tools


@pytest.fixture(scope="module")
def plain_fastmcp_tools(world: World) -> Iterator[Tools]:
    with tools_of(world, "fastmcp") as tools:
        yield tools


Answer = Callable[[str], str]
Work = Callable[[Any], Awaitable[Any]]


def _headers(tools: Tools, user_id: str) -> dict[str, str]:
    """Like those that the gate sends."""
    return {"WorkloadAccessToken": tools.agent.token(user_id=user_id), "OAuth2CallbackUrl": RETURN_URL}


def with_client(tools: Tools, user_id: str, work: Work, mode: str = MODERN, answer: Answer | None = None) -> Any:
    """Runs work with a client of `mcp` 2.x that is connected for this user."""
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.types import ElicitResult

    async def elicit(_context: Any, params: Any) -> ElicitResult:
        assert answer is not None
        return ElicitResult(action=await asyncio.to_thread(answer, params.url))

    async def run() -> Any:
        async with httpx2.AsyncClient(headers=_headers(tools, user_id), timeout=60) as http:
            transport = streamable_http_client(tools.url, http_client=http)
            async with Client(transport, mode=mode, elicitation_callback=elicit if answer else None) as client:
                return await work(client)

    return asyncio.run(run())


def with_client_1(tools: Tools, user_id: str, work: Work) -> Any:
    """Runs work with a client of `mcp` 1.x that is connected for this user."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def run() -> Any:
        async with (
            streamablehttp_client(tools.url, _headers(tools, user_id)) as (reader, writer, _),
            ClientSession(reader, writer) as session,
        ):
            await session.initialize()
            return await work(session)

    return asyncio.run(run())


def call(tools: Tools, user_id: str, answer: Answer | None = None, mode: str = MODERN, tool: str = "token") -> Any:
    return with_client(tools, user_id, lambda client: client.call_tool(tool, {}), mode, answer)


def text_of(result: Any) -> str:
    [content] = result.content
    return content.text


def is_error(result: Any) -> bool:
    return result.is_error if MCP_LINE == 2 else result.isError


def url_in(text: str) -> str:
    found = re.search(r"http\S+", text)
    assert found, text
    return found.group()


def elicited_url(failure: BaseException) -> str:
    error: Any = failure.error if hasattr(failure, "error") else failure.exceptions[0].error  # type: ignore
    assert error.code == -32042
    [elicitation] = error.data["elicitations"]
    assert elicitation["mode"] == "url" and elicitation["elicitationId"] in elicitation["url"]
    return elicitation["url"]


async def failure_of(work: Awaitable[Any]) -> Exception:
    try:
        result = await work
    except Exception as error:
        return error
    raise AssertionError(result)


@pytest.fixture(params=["mcp_tools", pytest.param("fastmcp_tools", marks=ONLY_FASTMCP)])
def tools(request: pytest.FixtureRequest) -> Tools:
    found: Tools = request.getfixturevalue(request.param)
    found.script()
    return found


@ONLY_MCP_2
@pytest.mark.parametrize("tool", ["token", "async_token"])
def test_a_modern_client_shows_the_url_once_while_the_repeated_call_waits(tools: Tools, tool: str) -> None:
    user_id = f"ana-{tool}"
    shown: list[str] = []

    def answer(url: str) -> str:
        shown.append(url)
        return "accept"

    clock = tools.script(lambda: None, lambda: tools.consent(shown[0], user_id))
    token = text_of(call(tools, user_id, answer, tool=tool))
    assert [len(shown), clock.pauses] == [1, [1.0, 1.5]]
    assert text_of(call(tools, user_id, tool=tool)) == token
    assert shown[0] not in token


@ONLY_MCP_2
def test_a_modern_client_shows_the_same_url_again_after_50_seconds(tools: Tools) -> None:
    shown: list[str] = []

    def answer(url: str) -> str:
        shown.append(url)
        if len(shown) == 2:
            tools.consent(url, "carl")
        return "accept"

    clock = tools.script()
    assert not is_error(call(tools, "carl", answer))
    assert sum(clock.pauses) == 50
    assert len(shown) == 2 and shown[0] == shown[1]


@ONLY_MCP_2
@pytest.mark.parametrize(("action", "words"), [("decline", "declined to let this agent"), ("cancel", "did not answer")])
def test_a_modern_client_that_declines_gets_a_clear_error_and_no_url(tools: Tools, action: str, words: str) -> None:
    shown: list[str] = []

    def answer(url: str) -> str:
        shown.append(url)
        return action

    result = call(tools, f"dora-{action}", answer)
    assert is_error(result) and words in text_of(result) and "http" not in text_of(result)
    assert len(shown) == 1


@ONLY_MCP_2
def test_a_user_who_declines_at_the_provider_ends_the_call(tools: Tools) -> None:
    shown: list[str] = []

    def answer(url: str) -> str:
        shown.append(url)
        return "accept"

    tools.script(lambda: tools.agent.consent(shown[0], decision="deny"))
    result = call(tools, "eve", answer)
    assert is_error(result) and "denied access" in text_of(result)
    assert len(shown) == 1


@ONLY_MCP_2
def test_a_modern_client_without_url_elicitation_gets_the_url_in_words(tools: Tools) -> None:
    result = call(tools, "fay")
    assert is_error(result)
    tools.consent(url_in(text_of(result)), "fay")
    assert not is_error(call(tools, "fay"))


@ONLY_MCP_2
def test_a_forged_answer_gets_the_url_of_the_caller_and_no_token_of_others(tools: Tools) -> None:
    async def once(client: Any, responses: dict[str, Any] | None = None) -> Any:
        return await client.session.call_tool(
            "token", {}, input_responses=responses, allow_input_required=True
        )

    def request_of(result: Any) -> tuple[str, str]:
        [(key, request)] = result.input_requests.items()
        return key, request.params.url

    asked = with_client(tools, "lea", once, answer=str)
    key, url = request_of(asked)
    tools.consent(url, "lea")
    own = request_of(with_client(tools, "mallory", once, answer=str))
    clock = tools.script()
    forged = {key: {"action": "accept"}, f"{key}?": {"action": "accept"}}
    result = with_client(tools, "mallory", lambda client: once(client, forged), answer=str)
    assert request_of(result) == own and own[0] != key
    assert clock.pauses == []


@ONLY_MCP_2
def test_a_legacy_client_gets_the_url_as_an_error(tools: Tools) -> None:
    work: Work = lambda client: failure_of(client.call_tool("token", {}))  # noqa: E731
    url = elicited_url(with_client(tools, "gus", work, "legacy"))
    assert elicited_url(with_client(tools, "gus", work, "legacy")) == url
    tools.consent(url, "gus")
    assert not is_error(call(tools, "gus", mode="legacy"))


@ONLY_FASTMCP
def test_a_legacy_client_gets_the_url_in_words_from_fastmcp_without_the_middleware(
    plain_fastmcp_tools: Tools,
) -> None:
    result = call(plain_fastmcp_tools, "hal", mode="legacy")
    assert is_error(result)
    plain_fastmcp_tools.consent(url_in(text_of(result)), "hal")
    assert not is_error(call(plain_fastmcp_tools, "hal", mode="legacy"))


@ONLY_MCP_2
def test_a_failed_consent_within_a_modern_tool_has_words(tools: Tools) -> None:
    tools.agent.connect("ivy", resourceOauth2ReturnUrl=RETURN_URL)
    result = call(tools, "ivy", tool="failing")
    assert is_error(result) and "denied access" in text_of(result)


READ: dict[str, Work] = {
    "prompt": lambda client: client.get_prompt("day_plan", {"day": "today"}),
    "resource": lambda client: client.read_resource("calendar://days/today"),
}
"""A prompt and a resource whose texts have the token."""


def content_of(result: Any) -> str:
    [part] = result.messages if hasattr(result, "messages") else result.contents
    return part.content.text if hasattr(part, "content") else part.text


def mcp_error(failure: Exception) -> Any:
    return failure.error if hasattr(failure, "error") else failure.exceptions[0].error  # type: ignore


@ONLY_MCP_2
@pytest.mark.parametrize("kind", READ)
def test_a_prompt_and_a_resource_wait_for_the_consent_of_a_modern_client(tools: Tools, kind: str) -> None:
    user_id = f"mia-{kind}"
    shown: list[str] = []

    def answer(url: str) -> str:
        shown.append(url)
        return "accept"

    tools.script(lambda: tools.consent(shown[0], user_id))
    content = content_of(with_client(tools, user_id, READ[kind], answer=answer))
    assert content.startswith("today ") and len(content) > 20
    assert len(shown) == 1 and shown[0] not in content


@ONLY_MCP_2
@pytest.mark.parametrize("kind", READ)
@pytest.mark.parametrize(("action", "words"), [("decline", "declined to let this agent"), ("cancel", "did not answer")])
def test_a_prompt_and_a_resource_fail_in_words_if_the_user_declines(
    tools: Tools, kind: str, action: str, words: str
) -> None:
    work: Work = lambda client: failure_of(READ[kind](client))  # noqa: E731
    error = mcp_error(with_client(tools, f"ned-{kind}-{action}", work, answer=lambda _: action))
    assert words in error.message and "http" not in error.message


@ONLY_MCP_2
@pytest.mark.parametrize("kind", READ)
def test_a_prompt_and_a_resource_require_a_client_that_shows_urls(tools: Tools, kind: str) -> None:
    error = mcp_error(with_client(tools, f"ola-{kind}", lambda client: failure_of(READ[kind](client))))
    assert error.code == -32021
    assert error.data == {"requiredCapabilities": {"elicitation": {"url": {}}}}
    assert "http" not in error.message


@ONLY_MCP_2
@pytest.mark.parametrize("kind", READ)
@pytest.mark.parametrize("server", ["mcp_tools", pytest.param("plain_fastmcp_tools", marks=ONLY_FASTMCP)])
def test_a_prompt_and_a_resource_send_the_url_to_a_legacy_client_as_an_error(
    request: pytest.FixtureRequest, server: str, kind: str
) -> None:
    served: Tools = request.getfixturevalue(server)
    work: Work = lambda client: failure_of(READ[kind](client))  # noqa: E731
    url = elicited_url(with_client(served, f"pat-{kind}", work, "legacy"))
    served.consent(url, f"pat-{kind}")
    assert content_of(with_client(served, f"pat-{kind}", READ[kind], "legacy")).startswith("today ")


@pytest.mark.skipif(MCP_LINE != 1, reason="requires mcp 1.x")
@pytest.mark.parametrize("kind", READ)
def test_mcp_1_does_not_send_the_url_of_a_prompt_and_of_a_resource(mcp_tools: Tools, kind: str) -> None:
    user_id = f"quin-{kind}"
    work: Work = lambda session: failure_of(READ[kind](session))  # noqa: E731
    error = mcp_error(with_client_1(mcp_tools, user_id, work))
    assert "http" not in error.message and error.data is None
    tool: Work = lambda session: failure_of(session.call_tool("token", {}))  # noqa: E731
    mcp_tools.consent(elicited_url(with_client_1(mcp_tools, user_id, tool)), user_id)
    assert content_of(with_client_1(mcp_tools, user_id, READ[kind])).startswith("today ")


@pytest.mark.skipif(MCP_LINE != 1, reason="requires mcp 1.x")
@pytest.mark.parametrize("tool", ["token", "async_token"])
def test_a_client_of_mcp_1_gets_the_url_as_an_error(mcp_tools: Tools, tool: str) -> None:
    work: Work = lambda session: failure_of(session.call_tool(tool, {}))  # noqa: E731
    url = elicited_url(with_client_1(mcp_tools, f"kim-{tool}", work))
    assert elicited_url(with_client_1(mcp_tools, f"kim-{tool}", work)) == url
    mcp_tools.consent(url, f"kim-{tool}")
    result = with_client_1(mcp_tools, f"kim-{tool}", lambda session: session.call_tool(tool, {}))
    assert not is_error(result) and text_of(result)


def test_the_schema_of_a_tool_has_neither_the_token_nor_the_context(mcp_tools: Tools) -> None:
    work: Work = lambda client: client.list_tools()  # noqa: E731
    listed = with_client(mcp_tools, "rob", work) if MCP_LINE == 2 else with_client_1(mcp_tools, "rob", work)
    schemas = json.dumps([tool.model_dump(mode="json") for tool in listed.tools])
    assert "access_token" not in schemas and '"ctx"' not in schemas


def servers() -> list[tuple[Any, Any]]:
    """Each kind of server that is installed, with its class of contexts."""
    found: list[tuple[Any, Any]] = []
    if MCP_LINE == 1:
        from mcp.server.fastmcp import Context, FastMCP

        found.append((FastMCP("calendar"), Context))
    else:
        from mcp.server.mcpserver import Context as Context2
        from mcp.server.mcpserver import MCPServer

        found.append((MCPServer("calendar"), Context2))
    if HAS_FASTMCP:
        from fastmcp import Context as FastContext
        from fastmcp import FastMCP as Fast

        found.append((Fast("calendar"), FastContext))
    return found


def no_options() -> Any:
    raise AssertionError("not reached")


@pytest.mark.parametrize("own", [with_access_token, agent_identity_client.with_access_token])
def test_the_decorator_of_a_server_below_is_rejected(own: Any) -> None:
    for server, context in servers():
        with pytest.raises(ConfigurationError, match="decorators of events are in the wrong order") as raised:

            @own(no_options)
            @server.tool()
            def events(ctx: context, *, access_token: str) -> str:
                return access_token

        assert "Put `@with_access_token(…)` below the decorator of the server" in str(raised.value)
        with pytest.raises(ConfigurationError, match="decorators of plan are in the wrong order"):

            @own(no_options)
            @server.prompt("a plan")
            async def plan(ctx: context, *, access_token: str) -> str:
                return access_token


@ONLY_FASTMCP
def test_the_decorator_of_fastmcp_below_is_rejected_without_its_source() -> None:
    [_, (server, context)] = servers()

    def events(ctx: context, *, access_token: str) -> str:
        return access_token

    with pytest.raises(ConfigurationError, match="in the wrong order"):
        with_access_token(no_options)(server.tool(events))


@pytest.mark.parametrize("instead", [None, 7, "calendar"])
def test_another_value_than_a_function_is_rejected(instead: Any) -> None:
    with pytest.raises(ConfigurationError, match="must decorate a function"):
        with_access_token(no_options)(instead)


def test_a_tool_without_a_context_says_what_to_add() -> None:
    def tool(*, access_token: str) -> str:
        return access_token

    def options() -> Any:
        raise AssertionError("not reached")

    with pytest.raises(ConfigurationError, match="annotation `Context`"):
        asyncio.run(with_access_token(options)(tool)())
