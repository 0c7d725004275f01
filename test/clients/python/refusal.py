"""An error of the service, as boto3 reports it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError


class Refusal:
    """The error of the call; read it after the `with` block."""

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
    """Expects the block to raise this error, without a retry of boto3.

    :param code: the exception's name in the model
    :param status: status of the HTTP response
    """
    with pytest.raises(ClientError) as raised:
        refusal = Refusal(raised)
        yield refusal
    metadata = refusal.answer["ResponseMetadata"]
    assert (refusal.code, metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (code, status, 0)
