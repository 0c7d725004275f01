"""MCP servers with a tool that needs the user's consent: `mcp` 1.x, `mcp` 2.x, and FastMCP, over HTTP on loopback."""

import importlib.metadata
import importlib.util
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from agent_identity_client import AccessTokenOptions, ConsentFailedError, from_gate
from agent_identity_client.mcp import consent_middleware, with_access_token

MCP_LINE = int(importlib.metadata.version("mcp").split(".")[0])
HAS_FASTMCP = importlib.util.find_spec("fastmcp") is not None

Options = Callable[[], dict[str, Any]]
"""Returns the options of the tool without the members that each request provides, at each call."""


def _add_tools(server: Any, context_type: Any, options: Options) -> None:
    def of_call(ctx: Any, *_: Any) -> AccessTokenOptions:
        return AccessTokenOptions(**from_gate(ctx), **options())

    def token(ctx: context_type, *, access_token: str) -> str:
        return access_token

    async def async_token(ctx: context_type, *, access_token: str) -> str:
        return access_token

    def failing(ctx: context_type, *, access_token: str) -> str:
        raise ConsentFailedError("other", "access_denied")

    for tool in (token, async_token, failing):
        server.tool()(with_access_token(of_call)(tool))

    @server.prompt()
    @with_access_token(lambda day, ctx: of_call(ctx))
    def day_plan(day: str, ctx: context_type, *, access_token: str) -> str:
        return f"{day} {access_token}"

    @server.resource("calendar://days/{day}")
    @with_access_token(lambda day, ctx: of_call(ctx))
    async def day_events(day: str, ctx: context_type, *, access_token: str) -> str:
        return f"{day} {access_token}"


def _app(kind: str, options: Options) -> Any:
    if kind == "mcp" and MCP_LINE == 1:
        from mcp.server.fastmcp import Context, FastMCP

        server: Any = FastMCP("calendar", stateless_http=True)
        _add_tools(server, Context, options)
        return server.streamable_http_app()
    if kind == "mcp":
        from mcp.server.mcpserver import Context as Context2
        from mcp.server.mcpserver import MCPServer

        server = MCPServer("calendar")
        _add_tools(server, Context2, options)
        return server.streamable_http_app()
    from fastmcp import Context as FastContext
    from fastmcp import FastMCP as Fast

    server = Fast("calendar")
    if kind == "fastmcp-with-middleware":
        server.add_middleware(consent_middleware())
    _add_tools(server, FastContext, options)
    return server.http_app()


@dataclass(frozen=True)
class Received:
    """A request as the server received it."""

    method: str
    headers: dict[str, str]
    body: str


Refusal = tuple[int, dict[str, str]] | None
"""A status and fields to respond with."""

Check = Callable[[Received], Refusal]


@contextmanager
def running_server(kind: str, options: Options) -> Iterator[str]:
    """Starts a server of this kind; yields its URL."""
    with _running(_app(kind, options)) as url:
        yield url


@contextmanager
def protected_server(check: Check) -> Iterator[str]:
    """Starts a server with the tools `read` and `write`, which asks this check first; yields its URL."""
    if MCP_LINE == 1:
        from mcp.server.fastmcp import FastMCP

        server: Any = FastMCP("tickets", stateless_http=True)
    else:
        from mcp.server.mcpserver import MCPServer

        server = MCPServer("tickets")

    @server.tool()
    def read() -> str:
        return "read"

    @server.tool()
    def write() -> str:
        return "write"

    inner = server.streamable_http_app()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await inner(scope, receive, send)
            return
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        body = b"".join(message.get("body", b"") for message in messages).decode()
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        refusal = check(Received(scope["method"], headers, body))
        if refusal is None:
            replay = iter(messages)

            async def received() -> Any:
                return next(replay, None) or await receive()

            await inner(scope, received, send)
            return
        status, fields = refusal
        sent = [(name.encode(), value.encode()) for name, value in fields.items()]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": b""})

    with _running(app) as url:
        yield url


@contextmanager
def _running(app: Any) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
