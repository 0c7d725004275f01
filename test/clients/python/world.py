"""The world of a test: the local service with its examples, AWS SDK clients, agents, and users who consent."""

import base64
import hashlib
import itertools
import json
import os
import secrets
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from browser import Browser
from signing import client

RETURN_URL = "http://127.0.0.1:9/connected?from=test"
"""Nothing listens there, so the browser stops when it is redirected to this URL."""

USER_FEDERATION = {"oauth2Flow": "USER_FEDERATION", "resourceOauth2ReturnUrl": RETURN_URL}


def custom_oauth2(authorization_server: dict[str, Any]) -> dict[str, Any]:
    """The input for a credential provider, for an authorization server with a registered client."""
    return {
        "credentialProviderVendor": "CustomOauth2",
        "oauth2ProviderConfigInput": {
            "customOauth2ProviderConfig": {
                "oauthDiscovery": {"discoveryUrl": authorization_server["discoveryUrl"]},
                "clientId": authorization_server["clientId"],
                "clientSecret": authorization_server["clientSecret"],
            }
        },
    }


def update_beyond_aws(name: str, return_urls: list[str], members: dict[str, Any]) -> None:
    """Updates a workload identity with members that the AWS model, and so boto3, does not have."""
    control = client("bedrock-agentcore-control")

    def add(params: dict[str, Any], **_: Any) -> None:
        params["body"] = json.dumps(json.loads(params["body"]) | members).encode()

    control.meta.events.register("before-call.bedrock-agentcore-control.UpdateWorkloadIdentity", add)
    control.update_workload_identity(name=name, allowedResourceOauth2ReturnUrls=return_urls)


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@dataclass(frozen=True)
class Person:
    """A user with one account at the identity provider, and one at the calendar provider."""

    at_work: dict[str, str]
    at_calendar: dict[str, str]


class World:
    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready
        self.endpoint: str = ready["endpoint"]
        self.provider_name: str = ready["agent"]["credentialProviderName"]
        self.people = dict(
            zip(
                ("ana", "ben"),
                map(Person, ready["identityProvider"]["users"], ready["calendar"]["users"]),
                strict=True,
            )
        )
        self._names = itertools.count(1)

    def new_name(self, kind: str) -> str:
        """A name that is unique across runs against the same service."""
        return f"{kind}-{uuid.uuid4().hex[:8]}-{next(self._names)}"

    def agent(self, return_urls: list[str] | None = None, principal: str | None = None) -> "Agent":
        """A new agent that uses the calendar's credential provider."""
        keys = self.ready["principals"][principal] if principal else None
        agent = Agent(self, self.new_name("py-agent"), client("bedrock-agentcore", keys))
        client("bedrock-agentcore-control", keys).create_workload_identity(
            name=agent.name,
            allowedResourceOauth2ReturnUrls=[RETURN_URL] if return_urls is None else return_urls,
        )
        return agent

    def credential_provider(self, authorization_server: dict[str, Any]) -> dict[str, Any]:
        """Creates a credential provider; returns the service's response."""
        return client("bedrock-agentcore-control").create_oauth2_credential_provider(
            name=self.new_name("py-provider"), **custom_oauth2(authorization_server)
        )

    def user_token(self, name: str) -> str:
        """Signs this user in at the identity provider, as the application would (RFC 6749, RFC 7636)."""
        idp = self.ready["identityProvider"]
        metadata = requests.get(f"{idp['issuer']}/.well-known/openid-configuration", timeout=30).json()
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        request = {
            "client_id": idp["clientId"],
            "redirect_uri": idp["redirectUri"],
            "response_type": "code",
            "scope": idp["scope"],
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        url = f"{metadata['authorization_endpoint']}?{urlencode(request)}"
        back = Browser().walk(url, self.people[name].at_work, until=idp["redirectUri"])
        answer = requests.post(
            metadata["token_endpoint"],
            auth=(idp["clientId"], idp["clientSecret"]),
            data={
                "grant_type": "authorization_code",
                "code": query(back.url)["code"],
                "redirect_uri": idp["redirectUri"],
                "code_verifier": verifier,
            },
            timeout=30,
        )
        return answer.json()["access_token"]

    def audit(self) -> str:
        """The service's log so far."""
        with open(os.path.join(os.environ["SERVICE_DATA_DIR"], "service.log"), encoding="utf-8") as log:
            return log.read()


@dataclass(frozen=True)
class Agent:
    world: World
    name: str
    data: Any
    """The agent's data-plane client."""

    def token(self, *, user_id: str | None = None, user_token: str | None = None) -> str:
        """A workload access token for this agent alone, for a user ID, or for a user token."""
        if user_id is not None:
            answer = self.data.get_workload_access_token_for_user_id(workloadName=self.name, userId=user_id)
        elif user_token is not None:
            answer = self.data.get_workload_access_token_for_jwt(workloadName=self.name, userToken=user_token)
        else:
            answer = self.data.get_workload_access_token(workloadName=self.name)
        return answer["workloadAccessToken"]

    def ask(self, workload_token: str, **asked: Any) -> dict[str, Any]:
        usual = {
            "workloadIdentityToken": workload_token,
            "resourceCredentialProviderName": self.world.provider_name,
            "scopes": ["calendar.read"],
        }
        return self.data.get_resource_oauth2_token(**(usual | USER_FEDERATION | asked))

    def complete(self, back: str, **user: str) -> None:
        """
        :param back: the return URL after the consent, or a URI to use instead of its `session_id`
        :param user: `userId` or `userToken`
        """
        session_uri = query(back).get("session_id", back)
        self.data.complete_resource_token_auth(sessionUri=session_uri, userIdentifier=user)

    def consent(
        self,
        authorization_url: str,
        person: str = "ana",
        decision: str = "allow",
        until: str = "http://127.0.0.1:9/",
        browser: Browser | None = None,
    ) -> str:
        """Signs in and decides on the calendar provider's pages.

        :returns: the URL at which the browser stopped
        """
        answers = self.world.people[person].at_calendar | {"decision": decision}
        return (browser or Browser()).walk(authorization_url, answers, until).url

    def connect(self, user_id: str, **asked: Any) -> str:
        """Completes a consent for this user ID; returns the access token."""
        token = self.token(user_id=user_id)
        begun = self.ask(token, **asked)
        self.complete(self.consent(begun["authorizationUrl"]), userId=user_id)
        return self.ask(token, **asked)["accessToken"]
