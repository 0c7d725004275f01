"""What a decorator of this package decorates: a tool that no server has registered before."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from types import ModuleType
from typing import Any

from ._errors import ConfigurationError

_REGISTERING = {"tool", "prompt", "resource"}
"""The decorators of servers: `@server.tool()`, `@mcp.prompt`."""


def _decorators(tool: Any) -> list[ast.expr]:
    """Returns the decorators in the source of the tool, from top to bottom; none if there is no source."""
    try:
        [definition] = ast.parse(textwrap.dedent(inspect.getsource(tool))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return []
    return list(getattr(definition, "decorator_list", []))


def _is_ours(decorator: ast.expr, names: dict[str, Any]) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(target, ast.Name):
        value = names.get(target.id)
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        module = names.get(target.value.id)
        value = getattr(module, target.attr, None) if isinstance(module, ModuleType) else None
    else:
        return False
    return str(getattr(value, "__module__", "")).partition(".")[0] == __name__.partition(".")[0]


def _registers(decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(target, ast.Attribute) and target.attr in _REGISTERING


def _is_registered(tool: Any, names: dict[str, Any]) -> bool:
    decorators = _decorators(tool)
    ours = [_is_ours(decorator, names) for decorator in decorators]
    return True in ours and any(map(_registers, decorators[ours.index(True) + 1 :]))


def check_tool(tool: Any, decorator: str, into: str) -> None:
    """Rejects what cannot be decorated.

    A server below the decorator registers the tool without it. The tool would never get a token of the service, and its
    callers, such as a model, would have to supply one.

    :param decorator: its name, for messages
    :param into: name of the credential parameter
    :raises ConfigurationError: for another value than a function, for a generator, and for a tool that a server has
        registered
    """
    # The names where the decorators are written. A report of local variables must not show them as those of this frame.
    frame = sys._getframe(2)
    registered = _is_registered(tool, {**frame.f_globals, **frame.f_locals})
    del frame
    # FastMCP marks the functions that it registers; older versions replace them by an object.
    named = getattr(tool, "__name__", None) or getattr(tool, "name", None)
    if registered or hasattr(tool, "__fastmcp__") or (named and not callable(tool)):
        raise ConfigurationError(
            f"The decorators of {named} are in the wrong order: its server has registered it without `{decorator}`, and would "
            f"let its callers supply `{into}`. Put `@{decorator}(…)` below the decorator of the server."
        )
    if not callable(tool):
        raise ConfigurationError(f"`@{decorator}(…)` must decorate a function.")
    if inspect.isgeneratorfunction(tool) or inspect.isasyncgenfunction(tool):
        raise ConfigurationError(
            f"{named} is a generator: its body runs after the call. Decorate the function that it calls."
        )
