"""A client of httpx with an access token of this service, for bearer tokens and for tokens that are bound to a key."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import math
from typing import Any

from ._authorization import Authorization, check_address, stop_at_redirects
from ._errors import ConfigurationError, ResourceRedirectError
from ._options import AccessTokenOptions, require_options


def http_library(caller: str) -> Any:
    """:raises ConfigurationError: if it is not installed"""
    for name in ("httpx", "httpx2"):
        if importlib.util.find_spec(name):
            return importlib.import_module(name)
    raise ConfigurationError(f"{caller} requires httpx. Run `pip install httpx`.")


def authorized_client(url: str, options: AccessTokenOptions, **client_options: Any) -> Any:
    """Returns an `httpx.AsyncClient` for one resource, whose requests have an access token of the token vault.

    For a token that is bound to a key (DPoP, RFC 9449), each request also has a proof, with the nonce of the resource if it
    requires one.

    - When the resource responds with 401, the token is reported and replaced, once for each request.
    - When the user must consent, `on_auth_url` receives the URL and the request waits. Without `on_auth_url`, the request
      raises ConsentRequiredError.
    - The token is sent to the origin of the URL only. Redirects are not followed. The service rejects the request for a
      token if the credential provider is for another resource.
    - The body of a request can be sent more than once, so it must not be a stream.

    :param url: of the resource: https, or http on loopback
    :param options: `force_authentication` and `resource_server_url` do not apply
    :param client_options: of `httpx.AsyncClient`, without `auth`, `event_hooks`, and `follow_redirects`. For http on
        loopback, `trust_env` is False, so that no proxy of the environment (HTTP_PROXY) receives the token
    :returns: the client, whose requests raise ResourceRedirectError, ReplacementTokenRejectedError, and the errors of
        `get_access_token`
    :raises ConfigurationError: for an address to which a token must not be sent, and without httpx
    """
    check_address(url, "resource")
    require_options("authorized_client", options)
    http = http_library("authorized_client")
    token = dataclasses.replace(options, force_authentication=False, resource_server_url=url)
    authorization = Authorization(
        url, token, replacements=math.inf, step_ups=0, redirected=ResourceRedirectError
    )
    hooks = {"response": [stop_at_redirects(ResourceRedirectError)]}
    return authorization.client(http, url, event_hooks=hooks, **client_options)
