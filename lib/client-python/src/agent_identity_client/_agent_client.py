"""A client of httpx for the gate of another agent that accepts user tokens. The called agent acts for the same user."""

from __future__ import annotations

import asyncio
from typing import Any

from ._addresses import httpx_options
from ._authorization import check_address, origin_of, stop_at_redirects
from ._authorized_client import http_library
from ._calling_agent import CALLING_AGENT_HEADER
from ._errors import AgentRedirectError, ConfigurationError
from ._hidden import Hidden
from ._requirements import WORKLOAD_TOKEN, is_workload_token, require
from ._workload_access_token import StaticWorkloadAccessToken, WorkloadAccessTokenSource


def header_value(token: str) -> str:
    """Returns the token, unless the error of httpx about it would repeat it."""
    value = Hidden(token)
    is_valid = token.isascii() and token.isprintable() and " " not in token
    del token
    if not is_valid:
        raise ConfigurationError(
            "The workload access token contains a space, a line break, or another character that no token has."
        )
    return value.reveal()


def agent_client(
    url: str, workload_identity_token: WorkloadAccessTokenSource | str, **client_options: Any
) -> Any:
    """Returns an `httpx.AsyncClient` for an agent whose gate accepts user tokens.

    Pass the user's token in `Authorization`; this client adds the workload access token. Nothing is sent to another origin
    than that of the URL, and redirects are not followed. Requests can have any method, and a stream as their body.

    :param url: of the gate, or any URL of its origin: https, or http on loopback
    :param workload_identity_token: of this agent for the user of the user token
    :param client_options: of `httpx.AsyncClient`, without `event_hooks` and `follow_redirects`. For http on loopback,
        `trust_env` is False, so that no proxy of the environment (HTTP_PROXY) receives the tokens
    :returns: the client, whose requests raise AgentRedirectError, and the errors of the source of the token
    :raises ConfigurationError: for an address to which a token must not be sent, and without httpx
    """
    given, source = is_workload_token(workload_identity_token), Hidden(workload_identity_token)
    del workload_identity_token
    check_address(url, "agent")
    require(given, "agent_client", "workload_identity_token", WORKLOAD_TOKEN)
    http = http_library("agent_client")
    text = source.reveal()
    tokens = StaticWorkloadAccessToken(text) if isinstance(text, str) else text
    del text
    origin = origin_of(str(url))

    async def add_token(request: Any) -> None:
        if origin_of(str(request.url)) != origin:
            raise AgentRedirectError
        request.headers[CALLING_AGENT_HEADER] = header_value(await asyncio.to_thread(tokens.get))

    return http.AsyncClient(
        event_hooks={"request": [add_token], "response": [stop_at_redirects(AgentRedirectError)]},
        follow_redirects=False,
        **httpx_options(url, client_options),
    )
