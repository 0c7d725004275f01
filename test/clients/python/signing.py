"""Signing names: API Gateway's IAM authorization requires another one than the AWS SDK uses by default.

There are two ways of setting the name, chosen by the environment variable SIGNING:
`hook` (two lines of code) and `data-path` (no code, only AWS_DATA_PATH and AWS_ENDPOINT_URL_*).
"""

import os
import re
from typing import Any

import boto3

BY_HOOK = os.environ["SIGNING"] == "hook"

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")


def sign_for_api_gateway(request: Any, **_: Any) -> None:
    request.context.setdefault("signing", {})["signing_name"] = "execute-api"


class SignatureObserver:
    """Records the service name in the signature of each request that is sent."""

    def __init__(self) -> None:
        self.services: list[str] = []

    def watch(self, events: Any) -> None:
        events.register("before-send", self._note)

    def _note(self, request: Any, **_: Any) -> None:
        header = request.headers["Authorization"]
        found = _SCOPE.search(header.decode() if isinstance(header, bytes) else header)
        assert found, "a request leaves without a Signature Version 4"
        self.services.append(found.group(1))


observer = SignatureObserver()


def client(name: str, principal: dict[str, str] | None = None) -> Any:
    """A boto3 client as an application creates it.

    :param principal: keys of a caller other than the one in the environment
    """
    keys = (
        {"aws_access_key_id": principal["accessKeyId"], "aws_secret_access_key": principal["secretAccessKey"]}
        if principal
        else {}
    )
    session = boto3.Session(**keys)
    if not BY_HOOK:
        made = session.client(name)
    else:
        made = session.client(name, endpoint_url=os.environ["BEDROCK_AGENTCORE_DP_ENDPOINT"])
        made.meta.events.register("before-sign", sign_for_api_gateway)
    observer.watch(made.meta.events)
    return made


def prepare_default_session() -> None:
    """Prepares clients that an SDK creates by itself; call it once, before the SDK creates the first client."""
    boto3.setup_default_session()
    if BY_HOOK:
        boto3.DEFAULT_SESSION.events.register("before-sign", sign_for_api_gateway)
    observer.watch(boto3.DEFAULT_SESSION.events)
