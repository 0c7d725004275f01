"""The client library with tokens that are bound to keys (DPoP, RFC 9449): resources that verify the proofs."""

import asyncio
import base64
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
import requests

from agent_identity_client import (
    AccessTokenOptions,
    ConfigurationError,
    ConsentRequiredError,
    ReplacementTokenRejectedError,
    ResourceRedirectError,
    authorized_client,
    get_access_token,
    with_access_token,
)
from agent_identity_client._authorized_client import http_library
from agent_identity_client._consent import run_steps, steps_after_accept
from agent_identity_client._hidden import Hidden
from browser import Browser
from mcp_servers import Received, Refusal, protected_server
from signing import client
from test_connect_mcp import call, options_of
from world import RETURN_URL, World, custom_oauth2

PROVIDER = json.loads(os.environ.get("DPOP_PROVIDER", "{}"))
http = http_library("authorized_client")


def metadata() -> dict[str, str]:
    return requests.get(PROVIDER["discoveryUrl"], timeout=30).json()


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


class Server:
    """An MCP server that verifies tokens and proofs (RFC 9449 sections 4.3 and 7.1)."""

    def __init__(self) -> None:
        self.url = ""
        self.accepted: list[str] = []
        """Identifiers of the proofs."""
        self.refusals: list[str] = []
        self.schemes: set[str] = set()
        self.refused: set[str] = set()
        """Tokens that were revoked."""
        self.nonces: list[str] = []
        """The nonces that are required, one after another; the last one is required again and again."""
        self._introspection = metadata()["introspection_endpoint"]

    def check(self, request: Received) -> Refusal:
        error = self._rejection(request)
        if error is None:
            return None
        self.refusals.append(error)
        nonce = {"dpop-nonce": self.nonces[0]} if self.nonces else {}
        return 401, {"www-authenticate": f'DPoP algs="ES256", error="{error}"'} | nonce

    def _rejection(self, request: Received) -> str | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        self.schemes.add(scheme)
        if scheme != "DPoP" or token in self.refused:
            return "invalid_token"
        proof = request.headers["dpop"]
        header = jwt.get_unverified_header(proof)
        key = header["jwk"]
        claims = jwt.decode(proof, jwt.PyJWK(key, "ES256").key, algorithms=["ES256"])
        required = {name: key[name] for name in ("crv", "kty", "x", "y")}
        thumbprint = digest(json.dumps(required, sort_keys=True, separators=(",", ":")))
        credentials = (PROVIDER["clientId"], PROVIDER["clientSecret"])
        known = requests.post(self._introspection, auth=credentials, data={"token": token}, timeout=30).json()
        if not known["active"] or known["cnf"] != {"jkt": thumbprint}:
            return "invalid_token"
        asked = {"htm": request.method, "htu": self.url, "ath": digest(token)}
        if header["typ"] != "dpop+jwt" or "d" in key or not asked.items() <= claims.items():
            return "invalid_dpop_proof"
        if abs(claims["iat"] - time.time()) > 30 or claims["jti"] in self.accepted:
            return "invalid_dpop_proof"
        if self.nonces and claims.get("nonce") != self.nonces[0]:
            return "use_dpop_nonce"
        self.accepted.append(claims["jti"])
        return None


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    server = Server()
    with protected_server(lambda request: server.check(request)) as url:
        server.url = url
        yield server


@pytest.fixture
def server(shared: Server) -> Server:
    shared.nonces, shared.refused = [], set()
    for seen in (shared.accepted, shared.refusals, shared.schemes):
        seen.clear()
    return shared


class Bound:
    """An agent, and a credential provider whose tokens are bound."""

    def __init__(self, world: World, resources: list[str]) -> None:
        self.world, self.agent = world, world.agent()

        def add_dpop_config(params: dict[str, Any], **_: Any) -> None:
            # The AWS model does not have the member.
            body = json.loads(params["body"])
            config = body["oauth2ProviderConfigInput"]["customOauth2ProviderConfig"]
            config["dpopConfig"] = {"resourceUrls": resources}
            params["body"] = json.dumps(body).encode()

        control = client("bedrock-agentcore-control")
        event = "before-call.bedrock-agentcore-control.CreateOauth2CredentialProvider"
        control.meta.events.register(event, add_dpop_config)
        self.name = world.new_name("py-bound")
        control.create_oauth2_credential_provider(name=self.name, **custom_oauth2(PROVIDER))

    def options(self, user_id: str, **more: Any) -> AccessTokenOptions:
        usual = {"provider_name": self.name, "scopes": ["openid"]}
        return options_of(self.world, self.agent, user_id, **(usual | more))

    def consent(self, url: str, user_id: str) -> None:
        back = Browser().walk(url, {"login": user_id, "password": "any"}, RETURN_URL.split("?")[0]).url
        self.agent.complete(back, userId=user_id)

    def connected(self, user_id: str) -> AccessTokenOptions:
        """Returns the options of a user who has consented."""
        agent = self.agent
        asked = {"resourceCredentialProviderName": self.name, "scopes": ["openid"]}
        begun = agent.ask(agent.token(user_id=user_id), **asked)
        self.consent(begun["authorizationUrl"], user_id)
        return self.options(user_id)


class Consenting:
    """A clock whose waits are the consent of the user."""

    def __init__(self, bound: Bound, user_id: str) -> None:
        self.links: list[str] = []
        self._bound, self._user_id, self._now = bound, user_id, 0.0

    def now(self) -> float:
        return self._now

    def wait(self, seconds: float, cancelled: Any) -> None:
        self._now += seconds
        self._bound.consent(self.links[-1], self._user_id)

    async def sleep(self, seconds: float) -> None:
        await asyncio.to_thread(self.wait, seconds, None)

    @property
    def options(self) -> AccessTokenOptions:
        return self._bound.options(self._user_id, clock=self, on_auth_url=self.links.append)


@pytest.fixture(scope="module")
def bound(world: World, shared: Server) -> Bound:
    return Bound(world, [shared.url, metadata()["userinfo_endpoint"]])


def test_connect_mcp_sends_a_proof_with_each_request(bound: Bound, server: Server) -> None:
    consenting = Consenting(bound, "ana")
    assert call(server.url, consenting.options, "read", "write") == ["read", "write"]
    assert call(server.url, bound.options("ana"), "read") == ["read"]
    assert len(consenting.links) == 1
    assert len(server.accepted) > 3
    assert [server.refusals, server.schemes] == [[], {"DPoP"}]


def test_connect_mcp_learns_the_nonce_from_the_first_challenge_and_keeps_it(bound: Bound, server: Server) -> None:
    server.nonces = ["nonce-1"]
    assert call(server.url, bound.connected("ben"), "read", "read") == ["read", "read"]
    assert server.refusals == ["use_dpop_nonce"]


def test_connect_mcp_replaces_a_rejected_token_by_another_bound_token(bound: Bound, server: Server) -> None:
    options = bound.connected("cleo")
    asked = {"resourceCredentialProviderName": bound.name, "scopes": ["openid"]}
    server.refused.add(bound.agent.ask(bound.agent.token(user_id="cleo"), **asked)["accessToken"])
    assert call(server.url, options, "read") == ["read"]
    assert [server.refusals, server.schemes] == [["invalid_token"], {"DPoP"}]


def test_connect_mcp_stops_at_a_server_that_requires_another_nonce_each_time(bound: Bound, server: Server) -> None:
    class Endless(list[str]):
        def __getitem__(self, index: Any) -> str:
            return os.urandom(8).hex()

    server.nonces = Endless(["nonce"])
    with pytest.raises(ReplacementTokenRejectedError):
        call(server.url, bound.connected("dora"), "read")
    assert server.refusals == ["use_dpop_nonce"] * 4
    assert server.schemes == {"DPoP"}


def statuses(url: str, options: AccessTokenOptions, *requested: str, **more: Any) -> tuple[list[int], list[Any]]:
    """Returns the statuses that the caller gets, and the requests that are sent."""
    sent: list[Any] = []

    class Counting(http.AsyncHTTPTransport):  # type: ignore[misc, name-defined]
        async def handle_async_request(self, request: Any) -> Any:
            sent.append((request.method, str(request.url), request.headers.get("authorization", "").split(" ")[0]))
            return await super().handle_async_request(request)

    async def run() -> list[int]:
        async with authorized_client(url, options, transport=Counting()) as session:
            return [(await session.request("GET", target, **more)).status_code for target in requested]

    return asyncio.run(run()), sent


def test_authorized_client_sends_proofs_with_the_nonce_of_the_resource(bound: Bound) -> None:
    me = metadata()["userinfo_endpoint"]
    got, sent = statuses(me, bound.connected("eve"), me, f"{me}?a=b", me)
    assert got == [200] * 3
    assert sent == [("GET", target, "DPoP") for target in (me, me, f"{me}?a=b", me)]


def test_a_token_is_bound_also_if_a_proxy_drops_the_header_with_its_type(bound: Bound) -> None:
    me = metadata()["userinfo_endpoint"]
    options = bound.connected("hal")

    def drop_header(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        parsed["ResponseMetadata"]["HTTPHeaders"].pop("x-agent-identity-token-type", None)

    options.identity.meta.events.register("after-call.bedrock-agentcore", drop_header)
    assert statuses(me, options, me)[0] == [200]


def test_authorized_client_sends_bearer_tokens_without_proofs(world: World) -> None:
    agent = world.agent()
    agent.connect("fay")
    events = world.ready["calendar"]["issuer"] + "/userinfo"
    assert statuses(events, options_of(world, agent, "fay"), events)[1][0] == ("GET", events, "Bearer")


def test_authorized_client_raises_the_consent_error_without_a_request(bound: Bound, server: Server) -> None:
    with pytest.raises(ConsentRequiredError):
        statuses(server.url, bound.options("lea"), server.url)
    assert server.schemes == set()


def test_authorized_client_sends_nothing_to_another_origin(bound: Bound, server: Server) -> None:
    with pytest.raises(ResourceRedirectError):
        statuses(metadata()["userinfo_endpoint"], bound.connected("gus"), server.url)
    assert server.schemes == set()


@pytest.mark.parametrize("url", ["http://resource.example/", "https://a:b@resource.example/", "ftp://127.0.0.1/", ""])
def test_authorized_client_rejects_an_address_to_which_no_token_is_sent(bound: Bound, url: str) -> None:
    with pytest.raises(ConfigurationError, match="URL of the resource"):
        authorized_client(url, bound.options("gus"))


def test_authorized_client_follows_no_redirect_even_if_the_request_demands_it(world: World, server: Server) -> None:
    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(307)
            self.send_header("location", server.url)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Redirect) as moved:
        threading.Thread(target=moved.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{moved.server_port}/"
        options = Bound(world, [url]).connected("hal")
        with pytest.raises(ResourceRedirectError):
            statuses(url, options, url, follow_redirects=True)
        moved.shutdown()
    assert server.schemes == set()


def test_a_tool_does_not_get_a_bound_token(bound: Bound) -> None:
    called: list[str] = []
    bound.connected("ida")

    @with_access_token(bound.options("ida"))
    def plain(*, access_token: str) -> None:
        called.append(access_token)

    @with_access_token(Consenting(bound, "jon").options)
    async def after_consent(*, access_token: str) -> None:
        called.append(access_token)

    message = "is bound to a key .*authorized_client, or with connect_mcp"
    with pytest.raises(ConfigurationError, match=message):
        plain()
    with pytest.raises(ConfigurationError, match=message):
        asyncio.run(after_consent())
    assert called == []


def test_a_tool_of_an_mcp_server_does_not_get_a_bound_token_after_the_consent(bound: Bound) -> None:
    with pytest.raises(ConsentRequiredError) as required:
        get_access_token(bound.options("kim"))
    bound.consent(required.value.authorization_url, "kim")
    with pytest.raises(ConfigurationError, match="is bound to a key"):
        run_steps(steps_after_accept(bound.options("kim"), Hidden(required.value.session_uri)))
