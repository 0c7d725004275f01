"""Requests to the service that get no response: what happened, in one sentence, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult

from botocore.exceptions import (
    ConnectionError as BotocoreConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)

from ._errors import ConfigurationError, NoResponseError


def _no_credentials(url: SplitResult) -> ConfigurationError:
    step = (
        'The service on this computer has its own credentials: run eval "$(agent-identity env)" in this terminal.'
        if url.scheme == "http"
        else 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with "aws sso login" and set AWS_PROFILE.'
    )
    return ConfigurationError(f"There are no AWS credentials for the identity service. {step}")


def explain_failures(client: Any, url: SplitResult) -> None:
    """Has the client raise the errors of this package if it has no credentials, or the service does not respond."""
    call: Callable[..., Any] = client._make_api_call

    def explained(operation: str, params: dict[str, Any]) -> Any:
        try:
            return call(operation, params)
        except (NoCredentialsError, PartialCredentialsError, TokenRetrievalError) as error:
            raise _no_credentials(url) from error
        except (BotocoreConnectionError, HTTPClientError) as error:
            raise NoResponseError(f"{url.scheme}://{url.netloc}", type(error).__name__) from error
        finally:
            # What reports the variables of a traceback would show the tokens in it.
            del params

    client._make_api_call = explained
