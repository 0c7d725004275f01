"""Calls of other agents through their gates. The called agent acts for the same user, and its token names both agents."""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import Any

from ._addresses import is_secure, split_url, uses_environment_proxy
from ._errors import ConfigurationError
from ._hidden import Hidden
from ._identity_client import check_base_path
from ._requirements import WORKLOAD_TOKEN, has_methods, is_workload_token, require
from ._workload_access_token import WorkloadAccessTokenSource, with_workload_access_token

CALLING_AGENT_HEADER = "X-Amz-Bedrock-AgentCore-Identity-WAT"
"""Where gates read the workload access token of the agent that calls, as AWS SDKs send it."""

_AWS_HOST = re.compile(r"bedrock-agentcore(-fips)?\..+\.(amazonaws\.com(\.cn)?|api\.aws|aws)")
"""Hosts of the AWS service, which a client has without an endpoint."""

_token: ContextVar[Hidden[str] | None] = ContextVar("token", default=None)
"""The token of the request in progress. It is not kept in the client, which can serve several users."""


def _add_token(params: dict[str, Any], **_: Any) -> None:
    token = _token.get()
    if token is not None:
        params["headers"][CALLING_AGENT_HEADER] = token.reveal()


def _check_gate(agent: Any) -> None:
    """:raises ConfigurationError: for a client that would send the token to the AWS service, or in clear text"""
    url = split_url(agent.meta.endpoint_url)
    if not is_secure(url) or _AWS_HOST.fullmatch(url.hostname or ""):
        raise ConfigurationError(
            "The client of the agent must have the address of its gate as endpoint: an https URL, or an http URL on "
            "loopback. Pass identity_client(endpoint)."
        )
    if uses_environment_proxy(agent):
        raise ConfigurationError(
            "The client of the agent would send the token to a proxy of the environment (HTTP_PROXY) in clear text. Pass "
            "identity_client(endpoint), or set NO_PROXY to 127.0.0.1,localhost,::1."
        )
    check_base_path(url)


def invoke_agent(
    agent: Any, workload_identity_token: WorkloadAccessTokenSource | str, **request: Any
) -> Any:
    """Invokes an agent whose gate authorizes callers by IAM. The header with the token is in the signature.

    :param agent: a client of the gate: `identity_client(endpoint)` with the gate's address, without `/runtimes/…`
    :param workload_identity_token: of this agent for its user: `from_gate(headers)["workload_identity_token"]`, or another
        source
    :param request: the arguments of `invoke_agent_runtime`
    :raises: the errors of boto3; WorkloadAccessTokenError if the token has expired and cannot be replaced;
        ConfigurationError for a client without an endpoint, or with one to which a token must not be sent
    """
    given = is_workload_token(workload_identity_token)
    source: Hidden[Any] = Hidden(workload_identity_token)
    del workload_identity_token
    client = has_methods(agent, "invoke_agent_runtime")
    require(client, "invoke_agent", "agent", "a client of the gate: identity_client(endpoint)")
    require(given, "invoke_agent", "workload_identity_token", WORKLOAD_TOKEN)
    _check_gate(agent)
    event = "before-call.bedrock-agentcore.InvokeAgentRuntime"
    agent.meta.events.register(event, _add_token, unique_id="agent-identity-calling-agent")

    def send(token: Hidden[str]) -> Any:
        reset = _token.set(token)
        try:
            return agent.invoke_agent_runtime(**request)
        finally:
            _token.reset(reset)

    return with_workload_access_token(source.reveal(), send)
