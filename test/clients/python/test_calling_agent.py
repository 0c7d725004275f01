"""An agent calls the gate of another agent: the token reaches this gate, with the signature, and no other server."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from agent_identity_client import (
    ConfigurationError,
    StaticWorkloadAccessToken,
    identity_client,
    invoke_agent,
)
from botocore.config import Config
from botocore.exceptions import ClientError

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/calendar-0123456789"
HEADER = "X-Amz-Bedrock-AgentCore-Identity-WAT"


@contextmanager
def server(location: str | None = None) -> Iterator[tuple[str, list[Any]]]:
    """A server that records the headers of each request, and redirects it if a location is given."""
    seen: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            seen.append(self.headers)
            self.send_response(307 if location else 200)
            if location:
                self.send_header("location", location)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Does not print."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}", seen
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


@contextmanager
def environment_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Sets the variables of a proxy, without exceptions. Yields the requests that the proxy received."""
    with server() as (url, seen), monkeypatch.context() as environment:
        for name in ("NO_PROXY", "no_proxy"):
            environment.delenv(name, raising=False)
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            environment.setenv(name, url)
        yield seen


def gate(url: str) -> Any:
    credentials = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return identity_client(url, "us-east-1", config=Config(retries={"total_max_attempts": 1}), **credentials)


REQUEST = {"agentRuntimeArn": ARN, "payload": b"{}"}


def test_the_token_is_sent_and_signed() -> None:
    with server() as (url, seen):
        invoke_agent(gate(url), StaticWorkloadAccessToken("the-token"), **REQUEST)
    assert seen[0][HEADER] == "the-token"
    assert HEADER.lower() in seen[0]["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    assert "/us-east-1/execute-api/aws4_request" in seen[0]["authorization"]


def test_concurrent_calls_of_one_client_send_their_own_tokens() -> None:
    with server() as (url, seen):
        client = gate(url)

        def call(number: int) -> None:
            invoke_agent(client, f"token-{number}", **REQUEST, runtimeUserId=f"user-{number}")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(call, range(24)))
        client.invoke_agent_runtime(**REQUEST)
    users = "X-Amzn-Bedrock-AgentCore-Runtime-User-Id"
    assert len(seen) == 25
    for headers in seen[:24]:
        assert headers.get_all(HEADER) == [headers[users].replace("user", "token")]
    assert seen[24][HEADER] is None


def test_no_redirect_is_followed() -> None:
    with server() as (other, stolen), server(location=f"{other}/stolen") as (url, seen):
        with pytest.raises(ClientError):
            invoke_agent(gate(url), "the-token", **REQUEST)
        assert len(seen) == 1
        assert stolen == []


@pytest.mark.parametrize("endpoint", [None, "http://gate.example"])
def test_a_client_without_a_gate_sends_no_token(
    endpoint: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The suite can set the endpoint of the local service.
    monkeypatch.delenv("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", raising=False)
    def stop(**_: Any) -> None:
        raise AssertionError("a request was sent")

    credentials = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client = boto3.client("bedrock-agentcore", "us-east-1", endpoint_url=endpoint, **credentials)
    client.meta.events.register("before-send", stop)
    with pytest.raises(ConfigurationError, match="address of its gate"):
        invoke_agent(client, "the-token", **REQUEST)


def test_a_proxy_of_the_environment_gets_no_token_for_a_gate_on_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    credentials = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    with server() as (url, seen), environment_proxy(monkeypatch) as proxied:
        plain = boto3.client("bedrock-agentcore", "us-east-1", endpoint_url=url, **credentials)
        with pytest.raises(ConfigurationError, match="proxy of the environment"):
            invoke_agent(plain, "the-token", **REQUEST)
        invoke_agent(gate(url), "the-token", **REQUEST)
        invoke_agent(identity_client(url, "us-east-1", **credentials), "the-token", **REQUEST)
        monkeypatch.setenv("no_proxy", "127.0.0.1,localhost,::1")
        excepted = boto3.client("bedrock-agentcore", "us-east-1", endpoint_url=url, **credentials)
        invoke_agent(excepted, "the-token", **REQUEST)
    assert (len(seen), proxied) == (3, [])
