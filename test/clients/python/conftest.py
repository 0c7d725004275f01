"""What every test shares: the running service, and a check on every signature that leaves for it."""

import json
import os
from collections.abc import Iterator

import pytest

from signing import observer, prepare_default_session
from world import World

prepare_default_session()


@pytest.fixture(scope="session")
def world() -> World:
    return World(json.loads(os.environ["SERVICE"]))


@pytest.fixture(autouse=True)
def signed_for_api_gateway() -> Iterator[None]:
    """Nothing in this suite reaches the service but as API Gateway's IAM authorization would let it in."""
    observer.services.clear()
    yield
    assert set(observer.services) <= {"execute-api"}
