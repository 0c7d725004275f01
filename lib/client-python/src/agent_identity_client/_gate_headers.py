"""The headers of the request by which the gate invokes an agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from ._errors import WorkloadAccessTokenError
from ._workload_access_token import StaticWorkloadAccessToken


class GateOptions(TypedDict):
    """Options to unpack into `AccessTokenOptions`."""

    workload_identity_token: StaticWorkloadAccessToken
    callback_url: str | None


def from_gate(headers: Mapping[str, str]) -> GateOptions:
    """Returns the options that the gate sends with each invocation.

    :param headers: of the request that invoked the agent
    :raises WorkloadAccessTokenError: when the request has no token, because it did not come through a gate
    """
    named = {name.lower(): value for name, value in headers.items()}
    token = named.get("workloadaccesstoken")
    if not token:
        raise WorkloadAccessTokenError(
            "The request has no WorkloadAccessToken header. Invoke the agent through its gate, or use "
            "`workload_access_tokens`."
        )
    return {
        "workload_identity_token": StaticWorkloadAccessToken(token),
        "callback_url": named.get("oauth2callbackurl"),
    }
