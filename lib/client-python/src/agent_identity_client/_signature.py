"""The signature of a decorated tool: without the credential, as callers and frameworks see it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ._errors import ConfigurationError


def describe(decorated: Any, visible: inspect.Signature) -> None:
    """Sets what frameworks use to describe a tool to a model. A model must not supply the credential."""
    named = [(parameter.name, parameter.annotation) for parameter in visible.parameters.values()]
    annotations = [*named, ("return", visible.return_annotation)]
    decorated.__signature__ = visible
    decorated.__annotations__ = {
        name: annotation for name, annotation in annotations if annotation is not visible.empty
    }
    del decorated.__wrapped__


def signature_without(tool: Callable[..., Any], into: str) -> inspect.Signature:
    """Returns the tool's signature without the credential.

    Annotations that are strings are evaluated here, where the names that they use are known.

    :raises ConfigurationError: when the tool cannot take the credential as a keyword argument, or when an argument of
        the caller could take the place of the credential
    """
    try:
        signature = inspect.signature(tool, eval_str=True)
    except NameError:
        # The type is imported only for type checkers, or is defined later.
        signature = inspect.signature(tool)
    parameters = list(signature.parameters.values())
    kinds = [parameter.kind for parameter in parameters]
    if into in signature.parameters:
        kind, *following = kinds[list(signature.parameters).index(into) :]
        positional = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        last = kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and not set(following).intersection(positional)
        fits = kind is inspect.Parameter.KEYWORD_ONLY or last
    else:
        fits = kinds[-1:] == [inspect.Parameter.VAR_KEYWORD]
    if not fits:
        raise ConfigurationError(
            f"{tool.__name__} cannot take its credential. Add the keyword-only parameter `{into}`."
        )
    return signature.replace(parameters=[parameter for parameter in parameters if parameter.name != into])


def check_call(
    tool: Callable[..., Any], visible: inspect.Signature, into: str, args: Any, kwargs: Any
) -> None:
    """Rejects a call that does not fit the signature before a credential is requested.

    :raises TypeError: as Python does
    """
    if into in kwargs:
        raise TypeError(f"{tool.__name__}() gets `{into}` from its decorator, not from its caller")
    try:
        visible.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{tool.__name__}() {error}") from None
