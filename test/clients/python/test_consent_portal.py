"""Consent portals with boto3's own operations, as the AWS samples use them."""

import time
from typing import Any

import pytest

from refusal import refused
from signing import client
from world import RETURN_URL, World, custom_oauth2

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/portal"


@pytest.fixture(scope="module")
def control() -> Any:
    return client("bedrock-agentcore-control")


@pytest.fixture(scope="module")
def sign_in(world: World, control: Any) -> str:
    """ARN of a credential provider at the identity provider whose users the agents trust."""
    idp = world.ready["identityProvider"]
    server = idp | {"discoveryUrl": f"{idp['issuer']}/.well-known/openid-configuration"}
    created = control.create_oauth2_credential_provider(
        name=world.new_name("py-sign-in"), **custom_oauth2(server)
    )
    return created["credentialProviderArn"]


@pytest.fixture(scope="module")
def sources(world: World) -> list[dict[str, str]]:
    return [{"type": "workload-identity", "identifier": world.agent([RETURN_URL]).name} for _ in range(2)]


def wait_until_active(control: Any, portal_id: str) -> dict[str, Any]:
    """Polls as the AWS sample does (`02_create_portal.py`), only faster."""
    for _ in range(300):
        portal = control.get_consent_portal(consentPortalIdentifier=portal_id)
        status = portal["status"]
        if status == "ACTIVE" and portal.get("portalUrl"):
            return portal
        if status in ("FAILED", "UPDATE_FAILED", "DELETING"):
            raise RuntimeError(f"portal {status}: {portal.get('statusReason')}")
        time.sleep(0.1)
    raise RuntimeError(f"portal {status}")


def status_of(answer: dict[str, Any]) -> int:
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def test_a_portal_of_two_agents_becomes_active_is_changed_and_deleted(
    world: World, control: Any, sign_in: str, sources: list[dict[str, str]]
) -> None:
    name = world.new_name("py-portal")
    created = control.create_consent_portal(
        name=name,
        description="Connections of the assistants",
        executionRoleArn=ROLE,
        idpConfig={"credentialProviderArn": sign_in, "scopes": ["openid", "profile"]},
        sources=sources,
        tags={"team": "green"},
    )
    assert status_of(created) == 202
    portal_id, arn = created["consentPortalId"], created["consentPortalArn"]
    assert portal_id.startswith(f"{name}-")
    assert arn.endswith(f":{ACCOUNT}:consent-portal/{portal_id}")

    active = wait_until_active(control, portal_id)
    assert active["sources"] == sources
    assert active["portalUrl"].endswith(f"/portals/{portal_id}")
    by_arn = control.get_consent_portal(consentPortalIdentifier=arn)
    assert by_arn["consentPortalId"] == portal_id

    updated = control.update_consent_portal(
        consentPortalIdentifier=arn,
        description="",
        idpConfig={"credentialProviderArn": sign_in, "scopes": ["email"]},
    )
    assert status_of(updated) == 202
    changed = wait_until_active(control, portal_id)
    assert changed["idpConfig"]["scopes"] == ["email"]
    assert changed["updatedAt"] >= changed["createdAt"] == created["createdAt"]

    control.tag_resource(resourceArn=arn, tags={"stage": "test"})
    tags = control.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == {"team": "green", "stage": "test"}

    assert status_of(control.delete_consent_portal(consentPortalIdentifier=portal_id)) == 204
    for identifier in (portal_id, arn):
        with refused("ResourceNotFoundException", 404):
            control.get_consent_portal(consentPortalIdentifier=identifier)
        with refused("ResourceNotFoundException", 404):
            control.delete_consent_portal(consentPortalIdentifier=identifier)


def test_portals_are_listed_once_across_pages(
    world: World, control: Any, sign_in: str, sources: list[dict[str, str]]
) -> None:
    names = {world.new_name("py-listed") for _ in range(3)}
    for name in names:
        control.create_consent_portal(
            name=name,
            executionRoleArn=ROLE,
            idpConfig={"credentialProviderArn": sign_in, "scopes": ["openid"]},
            sources=sources,
        )
    pages = list(
        control.get_paginator("list_consent_portals").paginate(PaginationConfig={"PageSize": 2})
    )
    assert all(len(page["consentPortals"]) <= 2 for page in pages)
    listed = [portal["name"] for page in pages for portal in page["consentPortals"]]
    assert names <= set(listed)
    assert len(listed) == len(set(listed))
