"""For MCP servers and clients: the decorator for tools, prompts, and resources, and `connect_mcp` for clients.

The decorator works with `mcp` 1.x and 2.x, and FastMCP, none of which this package installs.

When the user must consent, the client gets the authorization URL as a URL-mode elicitation. The user opens the URL, and
the client calls the tool again after the consent. The tool then gets its token::

    server = MCPServer("calendar")  # or FastMCP, which also needs add_middleware(consent_middleware())

    @server.tool()
    @with_access_token(lambda ctx: AccessTokenOptions(
        identity=identity, **from_gate(ctx), provider_name="calendar", scopes=["calendar.read"],
        auth_flow="USER_FEDERATION"))
    def events(ctx: Context, *, access_token: str) -> str:
        return read_calendar(access_token)

The protocol version of the client decides how the URL travels (Model Context Protocol, "Elicitation"): 2026-07-28 as a
result of type `input_required`, 2025-11-25 as error -32042.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import importlib
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ._consent import run_steps_async, steps_after_accept, steps_to_bearer
from ._decorated import check_tool
from ._decorators import Tool, _can_make_options, _refusal
from ._errors import (
    AccessTokenRejectedError,
    ConfigurationError,
    ConsentDeclinedError,
    ConsentFailedError,
    ConsentRequiredError,
)
from ._hidden import Hidden
from ._mcp_client import connect_mcp
from ._mcp_context import Answer, McpContext, consent_key, mcp_context
from ._options import AccessTokenOptions
from ._signature import check_call, describe, signature_without

__all__ = ["connect_mcp", "consent_middleware", "with_access_token"]

_REPEATED_CALL_TIMEOUT = 50
"""Seconds that a repeated call waits for the consent. Less than the timeout of clients, which is 60 seconds in the
TypeScript SDKs."""

_errors_pass: ContextVar[bool] = ContextVar("agent_identity_errors_pass", default=False)
"""Whether FastMCP passes the error with the URL to the client, because of the middleware."""


def _invitation(error: ConsentRequiredError) -> str:
    return f'To continue, allow this agent to use "{error.provider_name}".'


def _types() -> Any:
    return importlib.import_module("mcp.types")


_INTERNAL_ERROR, _MISSING_CAPABILITY = -32603, -32021
_URLS: dict[str, Any] = {"requiredCapabilities": {"elicitation": {"url": {}}}}


def _mcp_error(code: int, message: str, data: Any = None) -> Exception:
    """Servers pass the message of this class alone to the client of a prompt or a resource."""
    error: Exception = importlib.import_module("mcp.shared.exceptions").MCPError(code, message, data)
    return error


def _in_words(context: McpContext, text: str) -> Any:
    """A result with `isError`: servers of `mcp` 2.x do not pass the message of an exception to the client.

    :raises MCPError: for prompts and resources, whose results have no room for words
    """
    if not context.is_tool:
        raise _mcp_error(_INTERNAL_ERROR, text) from None
    if context.is_fastmcp:
        return importlib.import_module("fastmcp.tools").ToolResult(content=text, is_error=True)
    content = [{"type": "text", "text": text}]
    return _types().CallToolResult.model_validate({"content": content, "isError": True})


def _url_in_words(context: McpContext, error: ConsentRequiredError) -> Any:
    """For a client that does not show URLs: the model passes the URL to the user.

    :raises MCPError: -32021 for prompts and resources, as the protocol demands
    """
    if not context.is_tool:
        message = f"{_invitation(error)} This requires a client that shows URLs to its user."
        raise _mcp_error(_MISSING_CAPABILITY, message, _URLS) from None
    return _in_words(
        context,
        f"{_invitation(error)} Ask the user to open this URL in a browser: {error.authorization_url} Call the tool "
        "again after the user has granted access.",
    )


def _input_required(error: ConsentRequiredError) -> Any:
    """The result of a call that is repeated with the user's answer. `requestState` is not needed."""
    return (
        importlib.import_module("mcp_types")
        .InputRequiredResult.model_validate(
            {
                "resultType": "input_required",
                "inputRequests": {
                    consent_key(error): {
                        "method": "elicitation/create",
                        "params": {
                            "mode": "url",
                            "url": error.authorization_url,
                            "message": _invitation(error),
                        },
                    }
                },
            }
        )
    )


def _elicitation_error(error: ConsentRequiredError) -> Exception:
    parameters = _types().ElicitRequestURLParams.model_validate(
        {
            "mode": "url",
            # Part of the URL anyway. It stays the same as long as the URL, so a client shows the URL only once.
            "elicitationId": error.session_uri,
            "url": error.authorization_url,
            "message": _invitation(error),
        }
    )
    exceptions = importlib.import_module("mcp.shared.exceptions")
    elicitation: Exception = exceptions.UrlElicitationRequiredError([parameters])
    return elicitation


def _ask_for_consent(context: McpContext, error: ConsentRequiredError, waited: bool) -> Any:
    """Returns the result that sends the user to the authorization URL, or raises the error that does.

    A client that gets an `input_required` result repeats the call immediately, and shows the URL again if the call
    returns it again. So the URL of a consent that the user has accepted is returned again only after the wait for it.

    :param waited: whether this call waited for the consent
    """
    if not context.multi_round_trip:
        if context.is_fastmcp and context.is_tool and not _errors_pass.get():
            return _url_in_words(context, error)
        raise _elicitation_error(error) from None
    action = context.answers.reveal().get(consent_key(error))
    if action == "decline" or action == "cancel":
        return _in_words(context, str(ConsentDeclinedError(error.provider_name, action)))
    if action == "accept" and not waited:
        # A tool that this tool calls needs this consent, and did not wait for it.
        return _in_words(context, str(error))
    return _input_required(error) if context.url_elicitation else _url_in_words(context, error)


async def _after_accept(options: AccessTokenOptions, session_uri: Hidden[str]) -> Hidden[str] | None:
    """:returns: None if the user has not consented in time, or the authorization URL is no longer valid"""
    try:
        return await run_steps_async(steps_after_accept(options, session_uri))
    except ConsentFailedError as error:
        if error.provider_error is not None:
            raise
        return None


async def _call_tool(tool: Tool, args: Any, kwargs: Any, into: str, credential: Hidden[str]) -> Any:
    """Calls a plain tool in a thread, as the event loop serves other requests while the tool runs."""
    if inspect.iscoroutinefunction(tool):
        return await tool(*args, **kwargs, **{into: credential.reveal()})
    return await asyncio.to_thread(lambda: tool(*args, **kwargs, **{into: credential.reveal()}))


def with_access_token(
    options: AccessTokenOptions | Callable[..., AccessTokenOptions], *, into: str = "access_token"
) -> Callable[[Tool], Tool]:
    """Decorates a plain or `async` tool of an MCP server, which gets the access token as a keyword argument.

    The tool needs a parameter for the context of the server. Put the decorator below the one of the server. The
    decorated tool is `async`.

    It also decorates prompts and resources of `mcp` 2.x and FastMCP. In `mcp` 2.x, a resource gets a context only if its
    URI is a template. `mcp` 1.x passes no errors of prompts and resources to the client, so the URL of a consent does not
    arrive: the user must consent in a tool first.

    :param options: options, or a function that makes them from the arguments of the tool. `on_auth_url` and
        `force_authentication` do not apply, and `consent_timeout` is up to 50 seconds.
    :param into: name of the keyword argument
    :raises ConfigurationError: when it is used without options, and above the decorator of the server
    :returns: the decorator. The decorated tool returns or raises what sends the URL to the client. It raises
        ConfigurationError when it gets no context and for a token that is bound to a key (DPoP), and otherwise the
        errors of `get_access_token` and of the tool.
    """
    if not (isinstance(options, AccessTokenOptions) or _can_make_options(options, into)):
        raise ConfigurationError(
            "The decorator has no options. Write `@with_access_token(AccessTokenOptions(…))`, or pass a function that "
            "returns AccessTokenOptions."
        )

    def resolve(args: Any, kwargs: Any) -> AccessTokenOptions:
        resolved = options(*args, **kwargs) if callable(options) else options
        if not isinstance(resolved, AccessTokenOptions):
            raise ConfigurationError("The function that makes the options must return AccessTokenOptions.")
        timeout = min(resolved.consent_timeout, _REPEATED_CALL_TIMEOUT)
        return dataclasses.replace(
            resolved, on_auth_url=None, force_authentication=False, consent_timeout=timeout
        )

    def decorate(tool: Tool) -> Tool:
        check_tool(tool, "with_access_token", into)
        visible = signature_without(tool, into)

        async def with_token(
            args: Any, kwargs: Any, resolved: AccessTokenOptions, answer: Answer | None
        ) -> Any:
            credential: Hidden[str] | None = None
            if answer:
                credential = await _after_accept(resolved, answer.session_uri)
            if credential is None:
                credential = Hidden(await run_steps_async(steps_to_bearer(resolved)))
            try:
                return await _call_tool(tool, args, kwargs, into, credential)
            except AccessTokenRejectedError:
                pass
            credential = Hidden(await run_steps_async(steps_to_bearer(resolved, credential)))
            with _refusal(resolved):
                return await _call_tool(tool, args, kwargs, into, credential)

        @functools.wraps(tool)
        async def call(*args: Any, **kwargs: Any) -> Any:
            check_call(tool, visible, into, args, kwargs)
            context = mcp_context([*args, *kwargs.values()])
            resolved = resolve(args, kwargs)
            answer = context.answer_for(resolved.provider_name)
            if answer and answer.action != "accept":
                return _in_words(context, str(ConsentDeclinedError(resolved.provider_name, answer.action)))
            try:
                return await with_token(args, kwargs, resolved, answer)
            except ConsentFailedError as failure:
                if not context.multi_round_trip:
                    raise
                return _in_words(context, str(failure))
            except ConsentRequiredError as required:
                return _ask_for_consent(context, required, answer is not None)

        decorated: Tool = call
        describe(decorated, visible)
        return decorated

    return decorate


def consent_middleware() -> Any:
    """Returns the middleware that passes error -32042 with the authorization URL through FastMCP.

    FastMCP turns all errors of a tool into text. Without this middleware, clients of protocol version 2025-11-25 get
    the URL in words: `server.add_middleware(consent_middleware())`.
    """

    async def on_call_tool(_self: Any, context: Any, call_next: Callable[[Any], Any]) -> Any:
        reset = _errors_pass.set(True)
        try:
            return await call_next(context)
        except Exception as error:
            cause = error.__cause__
            elicitation = importlib.import_module("mcp.shared.exceptions").UrlElicitationRequiredError
            if isinstance(cause, elicitation):
                raise cause from None
            raise
        finally:
            _errors_pass.reset(reset)

    middleware = importlib.import_module("fastmcp.server.middleware").Middleware
    return type("ConsentMiddleware", (middleware,), {"on_call_tool": on_call_tool})()
