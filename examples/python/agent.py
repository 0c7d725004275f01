"""The example agent once more, on AWS's Python SDK: with AGENT_HOST it would run on AgentCore Runtime as it stands.

It holds no user's credentials and never sees the user's token. The gate hands it a workload access token (this
agent, for this user); AWS's decorator trades it for a calendar token that is theirs alone, or for a consent link.

Environment: PORT; AGENT_HOST (loopback unless set; 0.0.0.0 in a container of AgentCore Runtime); CALENDAR_PROVIDER
(name of the credential provider); CALENDAR_EVENTS_URL; AWS's own for region and credentials;
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
"""Seconds after which the agent says that it is still there, or the gate takes its run to be over."""


def sign_for_api_gateway(request: Any, **_: Any) -> None:
    """IAM authorization on API Gateway wants this name in the signature."""
    request.context.setdefault("signing", {})["signing_name"] = "execute-api"


# For the clients that the SDK makes by itself, hence before any decorator is used.
boto3.setup_default_session()
boto3.DEFAULT_SESSION.events.register("before-sign", sign_for_api_gateway)

app = BedrockAgentCoreApp()


@app.entrypoint
async def answer(ask: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
    """What examples/local/agent-api.ts describes: `question` and `state` in, server-sent events out."""
    if BedrockAgentCoreContext.get_workload_access_token() is None:
        # AWS's decorator would make up an identity of its own.
        raise PermissionError("Invoke this agent through its gate.")
    news: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    def calendar_reader(*, ask_anew: bool) -> Any:
        @requires_access_token(
            provider_name=os.environ["CALENDAR_PROVIDER"],
            scopes=["calendar.read"],
            auth_flow="USER_FEDERATION",
            custom_state=ask["state"],
            force_authentication=ask_anew,
            on_auth_url=lambda url: news.put_nowait({"kind": "consent", "authorizationUrl": url}),
        )
        async def read(*, access_token: str) -> list[Event]:
            news.put_nowait({"kind": "progress", "text": "Reading the calendar"})
            return await asyncio.to_thread(read_calendar, access_token)

        return read

    async def read_calendar_of_user() -> list[Event]:
        try:
            return await calendar_reader(ask_anew=False)()
        except RefusedToken:
            # It looked good and was not, such as one that was taken back: ask for another, once.
            return await calendar_reader(ask_anew=True)()

    yield {"kind": "progress", "text": "Asking for access to the calendar"}
    reading = asyncio.create_task(read_calendar_of_user())
    reading.add_done_callback(lambda _: news.put_nowait(None))
    try:
        while (item := await next_news(news)) is not None:
            yield item
        yield {"kind": "events", "events": events_asked_for(ask["question"], await reading)}
    finally:
        # Whoever asked may have hung up meanwhile.
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
    """Where a real agent would hand question and events to a model, this one knows two words."""
    named = {"today": 0, "tomorrow": 1}
    days = [ahead for word, ahead in named.items() if re.search(rf"\b{word}\b", question, re.IGNORECASE)]
    if not days:
        return events
    wanted = date.today() + timedelta(days=days[-1])
    return [event for event in events if local_day(event["start"]) == wanted]


def local_day(timestamp: str) -> date:
    # Python 3.10 does not read the Z that RFC 3339 has for UTC.
    return datetime.fromisoformat(timestamp.replace("Z", "+00:00")).astimezone().date()


if __name__ == "__main__":
    # Left alone, the app listens on every address where it takes this machine for a container.
    app.run(port=int(os.environ["PORT"]), host=os.environ.get("AGENT_HOST", "127.0.0.1"))
