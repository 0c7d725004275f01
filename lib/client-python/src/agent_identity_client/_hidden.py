"""A container that keeps secrets out of logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Secret = TypeVar("Secret")


class Hidden(Generic[Secret]):
    """Keeps a secret out of `repr`, `vars`, pickles, and the local variables that a logged traceback shows.

    The frames of this package keep tokens, authorization URLs, and states in it. The frames of boto3, tools, and
    callbacks contain what they were given.
    """

    __slots__ = ("reveal",)

    def __init__(self, secret: Secret) -> None:
        self.reveal: Callable[[], Secret] = lambda: secret
