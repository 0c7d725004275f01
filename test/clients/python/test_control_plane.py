"""Acceptance scenario 17: every kind of resource from its creation to its deletion, in the shapes of the AWS model."""

import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from refusal import refused
from signing import client
from world import Agent, World, custom_oauth2

FIRST_KEY, SECOND_KEY = "key-of-the-first-kind", "key-of-the-second-kind"


@dataclass(frozen=True)
class Kind:
    """The names of one kind of resource in the API."""

    noun: str
    """The name in operations, in snake case."""
    plural: str
    listed_as: str
    arn: str
    input: Callable[[World], dict[str, Any]]
    changed_input: Callable[[World], dict[str, Any]]
    secrets: Callable[[World], list[str]]

    def call(self, verb: str, **parameters: Any) -> dict[str, Any]:
        return getattr(client("bedrock-agentcore-control"), f"{verb}_{self.noun}")(**parameters)


def oauth2_input(world: World, client_id: str) -> dict[str, Any]:
    return custom_oauth2(world.ready["calendar"] | {"clientId": client_id})


WORKLOAD_IDENTITY = Kind(
    "workload_identity",
    "workload_identities",
    "workloadIdentities",
    "workloadIdentityArn",
    lambda _: {"allowedResourceOauth2ReturnUrls": ["https://app.example/one"]},
    lambda _: {"allowedResourceOauth2ReturnUrls": ["https://app.example/two", "com.example.app:/back"]},
    lambda _: [],
)
OAUTH2_PROVIDER = Kind(
    "oauth2_credential_provider",
    "oauth2_credential_providers",
    "credentialProviders",
    "credentialProviderArn",
    lambda world: oauth2_input(world, "first"),
    lambda world: oauth2_input(world, "second"),
    lambda world: [world.ready["calendar"]["clientSecret"]],
)
API_KEY_PROVIDER = Kind(
    "api_key_credential_provider",
    "api_key_credential_providers",
    "credentialProviders",
    "credentialProviderArn",
    lambda _: {"apiKey": FIRST_KEY},
    lambda _: {"apiKey": SECOND_KEY},
    lambda _: [FIRST_KEY, SECOND_KEY],
)
EVERY_KIND = pytest.mark.parametrize(
    "kind", [WORKLOAD_IDENTITY, OAUTH2_PROVIDER, API_KEY_PROVIDER], ids=lambda kind: kind.noun
)


def status_of(answer: dict[str, Any]) -> int:
    return answer["ResponseMetadata"]["HTTPStatusCode"]


@EVERY_KIND
def test_is_created_read_and_deleted(world: World, kind: Kind) -> None:
    name = world.new_name("py-resource")
    created = kind.call("create", name=name, **kind.input(world))
    assert status_of(created) == 201
    got = kind.call("get", name=name)
    assert got[kind.arn] == created[kind.arn]
    assert got[kind.arn].endswith(f"/{name}")
    # Epoch seconds on the wire; with other units, boto3 would return another year.
    assert datetime.datetime.now(datetime.timezone.utc) - got["createdTime"] < datetime.timedelta(days=1)

    with refused("ConflictException", 409) as refusal:
        kind.call("create", name=name, **kind.input(world))
    assert "already exists" in refusal.message

    updated = kind.call("update", name=name, **kind.changed_input(world))
    assert status_of(updated) == 200
    assert updated["lastUpdatedTime"] >= updated["createdTime"] == got["createdTime"]
    again = kind.call("get", name=name)

    deleted = kind.call("delete", name=name)
    assert status_of(deleted) == 204
    with refused("ResourceNotFoundException", 404):
        kind.call("get", name=name)

    told = json.dumps([created, got, updated, again, deleted], default=str)
    assert not [secret for secret in kind.secrets(world) if secret in told]


@EVERY_KIND
def test_is_listed_once_across_pages(world: World, kind: Kind) -> None:
    names = {world.new_name("py-listed") for _ in range(3)}
    for name in names:
        kind.call("create", name=name, **kind.input(world))
    paginator = client("bedrock-agentcore-control").get_paginator(f"list_{kind.plural}")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 2}))
    assert all(len(page[kind.listed_as]) <= 2 for page in pages)
    listed = [item["name"] for page in pages for item in page[kind.listed_as]]
    assert names <= set(listed)
    assert len(listed) == len(set(listed))


@EVERY_KIND
def test_is_tagged_by_arn(world: World, kind: Kind) -> None:
    control = client("bedrock-agentcore-control")
    created = kind.call(
        "create", name=world.new_name("py-tagged"), tags={"team": "green"}, **kind.input(world)
    )
    arn = created[kind.arn]
    assert status_of(control.tag_resource(resourceArn=arn, tags={"stage": "a b+c=d/e", "cost": ""})) == 204
    tags = control.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == {"team": "green", "stage": "a b+c=d/e", "cost": ""}
    assert status_of(control.untag_resource(resourceArn=arn, tagKeys=["team", "cost"])) == 204
    assert control.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "a b+c=d/e"}


def test_a_resource_policy_allows_another_principal_until_it_is_deleted(world: World) -> None:
    agent, control = world.agent(), client("bedrock-agentcore-control")
    principal = world.ready["principals"]["stranger"]
    stranger = Agent(world, agent.name, client("bedrock-agentcore", principal))
    arn = control.get_workload_identity(name=agent.name)["workloadIdentityArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": principal["arn"]},
                "Action": "bedrock-agentcore:GetWorkloadAccessTokenForUserId",
                "Resource": arn,
            }
        ],
    }
    assert status_of(control.put_resource_policy(resourceArn=arn, policy=json.dumps(policy))) == 201
    assert json.loads(control.get_resource_policy(resourceArn=arn)["policy"]) == policy
    assert stranger.token(user_id="ana")
    with refused("AccessDeniedException", 403):
        stranger.token()
    assert status_of(control.delete_resource_policy(resourceArn=arn)) == 204
    with refused("AccessDeniedException", 403):
        stranger.token(user_id="ana")


def test_returns_the_token_vault() -> None:
    vault = client("bedrock-agentcore-control").get_token_vault()
    assert vault["tokenVaultId"] == "default"
    assert vault["kmsConfiguration"]["keyType"] in ("CustomerManagedKey", "ServiceManagedKey")
    assert isinstance(vault["lastModifiedDate"], datetime.datetime)


def test_rejects_operations_that_the_service_does_not_have_with_the_reason() -> None:
    control = client("bedrock-agentcore-control")
    with refused("ValidationException", 400) as refusal:
        control.list_payment_credential_providers()
    assert "is not supported by this service: it stores no wallets" in refusal.message


def test_a_provider_has_private_endpoints_in_the_network_of_the_service(world: World) -> None:
    control, name = client("bedrock-agentcore-control"), world.new_name("private")
    network = {
        "vpcIdentifier": "vpc-0123456789abcdef0",
        "subnetIds": ["subnet-0123456789abcdef0"],
        "endpointIpAddressType": "IPV4",
    }
    endpoint = {"managedVpcResource": network | {"routingDomain": "nlb.corp.example"}}
    overrides = [{"domain": "idp.corp.example", "privateEndpoint": {"managedVpcResource": network}}]
    provider = oauth2_input(world, "private")
    config = provider["oauth2ProviderConfigInput"]["customOauth2ProviderConfig"]
    config |= {"privateEndpoint": endpoint, "privateEndpointOverrides": overrides}
    control.create_oauth2_credential_provider(name=name, **provider)
    shown = control.get_oauth2_credential_provider(name=name)["oauth2ProviderConfigOutput"]
    custom = shown["customOauth2ProviderConfig"]
    assert (custom["privateEndpoint"], custom["privateEndpointOverrides"]) == (endpoint, overrides)
    config["privateEndpoint"] = {"managedVpcResource": network | {"vpcIdentifier": "vpc-0123456789abcdef1"}}
    with refused("ValidationException", 400) as refusal:
        control.update_oauth2_credential_provider(name=name, **provider)
    assert "must be the VPC of this service: vpc-0123456789abcdef0" in refusal.message
    control.delete_oauth2_credential_provider(name=name)
