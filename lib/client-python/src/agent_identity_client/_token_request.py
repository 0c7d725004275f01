"""Requests for access tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from ._errors import CallCancelledError, ConfigurationError
from ._hidden import Hidden
from ._identity_client import also_sending
from ._options import AccessTokenOptions
from ._service_contract import (
    DPOP_PROOF_PATH,
    FAILURE_HEADER,
    GET_TOKEN_PATH,
    REJECT_TOKEN_PATH,
    TOKEN_TYPE_HEADER,
    error_code_of,
)
from ._workload_access_token import with_workload_access_token

TokenResponse = Hidden[dict[str, Any]]

_RETURN_URL_MISSING = (
    "You must provide a ResourceOauth2ReturnUrl to proceed with this flow",
    "You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow",
)
"""The service's messages if the user must consent and the request has no return URL, as the AWS service has them. The
second one is for a workload identity without return URLs."""


def _selecting(options: AccessTokenOptions) -> dict[str, Any]:
    """The members that select the token."""
    members: dict[str, Any] = {
        "resourceCredentialProviderName": options.provider_name,
        "scopes": list(options.scopes),
        "oauth2Flow": options.auth_flow,
        "resources": options.resources and list(options.resources),
        "audiences": options.audiences and list(options.audiences),
        "customParameters": options.custom_parameters and dict(options.custom_parameters),
    }
    return {name: value for name, value in members.items() if value is not None}


def _members(options: AccessTokenOptions, changing: dict[str, Any]) -> dict[str, Any]:
    consent = {"resourceOauth2ReturnUrl": options.callback_url, "customState": options.custom_state}
    given = {name: value for name, value in (consent | changing).items() if value is not None}
    return _selecting(options) | given


def _check_cancelled(options: AccessTokenOptions) -> None:
    if options.cancelled is not None and options.cancelled.is_set():
        raise CallCancelledError("The call was canceled while it waited for an access token.")


def request_token(
    options: AccessTokenOptions,
    *,
    rejected: Hidden[str] | None = None,
    session_uri: Hidden[str] | None = None,
    force: bool | None = None,
) -> TokenResponse:
    """Sends one GetResourceOauth2Token.

    :param rejected: reports this token and requests another
    :param session_uri: polls this session
    """
    _check_cancelled(options)
    polled = session_uri and session_uri.reveal()
    request = Hidden(_members(options, {"sessionUri": polled, "forceAuthentication": force}))
    del polled

    def send(token: Hidden[str]) -> TokenResponse:
        try:
            return Hidden(
                options.identity.get_resource_oauth2_token(
                    workloadIdentityToken=token.reveal(), **request.reveal()
                )
            )
        except ClientError as error:
            missing = error.response["Error"].get("Message") in _RETURN_URL_MISSING
            if options.callback_url is not None or not missing:
                raise
        raise ConfigurationError(
            "The user must consent, and this requires the return URL of the application. Pass `callback_url`, and "
            "register this URL on the workload identity. An agent behind a gate gets it from a gate that has an "
            "oauth2CallbackUrl."
        )

    url = options.resource_server_url
    added = {"rejectedAccessToken": rejected, "resourceServerUrl": None if url is None else Hidden(url)}
    path = GET_TOKEN_PATH if rejected is None else REJECT_TOKEN_PATH
    with also_sending(added, path=path, keeping="tokenType"):
        return with_workload_access_token(options.workload_identity_token, send)


@dataclass(frozen=True)
class DpopProof:
    """A proof for one request (RFC 9449), and the access token that it is for."""

    proof: Hidden[str]
    token: Hidden[str]


def request_proof(options: AccessTokenOptions, method: str, url: str, nonce: str | None) -> DpopProof:
    """Sends one GetResourceDpopProof, an operation for which boto3 has no method.

    :param url: of the request to the resource, without query and fragment
    :param nonce: the last nonce of the resource
    """
    _check_cancelled(options)
    request = Hidden(_selecting(options))
    added = {
        "httpMethod": Hidden(method),
        "httpUri": Hidden(url),
        "nonce": None if nonce is None else Hidden(nonce),
    }

    def send(token: Hidden[str]) -> TokenResponse:
        return Hidden(
            options.identity.get_resource_oauth2_token(
                workloadIdentityToken=token.reveal(), **request.reveal()
            )
        )

    with also_sending(added, path=DPOP_PROOF_PATH, keeping="dpopProof"):
        response = with_workload_access_token(options.workload_identity_token, send)
    if not (response.reveal().get("dpopProof") and response.reveal().get("accessToken")):
        raise RuntimeError("The response of the identity service has no DPoP proof.")
    return DpopProof(
        Hidden(str(response.reveal()["dpopProof"])), Hidden(str(response.reveal()["accessToken"]))
    )


def _header(response: TokenResponse, name: str) -> str | None:
    headers: Mapping[str, str] = response.reveal().get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers.get(name)


def is_bound(response: TokenResponse) -> bool:
    """Whether each request with the access token needs a proof.

    Proxies can drop headers, so the body counts, too. A token of an unknown type is never a bearer token.
    """
    types = (_header(response, TOKEN_TYPE_HEADER), response.reveal().get("tokenType"))
    return any(str(kind).lower() != "bearer" for kind in types if kind is not None)


def failure_of(response: TokenResponse) -> str | None:
    """Returns the error code of a failed consent session, from a header."""
    return error_code_of(_header(response, FAILURE_HEADER) or "")


def is_transient(error: ClientError) -> bool:
    """A temporary failure must not end a consent that is in progress."""
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return bool(status >= 500 or error.response["Error"]["Code"] == "ThrottlingException")
