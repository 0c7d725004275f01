"""Decorators that give a tool its credential as a keyword argument."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ._api_key import steps_to_key
from ._consent import Steps, run_steps, run_steps_async, steps_to_bearer
from ._decorated import check_tool
from ._errors import AccessTokenRejectedError, ConfigurationError, ReplacementTokenRejectedError
from ._hidden import Hidden
from ._options import AccessTokenOptions, ApiKeyOptions
from ._signature import check_call, describe, signature_without

Options = TypeVar("Options", bound=ApiKeyOptions)

Tool = Callable[..., Any]


def _decorator(
    options: Options | Callable[..., Options],
    into: str,
    expected: type[Options],
    first: Callable[[Options], Steps],
    replacement: Callable[[Options, Hidden[str]], Steps] | None = None,
) -> Callable[[Tool], Tool]:
    """Returns a decorator that passes the credential as a keyword argument.

    :param expected: the class of the options
    :param first: the steps to the credential
    :param replacement: the steps to the replacement of a credential that the resource rejected
    """

    def require(condition: bool) -> None:
        if not condition:
            raise ConfigurationError(_MISUSE[expected])

    def resolve(args: Any, kwargs: Any) -> Options:
        resolved = options(*args, **kwargs) if callable(options) else options
        require(isinstance(resolved, expected))
        return resolved

    require(isinstance(options, expected) or _can_make_options(options, into))

    def decorate(tool: Tool) -> Tool:
        check_tool(tool, _NAMES[expected], into)
        visible = signature_without(tool, into)

        @functools.wraps(tool)
        def call(*args: Any, **kwargs: Any) -> Any:
            check_call(tool, visible, into, args, kwargs)
            resolved = resolve(args, kwargs)
            credential = Hidden(run_steps(first(resolved)))
            try:
                return tool(*args, **kwargs, **{into: credential.reveal()})
            except AccessTokenRejectedError:
                if replacement is None:
                    raise
            credential = Hidden(run_steps(replacement(resolved, credential)))
            with _refusal(resolved):
                return tool(*args, **kwargs, **{into: credential.reveal()})

        @functools.wraps(tool)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            check_call(tool, visible, into, args, kwargs)
            resolved = resolve(args, kwargs)
            credential = Hidden(await run_steps_async(first(resolved)))
            try:
                return await tool(*args, **kwargs, **{into: credential.reveal()})
            except AccessTokenRejectedError:
                if replacement is None:
                    raise
            credential = Hidden(await run_steps_async(replacement(resolved, credential)))
            with _refusal(resolved):
                return await tool(*args, **kwargs, **{into: credential.reveal()})

        decorated: Tool = call_async if inspect.iscoroutinefunction(tool) else call
        describe(decorated, visible)
        return decorated

    return decorate


_NAMES: dict[type[ApiKeyOptions], str] = {
    AccessTokenOptions: "with_access_token",
    ApiKeyOptions: "with_api_key",
}

_MISUSE: dict[type[ApiKeyOptions], str] = {
    AccessTokenOptions: "The decorator has no options. Write `@with_access_token(AccessTokenOptions(…))`, or pass a "
    "function that returns AccessTokenOptions.",
    ApiKeyOptions: "The decorator has no options. Write `@with_api_key(ApiKeyOptions(…))`, or pass a function that "
    "returns ApiKeyOptions.",
}


def _can_make_options(function: Any, into: str) -> bool:
    """Rejects a tool, which a decorator without parentheses gets, by its credential parameter.

    It also rejects a class, whose call would fail only when the tool is called.
    """
    if not callable(function) or inspect.isclass(function):
        return False
    try:
        return into not in inspect.signature(function).parameters
    except ValueError:
        # A builtin without a signature.
        return True


@contextmanager
def _refusal(options: ApiKeyOptions) -> Iterator[None]:
    """To a tool that calls this tool, an AccessTokenRejectedError would mean that its token was rejected."""
    try:
        yield
    except AccessTokenRejectedError as rejection:
        raise ReplacementTokenRejectedError(options.provider_name) from rejection


def with_access_token(
    options: AccessTokenOptions | Callable[..., AccessTokenOptions], *, into: str = "access_token"
) -> Callable[[Tool], Tool]:
    """Decorates a plain or `async` tool, which gets the access token as a keyword argument.

    When the resource responds with 401, the tool raises AccessTokenRejectedError. The decorator then reports the token
    and calls the tool once more with another token.

    :param options: options, or a function that makes them from the arguments of the tool
    :param into: name of the keyword argument
    :raises ConfigurationError: when it is used without options
    :returns: the decorator. The decorated tool raises the errors of `get_access_token` and of the tool,
        ReplacementTokenRejectedError after two rejected tokens, and ConfigurationError for a token that is bound to a key
        (DPoP), for which there is `authorized_client`.
    """
    return _decorator(options, into, AccessTokenOptions, steps_to_bearer, steps_to_bearer)


def with_api_key(
    options: ApiKeyOptions | Callable[..., ApiKeyOptions], *, into: str = "api_key"
) -> Callable[[Tool], Tool]:
    """Decorates a plain or `async` tool, which gets the API key as a keyword argument.

    :param options: options, or a function that makes them from the arguments of the tool
    :param into: name of the keyword argument
    :raises ConfigurationError: when it is used without options
    :returns: the decorator. The decorated tool raises the errors of `get_api_key` and of the tool.
    """
    return _decorator(options, into, ApiKeyOptions, steps_to_key)
