"""A client that a generator makes from the OpenAPI document, with signed requests."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from world import World

DOCUMENT = Path(__file__).parents[3] / "dist" / "openapi.json"


class SignForApiGateway(httpx.Auth):
    """Signs requests for API Gateway (AWS Signature Version 4)."""

    requires_request_body = True

    def __init__(self, keys: dict[str, str]) -> None:
        session = boto3.Session(
            aws_access_key_id=keys["accessKeyId"], aws_secret_access_key=keys["secretAccessKey"]
        )
        self._signer = SigV4Auth(session.get_credentials(), "execute-api", session.region_name)

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:
        headers = {"content-type": "application/json"}
        signed = AWSRequest(request.method, str(request.url), data=request.content, headers=headers)
        self._signer.add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        yield request


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("generated")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    subprocess.run([*command, "--path", DOCUMENT, "--output-path", folder / "generated"], check=True)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("generated")
    sys.path.remove(str(folder))


def call(world: World, generated: ModuleType, operation: str, principal: str, **members: Any) -> Any:
    """Calls an operation of the generated client.

    :param operation: group and name, such as `operator.list_grants`
    :returns: the parsed response
    """
    api = importlib.import_module(f"generated.api.{operation}")
    name = operation.split(".")[1]
    request = getattr(
        importlib.import_module("generated.models"), "".join(part.title() for part in name.split("_")) + "Request"
    )
    auth = SignForApiGateway(world.ready["principals"][principal])
    client = generated.Client(base_url=world.endpoint, httpx_args={"auth": auth})
    return api.sync(client=client, body=request.from_dict(members))


def test_has_every_operation(generated: ModuleType) -> None:
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    modules = list(Path(generated.__file__ or "").parent.glob("api/*/[a-z]*.py"))
    assert len(modules) == len(operations) > 40


def test_calls_operations_of_each_plane(world: World, generated: ModuleType) -> None:
    name = world.new_name("generated-agent")
    made = call(world, generated, "control_plane.create_workload_identity", "agent", name=name)
    assert made.workload_identity_arn.endswith(name)
    minted = call(world, generated, "token_exchange.get_workload_access_token", "agent", workloadName=name)
    token = minted.workload_access_token
    held = call(world, generated, "grants.list_resource_grants", "agent", workloadIdentityToken=token)
    assert held.grants == []
    listed = call(world, generated, "operator.suspend_workload_identity", "operator", name=name, reason="test")
    assert listed.identity_exists is True
    assert listed.suspension.reason == "test"


def test_parses_errors(world: World, generated: ModuleType) -> None:
    refused = call(world, generated, "operator.list_suspensions", "agent")
    assert refused.field_type_ == "AccessDeniedException"
    missing = call(world, generated, "control_plane.get_workload_identity", "agent", name="no-such-agent")
    assert missing.message
