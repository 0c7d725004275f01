"""Fixtures of every test: the running service, and a check of every signature."""

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
    """Every request of this suite to the service has a signature that API Gateway's IAM authorization accepts."""
    observer.services.clear()
    yield
    assert set(observer.services) <= {"execute-api"}
