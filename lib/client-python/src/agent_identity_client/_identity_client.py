"""The boto3 client, configured for this service."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult

import boto3

from ._addresses import boto3_config, is_secure, split_url
from ._errors import ConfigurationError
from ._hidden import Hidden
from ._request_failures import explain_failures
from ._requirements import require
from ._service_contract import GET_TOKEN_PATH

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_REGION_IN_HOST = re.compile(r"\.execute-api\.([a-z0-9-]+)\.(?:amazonaws|on\.aws)")


@dataclass(frozen=True)
class _Change:
    """How GetResourceOauth2Token requests differ from those that boto3 sends."""

    path: str
    members: Mapping[str, Hidden[str]]
    kept: str | None


_change: ContextVar[_Change | None] = ContextVar("change", default=None)


@contextmanager
def also_sending(
    members: Mapping[str, Hidden[str] | None], *, path: str = GET_TOKEN_PATH, keeping: str | None = None
) -> Iterator[None]:
    """Within this context, token requests have these members too.

    :param path: of an operation for which boto3 has no method, and whose requests have the members of token requests
    :param keeping: name of a member of the response that boto3 would drop
    """
    added = {name: value for name, value in members.items() if value is not None}
    reset = _change.set(_Change(path, added, keeping))
    try:
        yield
    finally:
        _change.reset(reset)


def _sign_for_api_gateway(request: Any, **_: Any) -> None:
    """IAM authorization on API Gateway requires another service name than boto3 would sign for."""
    request.context.setdefault("signing", {})["signing_name"] = "execute-api"


def _change_request(params: dict[str, Any], **_: Any) -> None:
    change = _change.get()
    if change is None:
        return
    params["url"] = params["url"].replace(GET_TOKEN_PATH, change.path)
    body = json.loads(params["body"]) | {name: value.reveal() for name, value in change.members.items()}
    params["body"] = json.dumps(body).encode()


def _keep_member(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
    change = _change.get()
    if change is None or change.kept is None or http_response.status_code >= 300:
        return
    parsed[change.kept] = json.loads(http_response.content).get(change.kept)


_INVOCATION_PATH = re.compile(r"/runtimes(/.*)?$")
"""The path of an invocation, after the base URL of a gate."""


def check_base_path(url: SplitResult) -> None:
    """boto3 appends the path of each operation to the endpoint.

    :raises ConfigurationError: for the URL that invokes an agent in place of its base
    """
    if _INVOCATION_PATH.search(url.path):
        base = f"{url.scheme}://{url.netloc.rpartition('@')[2]}{_INVOCATION_PATH.sub('', url.path)}"
        raise ConfigurationError(
            f"The endpoint is the URL that invokes an agent. Pass the part before /runtimes/: {base}"
        )


def identity_client(endpoint: str | None = None, region: str | None = None, **settings: Any) -> Any:
    """Returns a client of the identity service: the boto3 client, with endpoint, Region, and signing configured.

    :param endpoint: URL of the service, including the stage; AGENT_IDENTITY_ENDPOINT by default. Proxies of the
        environment (HTTP_PROXY) do not apply to http on loopback
    :param region: Region that requests are signed for; by default the Region in an execute-api endpoint,
        otherwise AWS_REGION or AWS_DEFAULT_REGION
    :param settings: other arguments of `boto3.client`: credentials, config, …
    :raises ConfigurationError: when endpoint or Region is missing, or the endpoint is not valid; its requests, when
        there are no credentials, and NoResponseError when the service does not respond
    """
    endpoint = endpoint or os.environ.get("AGENT_IDENTITY_ENDPOINT")
    text = endpoint is None or isinstance(endpoint, str)
    require(text, "identity_client", "endpoint", 'a string, such as "https://identity.example"')
    if not endpoint:
        raise ConfigurationError(
            "The endpoint of the identity service is not set. Pass `endpoint`, or set AGENT_IDENTITY_ENDPOINT to "
            "the endpoint that the stack printed or that agent-identity local printed."
        )
    if not _SCHEME.match(endpoint):
        raise ConfigurationError(
            "The endpoint of the identity service must begin with https://, or with http:// if it is on loopback."
        )
    url = split_url(endpoint)
    check_base_path(url)
    host = url.hostname or ""
    if not is_secure(url) or url.query or url.fragment or "@" in url.netloc:
        raise ConfigurationError(
            "The endpoint of the identity service must be an https URL, or an http URL on loopback, without "
            "credentials, query, or fragment."
        )
    in_host = _REGION_IN_HOST.search(host)
    region = (
        region
        or (in_host and in_host[1])
        or os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION")
    )
    if not region:
        raise ConfigurationError(
            "The Region to sign requests for is not set. Pass `region`, or set AWS_REGION to the Region of the "
            "identity service."
        )
    settings["config"] = boto3_config(endpoint, settings.get("config"))
    client = boto3.client(
        "bedrock-agentcore", endpoint_url=endpoint.rstrip("/"), region_name=region, **settings
    )
    client.meta.events.register("before-sign", _sign_for_api_gateway)
    client.meta.events.register("before-call.bedrock-agentcore.GetResourceOauth2Token", _change_request)
    client.meta.events.register("after-call.bedrock-agentcore.GetResourceOauth2Token", _keep_member)
    explain_failures(client, url)
    return client
