"""A call that the service refuses, as boto3 reports it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError


class Refusal:
    """What the refused call raised; to be read after the `with` block."""

    def __init__(self, raised: Any) -> None:
        self._raised = raised

    @property
    def answer(self) -> dict[str, Any]:
        return self._raised.value.response

    @property
    def code(self) -> str:
        return self.answer["Error"]["Code"]

    @property
    def message(self) -> str:
        return self.answer["Error"]["Message"]


@contextmanager
def refused(code: str, status: int) -> Iterator[Refusal]:
    """Expects the block to be refused so, and boto3 not to try again.

    :param code: the modelled exception's name
    :param status: of the HTTP answer
    """
    with pytest.raises(ClientError) as raised:
        refusal = Refusal(raised)
        yield refusal
    metadata = refusal.answer["ResponseMetadata"]
    assert (refusal.code, metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (code, status, 0)
