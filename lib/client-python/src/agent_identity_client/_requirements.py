"""What the functions of this package require of their arguments. No message contains a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ._errors import ConfigurationError

IDENTITY = "a client of the identity service: identity_client()"
WORKLOAD_TOKEN = (
    'a workload access token or a source of such tokens: from_gate(headers)["workload_identity_token"], or '
    "workload_access_tokens(identity, workload_name, user_token=…)"
)
"""A frequent mistake is to pass all that `from_gate` returns."""


def require(accepted: bool, caller: str, name: str, description: str) -> None:
    """Takes no value, so that a report of local variables shows none.

    :param caller: the function or class that got the value
    :param description: what the value must be, with an example
    :raises ConfigurationError: unless the value is accepted
    """
    if not accepted:
        raise ConfigurationError(f"`{name}` of {caller} must be {description}.")


def has_methods(value: Any, *names: str) -> bool:
    return all(callable(getattr(value, name, None)) for name in names)


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def is_texts(value: Any) -> bool:
    """Whether this is a collection of strings.

    A string can be iterated, too, and would be taken for a collection of its characters. Requests can be repeated, so an
    iterator, which can be read once, is no collection.
    """
    collection = isinstance(value, Iterable) and not isinstance(value, (str, bytes, Iterator))
    return collection and all(isinstance(one, str) for one in value)


def is_record(value: Any) -> bool:
    return isinstance(value, Mapping) and is_texts(list(value.values()))


def is_workload_token(value: Any) -> bool:
    return is_text(value) or has_methods(value, "get", "renew")
