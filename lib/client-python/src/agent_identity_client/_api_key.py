"""API keys."""

from __future__ import annotations

from ._consent import Steps
from ._hidden import Hidden
from ._options import ApiKeyOptions, require_options
from ._workload_access_token import with_workload_access_token


def get_api_key(options: ApiKeyOptions) -> str:
    """Returns the API key of a credential provider.

    :raises ConfigurationError: when options are missing or not valid
    :raises WorkloadAccessTokenError: when the workload access token has expired and cannot be renewed
    :raises ClientError: for errors of the service
    """
    require_options("get_api_key", options, ApiKeyOptions)
    response = with_workload_access_token(
        options.workload_identity_token,
        lambda token: Hidden(
            options.identity.get_resource_api_key(
                workloadIdentityToken=token.reveal(), resourceCredentialProviderName=options.provider_name
            )
        ),
    )
    key = Hidden(response.reveal().get("apiKey"))
    if key.reveal() is None:
        raise RuntimeError(
            "The identity service returned no API key. Check that the endpoint is an identity service."
        )
    return str(key.reveal())


def steps_to_key(options: ApiKeyOptions) -> Steps:
    return str((yield lambda: get_api_key(options)))
