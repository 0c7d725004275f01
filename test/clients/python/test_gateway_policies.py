"""Rate limits of gateways, policy engines, and policies with boto3's own operations."""

import uuid
from typing import Any

import pytest

from refusal import refused
from signing import client
from world import World

ROLE = "arn:aws:iam::000000000000:role/gateway"
ANYTHING = "permit(principal, action, resource is AgentCore::Gateway);"
NONE = "none_of_tests-0123456789"


@pytest.fixture(scope="module")
def control() -> Any:
    return client("bedrock-agentcore-control")


@pytest.fixture
def gateway(world: World, control: Any) -> Any:
    """A new gateway whose callers sign."""
    return control.create_gateway(
        name=world.new_name("py-limited"), roleArn=ROLE, authorizerType="AWS_IAM"
    )


@pytest.fixture
def engine(world: World, control: Any) -> Any:
    return control.create_policy_engine(name=new_name(world, "engine"))


def new_name(world: World, kind: str) -> str:
    """A name of a policy engine or a policy, which has no hyphens."""
    return world.new_name(kind).replace("-", "_")


def status_of(answer: dict[str, Any]) -> int:
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def new_token() -> str:
    return str(uuid.uuid4())


def per(period: str, rate: int, **dimensions: str) -> dict[str, Any]:
    return {"dimensions": dimensions, "requests": [{"rate": rate, "period": period}]}


def test_a_rate_limit_is_created_changed_and_deleted(control: Any, gateway: Any) -> None:
    gateway_id = gateway["gatewayId"]
    entries = [per("minute", 3, targetName="calendar"), per("second", 5, targetName="*")]
    request = {
        "gatewayIdentifier": gateway["gatewayArn"],
        "clientToken": new_token(),
        "rateLimitId": "targets",
        "description": "Each target",
        "dimensionKeys": ["targetName"],
        "entries": entries,
    }
    created = control.create_gateway_rate_limit(**request)
    assert (status_of(created), created["status"]) == (201, "ACTIVE")
    assert control.create_gateway_rate_limit(**request)["createdAt"] == created["createdAt"]
    with refused("ConflictException", 409):
        control.create_gateway_rate_limit(**(request | {"clientToken": new_token()}))

    named = {"gatewayIdentifier": gateway_id, "rateLimitId": "targets"}
    read = control.get_gateway_rate_limit(**named)
    assert (read["gatewayIdentifier"], read["description"]) == (gateway_id, "Each target")
    assert (read["dimensionKeys"], read["entries"]) == (["targetName"], entries)
    changed = [per("minute", 9, targetName="*")]
    updated = control.update_gateway_rate_limit(**named, description="Fewer", entries=changed)
    assert (updated["description"], updated["entries"]) == ("Fewer", changed)
    assert updated["updatedAt"] >= updated["createdAt"] == created["createdAt"]

    assert control.delete_gateway_rate_limit(**named)["status"] == "DELETING"
    with refused("ResourceNotFoundException", 404):
        control.get_gateway_rate_limit(**named)
    with refused("ResourceNotFoundException", 404):
        control.update_gateway_rate_limit(**named, entries=changed)
    with refused("ResourceNotFoundException", 404):
        control.delete_gateway_rate_limit(**named)


def test_rate_limits_are_put_together_and_listed_once_across_pages(control: Any, gateway: Any) -> None:
    named = {"gatewayIdentifier": gateway["gatewayId"]}
    keys = ["targetName", "$.context.agent.name", "$.context.user.id"]
    limits = [{"dimensionKeys": [key], "entries": [per("minute", 9, **{key: "*"})]} for key in keys]
    put = control.batch_put_gateway_rate_limits(**named, clientToken=new_token(), rateLimits=limits)
    assert status_of(put) == 200
    assert [limit["dimensionKeys"] for limit in put["rateLimits"]] == [[key] for key in keys]
    paginator = control.get_paginator("list_gateway_rate_limits")
    pages = list(paginator.paginate(**named, PaginationConfig={"PageSize": 2}))
    assert [len(page["rateLimits"]) for page in pages] == [2, 1]
    listed = [limit["rateLimitId"] for page in pages for limit in page["rateLimits"]]
    assert set(listed) == {limit["rateLimitId"] for limit in put["rateLimits"]}


def test_a_rate_limit_needs_a_gateway_that_exists(control: Any) -> None:
    named = {"gatewayIdentifier": "none-0123456789"}
    limit = {"dimensionKeys": ["targetName"], "entries": [per("minute", 1, targetName="*")]}
    for request in (
        lambda: control.create_gateway_rate_limit(**named, **limit),
        lambda: control.batch_put_gateway_rate_limits(**named, rateLimits=[limit]),
        lambda: control.list_gateway_rate_limits(**named),
    ):
        with refused("ResourceNotFoundException", 404):
            request()


def test_a_policy_engine_is_created_changed_used_and_deleted(world: World, control: Any) -> None:
    name, token = new_name(world, "engine"), new_token()
    request = {"name": name, "description": "First", "clientToken": token, "tags": {"team": "green"}}
    created = control.create_policy_engine(**request)
    assert (status_of(created), created["status"], created["name"]) == (202, "ACTIVE", name)
    assert control.create_policy_engine(**request)["policyEngineId"] == created["policyEngineId"]
    with refused("ConflictException", 409):
        control.create_policy_engine(name=name)
    arn, named = created["policyEngineArn"], {"policyEngineId": created["policyEngineId"]}
    assert control.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "green"}

    updated = control.update_policy_engine(**named, description={"optionalValue": "Second"})
    assert (status_of(updated), updated["description"]) == (202, "Second")
    read = control.get_policy_engine(**named)
    assert (status_of(read), read["description"]) == (200, "Second")
    assert read["updatedAt"] >= read["createdAt"] == created["createdAt"]

    gateway = {"name": world.new_name("py-decided"), "roleArn": ROLE, "authorizerType": "AWS_IAM"}
    use = {"arn": arn, "mode": "ENFORCE"}
    gateway_id = control.create_gateway(**gateway, policyEngineConfiguration=use)["gatewayId"]
    assert control.get_gateway(gatewayIdentifier=gateway_id)["policyEngineConfiguration"] == use
    with refused("ConflictException", 409):
        control.delete_policy_engine(**named)
    control.update_gateway(gatewayIdentifier=gateway_id, **gateway)

    deleted = control.delete_policy_engine(**named)
    assert (status_of(deleted), deleted["status"]) == (202, "DELETING")
    with refused("ResourceNotFoundException", 404):
        control.get_policy_engine(**named)


def test_policy_engines_are_listed_once_across_pages(world: World, control: Any) -> None:
    ids = {control.create_policy_engine(name=new_name(world, "engine"))["policyEngineId"] for _ in range(3)}
    paginator = control.get_paginator("list_policy_engines")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 2}))
    assert all(len(page["policyEngines"]) <= 2 for page in pages)
    listed = [engine["policyEngineId"] for page in pages for engine in page["policyEngines"]]
    assert ids <= set(listed)
    assert len(listed) == len(set(listed))


def test_a_policy_is_created_changed_and_deleted(world: World, control: Any, engine: Any) -> None:
    engine_id = engine["policyEngineId"]
    definition = {"cedar": {"statement": ANYTHING}}
    request = {
        "policyEngineId": engine_id,
        "name": new_name(world, "policy"),
        "description": "First",
        "definition": definition,
        "validationMode": "FAIL_ON_ANY_FINDINGS",
        "enforcementMode": "LOG_ONLY",
        "clientToken": new_token(),
    }
    created = control.create_policy(**request)
    assert (status_of(created), created["status"]) == (202, "ACTIVE")
    assert (created["policyEngineId"], created["enforcementMode"]) == (engine_id, "LOG_ONLY")
    assert created["policyArn"] == f"{engine['policyEngineArn']}/policy/{created['policyId']}"
    assert control.create_policy(**request)["policyId"] == created["policyId"]
    with refused("ConflictException", 409):
        control.create_policy(**(request | {"clientToken": new_token()}))

    named = {"policyEngineId": engine_id, "policyId": created["policyId"]}
    changed = {"cedar": {"statement": ANYTHING.replace("permit", "forbid")}}
    updated = control.update_policy(
        **named,
        description={"optionalValue": "Second"},
        definition=changed,
        validationMode="IGNORE_ALL_FINDINGS",
        enforcementMode="ACTIVE",
    )
    assert status_of(updated) == 202
    read = control.get_policy(**named)
    assert (read["description"], read["definition"]) == ("Second", changed)
    assert (read["enforcementMode"], read["createdAt"]) == ("ACTIVE", created["createdAt"])

    deleted = control.delete_policy(**named)
    assert (status_of(deleted), deleted["status"]) == (202, "DELETING")
    with refused("ResourceNotFoundException", 404):
        control.get_policy(**named)


def test_policies_are_listed_once_across_pages(world: World, control: Any, engine: Any) -> None:
    named = {"policyEngineId": engine["policyEngineId"]}
    names = {new_name(world, "policy") for _ in range(3)}
    for name in names:
        control.create_policy(**named, name=name, definition={"cedar": {"statement": ANYTHING}})
    paginator = control.get_paginator("list_policies")
    pages = list(paginator.paginate(**named, PaginationConfig={"PageSize": 2}))
    assert [len(page["policies"]) for page in pages] == [2, 1]
    assert {policy["name"] for page in pages for policy in page["policies"]} == names


def test_engines_and_policies_that_do_not_exist_are_not_found(control: Any, engine: Any) -> None:
    missing, of_missing = {"policyEngineId": NONE}, {"policyEngineId": NONE, "policyId": NONE}
    of_engine = {"policyEngineId": engine["policyEngineId"], "policyId": NONE}
    definition = {"cedar": {"statement": ANYTHING}}
    for request in (
        lambda: control.update_policy_engine(**missing, description={}),
        lambda: control.delete_policy_engine(**missing),
        lambda: control.list_policies(**missing),
        lambda: control.create_policy(**missing, name="any", definition=definition),
        lambda: control.get_policy(**of_missing),
        lambda: control.update_policy(**of_engine, definition=definition),
        lambda: control.delete_policy(**of_engine),
    ):
        with refused("ResourceNotFoundException", 404):
            request()


def test_a_policy_that_is_not_valid_is_rejected_with_the_reason(
    world: World, control: Any, engine: Any
) -> None:
    with refused("ValidationException", 400) as refusal:
        control.create_policy(
            policyEngineId=engine["policyEngineId"],
            name=new_name(world, "policy"),
            definition={"cedar": {"statement": "permit(principal, action, resource) wenn true;"}},
        )
    [field] = refusal.answer["fieldList"]
    assert field["name"] == "definition.cedar.statement"
    assert field["message"].startswith("cannot be used: failed to parse")
