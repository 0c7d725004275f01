"""The example agent with the AWS SDK for Python. With AGENT_HOST set, it runs on AgentCore Runtime without changes.

The agent holds no user credentials and never sees the user's token. The gate sends it a workload access token, which
names this agent and this user. The decorator of the AWS SDK exchanges the token for a calendar token for this pair
only, or for a consent link.

Environment: PORT; AGENT_HOST (loopback unless set; 0.0.0.0 in a container of AgentCore Runtime); CALENDAR_PROVIDER
(name of the credential provider); CALENDAR_EVENTS_URL; the AWS variables for Region and credentials;
BEDROCK_AGENTCORE_DP_ENDPOINT, the identity service.
"""

import asyncio
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import boto3
from bedrock_agentcore.identity import requires_access_token
from bedrock_agentcore.runtime import BedrockAgentCoreApp, BedrockAgentCoreContext

Event = dict[str, str]

LONGEST_SILENCE = 60
"""Seconds without data after which the agent sends an event, before the gate's invocation timeout."""


def sign_for_api_gateway(request: Any, **_: Any) -> None:
    """Sets the signing name that IAM authorization on API Gateway requires."""
    request.context.setdefault("signing", {})["signing_name"] = "execute-api"


# The SDK creates its own clients from this session, so register the hook before any decorator runs.
boto3.setup_default_session()
boto3.DEFAULT_SESSION.events.register("before-sign", sign_for_api_gateway)

app = BedrockAgentCoreApp()


@app.entrypoint
async def answer(ask: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
    """Takes `question` and `state` and yields server-sent events, as examples/local/agent-api.ts describes."""
    if BedrockAgentCoreContext.get_workload_access_token() is None:
        # Without this check, the decorator of the SDK would create its own workload identity.
        raise PermissionError("The workload access token is missing. Invoke this agent through its gate.")
    news: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    def calendar_reader(*, force_authentication: bool) -> Any:
        @requires_access_token(
            provider_name=os.environ["CALENDAR_PROVIDER"],
            scopes=["calendar.read"],
            auth_flow="USER_FEDERATION",
            custom_state=ask["state"],
            force_authentication=force_authentication,
            on_auth_url=lambda url: news.put_nowait({"kind": "consent", "authorizationUrl": url}),
        )
        async def read(*, access_token: str) -> list[Event]:
            news.put_nowait({"kind": "progress", "text": "Reading the calendar"})
            return await asyncio.to_thread(read_calendar, access_token)

        return read

    async def read_calendar_of_user() -> list[Event]:
        try:
            return await calendar_reader(force_authentication=False)()
        except RefusedToken:
            # The calendar rejected the token, for example because it was revoked. Request another, once.
            return await calendar_reader(force_authentication=True)()

    yield {"kind": "progress", "text": "Asking for access to the calendar"}
    reading = asyncio.create_task(read_calendar_of_user())
    reading.add_done_callback(lambda _: news.put_nowait(None))
    try:
        while (item := await next_news(news)) is not None:
            yield item
        yield {"kind": "events", "events": events_asked_for(ask["question"], await reading)}
    finally:
        # The client might have disconnected.
        reading.cancel()


async def next_news(news: asyncio.Queue[dict[str, Any] | None]) -> dict[str, Any] | None:
    try:
        return await asyncio.wait_for(news.get(), LONGEST_SILENCE)
    except asyncio.TimeoutError:
        return {"kind": "waiting"}


class RefusedToken(Exception):
    """The calendar does not accept the token."""


def read_calendar(access_token: str) -> list[Event]:
    request = urllib.request.Request(
        os.environ["CALENDAR_EVENTS_URL"], headers={"Authorization": f"Bearer {access_token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)["events"]
    except urllib.error.HTTPError as error:
        if error.code == 401:
            raise RefusedToken from None
        raise


def events_asked_for(question: str, events: list[Event]) -> list[Event]:
    """Knows only two words. A real agent would pass the question and the events to a model."""
    named = {"today": 0, "tomorrow": 1}
    days = [ahead for word, ahead in named.items() if re.search(rf"\b{word}\b", question, re.IGNORECASE)]
    if not days:
        return events
    wanted = date.today() + timedelta(days=days[-1])
    return [event for event in events if local_day(event["start"]) == wanted]


def local_day(timestamp: str) -> date:
    # Python 3.10 does not parse the suffix Z, which means UTC in RFC 3339.
    return datetime.fromisoformat(timestamp.replace("Z", "+00:00")).astimezone().date()


if __name__ == "__main__":
    # By default, the app listens on all addresses if it detects a container.
    app.run(port=int(os.environ["PORT"]), host=os.environ.get("AGENT_HOST", "127.0.0.1"))
