"""Gateways and their targets with boto3's own operations, and with the `GatewayClient` of the AgentCore SDK."""

import json
import os
import uuid
from typing import Any

import pytest
from bedrock_agentcore.gateway.client import GatewayClient

from refusal import refused
from signing import client
from world import World

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/gateway"
TARGET_ROLE = f"arn:aws:iam::{ACCOUNT}:role/target-of-gateway"
TARGET = {"http": {"passthrough": {"endpoint": "https://api.example/v1", "protocolType": "CUSTOM"}}}


@pytest.fixture(scope="module")
def control() -> Any:
    return client("bedrock-agentcore-control")


def status_of(answer: dict[str, Any]) -> int:
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def test_a_gateway_and_its_target_are_created_changed_and_deleted(world: World, control: Any) -> None:
    name = world.new_name("py-gateway")
    created = control.create_gateway(name=name, roleArn=ROLE, authorizerType="AWS_IAM")
    assert (status_of(created), created["status"]) == (202, "READY")
    gateway_id, arn = created["gatewayId"], created["gatewayArn"]
    assert created["gatewayUrl"].endswith(f"/{gateway_id}")
    assert control.get_gateway(gatewayIdentifier=arn)["gatewayId"] == gateway_id

    target = control.create_gateway_target(
        gatewayIdentifier=arn, name="calendar", targetConfiguration=TARGET
    )
    assert (status_of(target), target["status"], target["gatewayArn"]) == (202, "READY", arn)
    named = {"gatewayIdentifier": gateway_id, "targetId": target["targetId"]}
    updated = control.update_gateway_target(
        **named, targetConfiguration=TARGET, description="Calendar"
    )
    assert (status_of(updated), updated["name"]) == (202, "calendar")
    read = control.get_gateway_target(**named)
    assert (read["description"], read["targetConfiguration"]) == ("Calendar", TARGET)
    assert read["updatedAt"] >= read["createdAt"] == target["createdAt"]

    changed = control.update_gateway(
        gatewayIdentifier=gateway_id,
        name=name,
        roleArn=ROLE,
        authorizerType="AWS_IAM",
        exceptionLevel="DEBUG",
    )
    assert (status_of(changed), changed["exceptionLevel"]) == (202, "DEBUG")
    control.tag_resource(resourceArn=arn, tags={"team": "green"})
    assert control.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "green"}

    assert status_of(control.delete_gateway_target(**named)) == 202
    with refused("ResourceNotFoundException", 404):
        control.get_gateway_target(**named)
    assert control.delete_gateway(gatewayIdentifier=arn)["status"] == "DELETING"
    with refused("ResourceNotFoundException", 404):
        control.get_gateway(gatewayIdentifier=gateway_id)


def test_a_repetition_with_its_token_creates_no_second_gateway(world: World, control: Any) -> None:
    request = {
        "name": world.new_name("py-gateway"),
        "roleArn": ROLE,
        "authorizerType": "AWS_IAM",
        "clientToken": str(uuid.uuid4()),
    }
    first = control.create_gateway(**request)["gatewayId"]
    assert control.create_gateway(**request)["gatewayId"] == first
    with refused("ConflictException", 409):
        control.create_gateway(**(request | {"clientToken": str(uuid.uuid4())}))


def test_gateways_and_targets_are_listed_once_across_pages(world: World, control: Any) -> None:
    names = {world.new_name("py-listed") for _ in range(3)}
    for name in names:
        control.create_gateway(name=name, roleArn=ROLE, authorizerType="AWS_IAM")
    pages = list(control.get_paginator("list_gateways").paginate(PaginationConfig={"PageSize": 2}))
    assert all(len(page["items"]) <= 2 for page in pages)
    items = [item for page in pages for item in page["items"]]
    assert names <= {item["name"] for item in items}
    assert len(items) == len({item["gatewayId"] for item in items})

    created = control.create_gateway(
        name=world.new_name("py-targets"), roleArn=ROLE, authorizerType="AWS_IAM"
    )
    gateway_id = created["gatewayId"]
    for name in ("b", "a", "c"):
        control.create_gateway_target(
            gatewayIdentifier=gateway_id, name=name, targetConfiguration=TARGET
        )
    paginator = control.get_paginator("list_gateway_targets")
    targets = paginator.paginate(gatewayIdentifier=gateway_id, PaginationConfig={"PageSize": 2})
    assert [[item["name"] for item in page["items"]] for page in targets] == [["a", "b"], ["c"]]


def test_a_gateway_with_one_url_has_mcp_servers(world: World, control: Any) -> None:
    gateway = control.create_gateway(
        name=world.new_name("py-mcp"), roleArn=ROLE, authorizerType="AWS_IAM", protocolType="MCP"
    )
    assert (gateway["protocolType"], gateway["gatewayUrl"][-4:]) == ("MCP", "/mcp")
    schema = json.dumps({"tools": [{"name": "list", "inputSchema": {"type": "object"}}]})
    server = {"endpoint": "https://mcp.example/mcp", "mcpToolSchema": {"inlinePayload": schema}}
    named = {"gatewayIdentifier": gateway["gatewayId"]}
    target = control.create_gateway_target(
        **named, name="notes", targetConfiguration={"mcp": {"mcpServer": server}}
    )
    assert (target["status"], target["protocolType"]) == ("READY", "MCP")
    assert target["targetConfiguration"]["mcp"]["mcpServer"] == server
    [listed] = control.list_gateway_targets(**named)["items"]
    assert listed["targetType"] == "MCP_SERVER"
    with refused("ValidationException", 400) as refusal:
        control.synchronize_gateway_targets(**named, targetIdList=[target["targetId"]])
    assert "without mcpToolSchema" in refusal.message


def test_a_target_gets_signatures_with_a_role_that_the_operator_allows(
    world: World, control: Any
) -> None:
    credential = {
        "credentialProviderType": "GATEWAY_IAM_ROLE",
        "credentialProvider": {"iamCredentialProvider": {"service": "execute-api"}},
    }
    request = {
        "name": "orders",
        "targetConfiguration": TARGET,
        "credentialProviderConfigurations": [credential],
    }
    gateway_id = control.create_gateway(
        name=world.new_name("py-signing"), roleArn=TARGET_ROLE, authorizerType="AWS_IAM"
    )["gatewayId"]
    target = control.create_gateway_target(gatewayIdentifier=gateway_id, **request)
    assert target["credentialProviderConfigurations"] == [credential]
    other = control.create_gateway(
        name=world.new_name("py-other"), roleArn=ROLE, authorizerType="AWS_IAM"
    )["gatewayId"]
    with refused("ValidationException", 400) as refusal:
        control.create_gateway_target(gatewayIdentifier=other, **request)
    assert "does not allow the roleArn" in refusal.message


def test_a_target_of_a_gateway_with_user_tokens_gets_the_token(world: World, control: Any) -> None:
    credential = {"credentialProviderType": "JWT_PASSTHROUGH"}
    request = {"targetConfiguration": TARGET, "credentialProviderConfigurations": [credential]}
    issuer = {"discoveryUrl": "https://login.example/.well-known/openid-configuration"}
    gateway_id = control.create_gateway(
        name=world.new_name("py-passing"),
        roleArn=ROLE,
        authorizerType="CUSTOM_JWT",
        authorizerConfiguration={"customJWTAuthorizer": issuer},
    )["gatewayId"]
    target = control.create_gateway_target(gatewayIdentifier=gateway_id, name="own", **request)
    assert target["credentialProviderConfigurations"] == [credential]
    signed = control.create_gateway(
        name=world.new_name("py-signed"), roleArn=ROLE, authorizerType="AWS_IAM"
    )["gatewayId"]
    with refused("ValidationException", 400) as refusal:
        control.create_gateway_target(gatewayIdentifier=signed, name="own", **request)
    assert "CUSTOM_JWT" in refusal.message


def test_an_operation_that_the_service_does_not_have_returns_the_reason(control: Any) -> None:
    with refused("ValidationException", 400) as refusal:
        control.list_gateway_rules(gatewayIdentifier="any-0123456789")
    assert "the path of a request to a gateway names its target" in refusal.message


def test_the_agentcore_sdk_waits_until_a_gateway_and_its_target_are_ready(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", world.endpoint)
    gateways = GatewayClient(region_name=os.environ["AWS_REGION"])
    created = gateways.create_gateway_and_wait(
        name=world.new_name("py-sdk"), roleArn=ROLE, authorizerType="AWS_IAM"
    )
    assert created["status"] == "READY"
    target = gateways.create_gateway_target_and_wait(
        gatewayIdentifier=created["gatewayId"], name="calendar", targetConfiguration=TARGET
    )
    assert target["status"] == "READY"
    gateways.delete_gateway_and_wait(gatewayIdentifier=created["gatewayId"])
