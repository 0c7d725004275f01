"""agent_identity_client: the client of the identity service, its endpoint, and its Region."""

import boto3
import pytest
from agent_identity_client import ConfigurationError, NoResponseError, identity_client, workload_access_tokens


class TestIdentityClient:
    @pytest.fixture(autouse=True)
    def empty_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AGENT_IDENTITY_ENDPOINT", "AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name, raising=False)

    def test_prefers_arguments_over_the_apis_region_and_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AGENT_IDENTITY_ENDPOINT", "https://identity.example/prod/")
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        api = "https://a1b2.execute-api.eu-central-1.amazonaws.com/prod"

        def settings(*given: str) -> tuple[str, str]:
            meta = identity_client(*given).meta
            return meta.endpoint_url, meta.region_name

        assert settings() == ("https://identity.example/prod", "eu-west-1")
        assert settings(api) == (api, "eu-central-1")
        assert settings(api, "us-east-2") == (api, "us-east-2")

    @pytest.mark.parametrize(
        ("endpoint", "hint"),
        [
            (None, "AGENT_IDENTITY_ENDPOINT"),
            (None, "or that agent-identity local printed"),
            ("identity.example", "begin with https://, or with http:// if it is on loopback"),
            ("localhost:8080", "begin with https://"),
            ("127.0.0.1:8080", "begin with https://"),
            ("user:secret@identity.example", "begin with https://"),
            ("http://[", "https URL"),
            ("http://identity.example", "https URL"),
            ("http://127.0.0.1.example", "https URL"),
            ("http://127.0.0.256", "https URL"),
            ("https://user:secret@identity.example", "https URL"),
            ("https://identity.example/?stage=prod", "https URL"),
            ("https://identity.example", "AWS_REGION"),
        ],
    )
    def test_rejects_endpoints_that_are_not_valid(self, endpoint: str | None, hint: str) -> None:
        with pytest.raises(ConfigurationError, match=hint) as raised:
            identity_client(endpoint)
        assert "secret" not in str(raised.value)

    def test_says_in_one_sentence_that_the_service_does_not_respond(self) -> None:
        keys = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "not used"}
        tokens = workload_access_tokens(identity_client("http://127.0.0.1:9", "us-east-1", **keys), "agent")
        with pytest.raises(NoResponseError) as raised:
            tokens.get()
        assert str(raised.value) == (
            "The identity service at http://127.0.0.1:9 did not respond (EndpointConnectionError). Check that it runs, "
            "and that AGENT_IDENTITY_ENDPOINT is its address."
        )
        assert raised.value.__cause__ is not None

    @pytest.mark.parametrize(
        ("endpoint", "step"),
        [
            ("http://127.0.0.1:9", r'run eval "\$\(agent-identity env\)"'),
            ("https://identity.example", 'sign in with "aws sso login"'),
        ],
    )
    def test_says_how_an_agent_gets_credentials(
        self, endpoint: str, step: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        # Another test can have made it, with its credentials.
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        tokens = workload_access_tokens(identity_client(endpoint, "us-east-1"), "agent")
        with pytest.raises(ConfigurationError, match=step) as raised:
            tokens.get()
        assert raised.value.__cause__ is not None
