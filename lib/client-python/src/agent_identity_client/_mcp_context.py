"""What MCP servers pass to a tool, a prompt, and a resource: `Context` of `mcp` 1.x, of `mcp` 2.x, and of FastMCP.

No server is imported: the package works with each of them, and without any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ._errors import ConfigurationError, ConsentRequiredError
from ._hidden import Hidden

Action = Literal["accept", "decline", "cancel"]

_KEY = re.compile(
    r"agent-identity:(?P<provider>[^:]{1,256})"
    r":(?P<session_uri>urn:ietf:params:oauth:request_uri:[a-zA-Z0-9._~-]{1,512})"
)


def consent_key(error: ConsentRequiredError) -> str:
    """The key of a request for consent names the consent session, so an answer to another link is no answer."""
    return f"agent-identity:{error.provider_name}:{error.session_uri}"


@dataclass(frozen=True)
class Answer:
    """The user's answer to a request for consent. "accept" means that the user agreed to open the URL.

    The client writes it, so it can be forged. The session URI is only ever sent to the service, which returns nothing
    for a session of another agent, user, or provider.
    """

    action: Action
    session_uri: Hidden[str]


@dataclass(frozen=True)
class McpContext:
    is_fastmcp: bool
    is_tool: bool
    """Whether the result is that of a tool; otherwise, it is that of a prompt or a resource."""
    multi_round_trip: bool
    """Whether the client has protocol version 2026-07-28 or later."""
    url_elicitation: bool
    """Whether a client of this version shows URLs, as its request declares."""
    answers: Hidden[Mapping[str, Action]]

    def answer_for(self, provider_name: str) -> Answer | None:
        """Returns the answer to the request for consent of this provider, if there is one."""
        for key, action in self.answers.reveal().items():
            match = _KEY.fullmatch(key)
            if match and match["provider"] == provider_name:
                return Answer(action, Hidden(match["session_uri"]))
        return None


def _answers(input_responses: Any) -> dict[str, Action]:
    """Ignores whatever has no known form."""
    if not isinstance(input_responses, Mapping):
        return {}
    actions = {
        key: response.get("action") if isinstance(response, Mapping) else getattr(response, "action", None)
        for key, response in input_responses.items()
    }
    return {
        key: action
        for key, action in actions.items()
        if action in ("accept", "decline", "cancel") and _KEY.fullmatch(key)
    }


_MODERN = "2026-07-28"
"""The first protocol version with multi-round-trip requests. Versions are dates."""


def _is_context(value: Any) -> bool:
    """Arguments from the client are never instances of these classes."""
    return any(
        kind.__name__ == "Context" and kind.__module__.startswith(("mcp.server.", "fastmcp.server."))
        for kind in type(value).__mro__
    )


def mcp_context(values: Iterable[Any]) -> McpContext:
    """Returns what the server passed to the tool.

    :param values: the arguments of the call
    :raises ConfigurationError: when the tool has no parameter for the context
    """
    context = next((value for value in values if _is_context(value)), None)
    if context is None:
        raise ConfigurationError(
            "The tool got no context of an MCP server. Add a parameter to the tool with the annotation `Context` of "
            "your MCP server."
        )
    request = context.request_context
    # `mcp` 1.x knows no protocol version that a request can have.
    version = getattr(request, "protocol_version", None)
    multi_round_trip = isinstance(version, str) and version >= _MODERN
    capabilities = getattr(context.session, "client_capabilities", None) if multi_round_trip else None
    return McpContext(
        # FastMCP keeps the request in a private member. `mcp` 1.x does not say what the request is, and its prompts and
        # resources pass no error to the client.
        is_tool=getattr(getattr(request, "_srctx", request), "method", "tools/call") == "tools/call",
        is_fastmcp=type(context).__module__.startswith("fastmcp."),
        multi_round_trip=multi_round_trip,
        url_elicitation=getattr(getattr(capabilities, "elicitation", None), "url", None) is not None,
        answers=Hidden(_answers(context.input_responses) if multi_round_trip else {}),
    )
