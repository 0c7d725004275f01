"""agent_identity_client: credentials of tools, and the completion of consents."""

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from agent_identity_client import (
    AccessTokenOptions,
    AccessTokenRejectedError,
    ApiKeyOptions,
    AuthorizationReturnError,
    BrowserSession,
    CachedWorkloadAccessTokens,
    CallCancelledError,
    ConfigurationError,
    ConsentFailedError,
    ConsentRequiredError,
    ConsentTimeoutError,
    ReplacementTokenRejectedError,
    WorkloadAccessTokenError,
    complete_authorization,
    from_gate,
    get_access_token,
    identity_client,
    with_access_token,
    with_api_key,
    workload_access_tokens,
)
from refusal import refused
from signing import client, observer
from world import RETURN_URL, Agent, World, query

LIFE = 15 * 60
"""Lifetime of the service's workload access tokens, in seconds."""

STATE = "state-of-this-browser"


class ScriptedClock:
    """A clock that advances only by waiting. The n-th wait runs the n-th of these events."""

    def __init__(self, *happenings: Callable[[], Any]) -> None:
        self.pauses: list[float] = []
        self._happenings = happenings

    def now(self) -> float:
        return sum(self.pauses)

    def wait(self, seconds: float, cancelled: threading.Event) -> None:
        if len(self.pauses) < len(self._happenings):
            self._happenings[len(self.pauses)]()
        self.pauses.append(seconds)

    async def sleep(self, seconds: float) -> None:
        await asyncio.to_thread(self.wait, seconds, threading.Event())


@pytest.fixture
def identity(world: World) -> Iterator[Any]:
    made = identity_client(world.endpoint, world.ready["region"])
    observer.watch(made.meta.events)
    yield made
    # The library itself signs for API Gateway, independently of the setting of this run.
    assert observer.services


class Tools:
    """The steps of an agent's code and of its user."""

    def __init__(self, world: World, identity: Any) -> None:
        self.agent: Agent = world.agent()
        self.links: list[str] = []
        self.usual: dict[str, Any] = {
            "identity": identity,
            "workload_identity_token": workload_access_tokens(identity, self.agent.name, user_id="ana"),
            "provider_name": world.provider_name,
            "scopes": ["calendar.read"],
            "auth_flow": "USER_FEDERATION",
            "callback_url": RETURN_URL,
        }

    def options(self, **changes: Any) -> AccessTokenOptions:
        return AccessTokenOptions(**(self.usual | {"on_auth_url": self.links.append} | changes))

    def consent(self) -> None:
        back = self.agent.consent(self.links[-1])
        self.agent.complete(query(back)["session_id"], userId="ana")


@pytest.fixture
def tools(world: World, identity: Any) -> Tools:
    return Tools(world, identity)


def idle() -> None:
    """Does nothing."""


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def echo(*args: Any, access_token: str, **kwargs: Any) -> tuple[Any, ...]:
    return (*args, access_token)


async def echo_async(*args: Any, access_token: str) -> tuple[Any, ...]:
    return (*args, access_token)


def test_waits_for_consent_and_then_gets_the_token_from_the_vault(world: World, tools: Tools) -> None:
    clock = ScriptedClock(idle, tools.consent)
    tool = with_access_token(tools.options(clock=clock))(echo)
    question, token = tool("what is on?")
    assert question == "what is on?"
    assert clock.pauses == [1, 1.5]
    assert tool("again") == ("again", token)
    assert (len(clock.pauses), len(tools.links)) == (2, 1)
    events = requests.get(
        world.ready["calendar"]["eventsUrl"], headers={"authorization": f"Bearer {token}"}, timeout=30
    )
    assert events.status_code == 200


def test_waits_in_an_event_loop_without_blocking_it(tools: Tools) -> None:
    ticks: list[int] = []

    async def tell(link: str) -> None:
        await asyncio.sleep(0)
        tools.links.append(link)

    def consent_while_the_loop_goes_on() -> None:
        before = len(ticks)
        tools.consent()
        assert len(ticks) > before

    async def tick() -> None:
        while True:
            ticks.append(1)
            await asyncio.sleep(0.001)

    async def main() -> tuple[Any, ...]:
        ticking = asyncio.create_task(tick())
        options = tools.options(on_auth_url=tell, clock=ScriptedClock(consent_while_the_loop_goes_on))
        first = await with_access_token(options)(echo_async)("async")
        ticking.cancel()
        return first

    assert asyncio.run(main()) == ("async", get_access_token(tools.options()))


def test_computes_its_options_from_the_arguments_of_the_call(tools: Tools) -> None:
    @with_access_token(
        lambda state, *, day: tools.options(
            custom_state=f"{state}-{day}", clock=ScriptedClock(tools.consent)
        ),
        into="calendar_token",
    )
    def tool(state: str, *, day: str, calendar_token: str) -> tuple[str, str, str]:
        return state, day, calendar_token

    assert tool("mine", day="today") == ("mine", "today", get_access_token(tools.options()))


def test_fails_immediately_without_a_link_handler_and_does_not_log_the_link(tools: Tools) -> None:
    with pytest.raises(ConsentRequiredError) as raised:
        get_access_token(tools.options(on_auth_url=None))
    error = raised.value
    assert error.session_uri not in f"{error} {error!r}"
    tools.links.append(error.authorization_url)
    tools.consent()
    assert get_access_token(tools.options(on_auth_url=None))


def test_stops_waiting_when_the_user_declines(world: World, tools: Tools) -> None:
    clock = ScriptedClock(lambda: tools.agent.consent(tools.links[-1], decision="deny"))
    with pytest.raises(ConsentFailedError) as raised:
        get_access_token(tools.options(clock=clock))
    assert clock.pauses == [1]
    assert raised.value.provider_error == "access_denied"
    assert str(raised.value) == (
        f'The user or the credential provider "{world.provider_name}" denied access. If the user wants to '
        "grant access, call the tool again for a new authorization URL."
    )


def test_fails_with_the_code_of_a_provider_that_rejects_the_request(world: World, tools: Tools) -> None:
    clock = ScriptedClock(lambda: tools.agent.consent(tools.links[-1]))
    # No user is signed in at the provider, and it must show no page.
    rejected = tools.options(clock=clock, custom_parameters={"prompt": "none"})
    with pytest.raises(ConsentFailedError) as raised:
        get_access_token(rejected)
    assert raised.value.provider_error == "login_required"
    assert str(raised.value) == (
        f'The credential provider "{world.provider_name}" rejected the authorization: login_required. '
        "Correct the provider or the request before you call the tool again."
    )


def test_fails_when_another_call_has_forced_authentication(world: World, tools: Tools) -> None:
    def overtake() -> None:
        with pytest.raises(ConsentRequiredError):
            get_access_token(tools.options(on_auth_url=None, force_authentication=True))

    tools.agent.connect("ana")
    clock = ScriptedClock(overtake)
    with pytest.raises(ConsentFailedError) as raised:
        get_access_token(tools.options(clock=clock, force_authentication=True))
    assert raised.value.provider_error is None
    assert str(raised.value) == (
        f'The authorization URL for "{world.provider_name}" is no longer valid. Call the tool again for '
        "a new URL."
    )


def test_polls_at_increasing_intervals_and_stops_at_the_deadline(tools: Tools) -> None:
    clock = ScriptedClock()
    with pytest.raises(ConsentTimeoutError):
        get_access_token(tools.options(clock=clock, consent_timeout=15))
    assert clock.pauses == [1, 1.5, 2.25, 3.375, 5, 1.875]


def test_keeps_waiting_after_a_temporary_error(identity: Any, tools: Tools) -> None:
    broken = threading.Event()
    faults: list[int] = []

    def break_answer(response_dict: dict[str, Any], **_: Any) -> None:
        if broken.is_set():
            faults.append(response_dict["status_code"])
            response_dict["status_code"] = 502

    def consent() -> None:
        broken.clear()
        tools.consent()

    identity.meta.events.register("before-parse.bedrock-agentcore", break_answer)
    clock = ScriptedClock(broken.set, consent)
    assert get_access_token(tools.options(clock=clock))
    assert faults


@pytest.mark.parametrize("waiting", [False, True], ids=["before it began", "during the wait"])
def test_stops_waiting_when_it_is_canceled(tools: Tools, waiting: bool) -> None:
    cancelled = threading.Event()
    if not waiting:
        cancelled.set()
    with pytest.raises(CallCancelledError):
        get_access_token(tools.options(cancelled=cancelled, on_auth_url=lambda _: cancelled.set()))


def test_stops_waiting_when_its_task_is_canceled(tools: Tools) -> None:
    async def main() -> None:
        told = asyncio.Event()
        tool = with_access_token(tools.options(on_auth_url=lambda _: told.set()))(echo_async)
        task = asyncio.create_task(tool())
        await told.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_forces_authentication_once_for_each_call(tools: Tools) -> None:
    old = tools.agent.connect("ana")

    def forced() -> str:
        clock = ScriptedClock(idle, tools.consent)
        return get_access_token(tools.options(force_authentication=True, clock=clock))

    tokens = [old, forced(), forced()]
    assert len(set(tokens)) == 3
    assert len(set(tools.links)) == 2
    assert get_access_token(tools.options()) == tokens[-1]


def test_reports_a_rejected_token_and_retries_once(
    world: World, tools: Tools
) -> None:
    own = tools.options(auth_flow="M2M")
    first = get_access_token(own)

    def read(*, access_token: str) -> str:
        if access_token == first:
            raise AccessTokenRejectedError
        return access_token

    async def read_async(*, access_token: str) -> str:
        return read(access_token=access_token)

    second = with_access_token(own)(read)()
    assert second != first
    assert '"RejectResourceOauth2Token"' in world.audit()
    assert get_access_token(own) == second

    first = second
    third = asyncio.run(with_access_token(own)(read_async)())
    assert third not in (first, second)


def test_does_not_mistake_another_tools_rejections_for_its_own(tools: Tools) -> None:
    calls: list[str] = []

    @with_access_token(tools.options(auth_flow="M2M"))
    def inner(*, access_token: str) -> None:
        calls.append(access_token)
        raise AccessTokenRejectedError

    @with_access_token(tools.options(auth_flow="M2M", scopes=["calendar.write"]))
    async def outer(*, access_token: str) -> None:
        calls.append(access_token)
        await asyncio.to_thread(inner)

    with pytest.raises(ReplacementTokenRejectedError) as raised:
        asyncio.run(outer())
    assert isinstance(raised.value.__cause__, AccessTokenRejectedError)
    # One token of the outer tool and two of the inner tool.
    assert len(set(calls)) == len(calls) == 3


def test_raises_errors_of_the_service_unchanged(tools: Tools) -> None:
    with refused("ValidationException", 400):
        get_access_token(tools.options(callback_url=f"{RETURN_URL}/"))
    assert not tools.links


def test_rejects_generators_and_unawaited_link_handlers(tools: Tools) -> None:
    def stream(*, access_token: str) -> Iterator[str]:
        yield access_token

    async def tell(link: str) -> None:
        tools.links.append(link)

    with pytest.raises(ConfigurationError, match="generator"):
        with_access_token(tools.options())(stream)
    with pytest.raises(ConfigurationError, match="async tool"), pytest.warns(RuntimeWarning, match="awaited"):
        get_access_token(tools.options(on_auth_url=tell))


def test_provides_tools_with_their_api_keys(world: World, tools: Tools) -> None:
    name = world.new_name("py-key")
    client("bedrock-agentcore-control").create_api_key_credential_provider(name=name, apiKey="the-key")
    identity, token = tools.usual["identity"], tools.usual["workload_identity_token"]
    options = ApiKeyOptions(identity=identity, workload_identity_token=token, provider_name=name)

    @with_api_key(options)
    def plain(town: str, *, api_key: str) -> tuple[str, str]:
        return town, api_key

    @with_api_key(lambda _town: options, into="key")
    async def in_a_loop(town: str, *, key: str) -> tuple[str, str]:
        return town, key

    assert plain("Bern") == ("Bern", "the-key")
    assert asyncio.run(in_a_loop("Bern")) == ("Bern", "the-key")


class TestWorkloadAccessTokens:
    def test_are_issued_for_each_kind_of_user(self, world: World, identity: Any) -> None:
        name = world.agent().name
        user_token = world.user_token("ana")

        def subject(**acting_for: Any) -> str:
            return claims(workload_access_tokens(identity, name, **acting_for).get())["sub"]

        assert subject().endswith(f"/{name}")
        assert subject(user_id="ana") == "user-id:ana"
        assert subject(user_token=user_token) == subject(user_token=lambda: user_token)
        with pytest.raises(ConfigurationError):
            workload_access_tokens(identity, name, user_token=user_token, user_id="ana")

    def test_are_requested_once_for_all_threads_and_again_one_minute_before_expiry(self, world: World) -> None:
        agent, now, issued = world.agent(), [0.0], []

        def request() -> str:
            issued.append(agent.token(user_id="ana"))
            return issued[-1]

        tokens = CachedWorkloadAccessTokens(request, lambda: now[0])

        def all_want_one() -> set[str]:
            with ThreadPoolExecutor(16) as threads:
                return {future.result() for future in [threads.submit(tokens.get) for _ in range(16)]}

        assert all_want_one() == set(issued)
        now[0] = LIFE - 61
        assert all_want_one() == set(issued)
        now[0] = LIFE - 60
        assert all_want_one() == {issued[1]}
        assert len(issued) == 2
        assert tokens.renew(issued[0]) == issued[1]
        assert tokens.renew(issued[1]) == issued[2]

    @pytest.mark.parametrize("opaque", ["opaque", "a.b.c", "e30.e30.e30", "e30.W10.e30"])
    def test_without_a_readable_lifetime_are_used_until_they_are_renewed(self, opaque: str) -> None:
        issued = iter([f"{opaque}-1", f"{opaque}-2"])
        tokens = CachedWorkloadAccessTokens(lambda: next(issued), lambda: 1e12)
        assert {tokens.get(), tokens.get()} == {f"{opaque}-1"}
        assert {tokens.renew(f"{opaque}-1"), tokens.renew(f"{opaque}-1")} == {f"{opaque}-2"}

    def test_that_are_rejected_for_another_reason_are_not_requested_again(self, tools: Tools) -> None:
        issued: list[str] = []

        def request() -> str:
            issued.append(tools.agent.token(user_id="ana")[:-4])
            return issued[-1]

        with refused("UnauthorizedException", 401):
            get_access_token(tools.options(workload_identity_token=CachedWorkloadAccessTokens(request)))
        assert len(issued) == 1

    def test_are_read_from_the_headers_of_the_gate(self, tools: Tools) -> None:
        token = tools.agent.token(user_id="ana")
        stored = tools.agent.connect("ana")
        headers = {"workloadaccesstoken": token, "OAuth2CallbackUrl": RETURN_URL}
        assert get_access_token(AccessTokenOptions(**(tools.usual | from_gate(headers)))) == stored
        with pytest.raises(WorkloadAccessTokenError, match="Invoke the agent again"):
            from_gate(headers)["workload_identity_token"].renew(token)
        for none in ({}, {"WorkloadAccessToken": ""}):
            with pytest.raises(WorkloadAccessTokenError, match="through its gate"):
                from_gate(none)


class TestCompleteAuthorization:
    @pytest.fixture
    def returned(self, tools: Tools) -> str:
        """The URL to which the browser returned."""
        with pytest.raises(ConsentRequiredError) as raised:
            get_access_token(tools.options(on_auth_url=None, custom_state=STATE))
        return tools.agent.consent(raised.value.authorization_url)

    @staticmethod
    def complete(tools: Tools, url: str, user_id: str = "ana", states: tuple[str, ...] = (STATE,)) -> Any:
        session = BrowserSession({"userId": user_id}, states)
        return complete_authorization(tools.usual["identity"], url, lambda: session)

    def test_completes_for_the_user_of_the_live_browser_session(self, tools: Tools, returned: str) -> None:
        completed = self.complete(tools, returned.removeprefix("http://127.0.0.1:9"), states=("other", STATE))
        assert completed.state == STATE
        assert get_access_token(tools.options())
        with refused("AccessDeniedException", 403):
            self.complete(tools, returned)

    def test_leaves_the_check_of_the_user_to_the_service(self, tools: Tools, returned: str) -> None:
        with refused("AccessDeniedException", 403):
            self.complete(tools, returned, user_id="mallory")
        # A person other than the requester has consented, so the session can no longer be completed.
        with refused("AccessDeniedException", 403):
            self.complete(tools, returned)

    def test_rejects_a_return_of_another_browser_or_with_invalid_parameters(self, tools: Tools, returned: str) -> None:
        def reason(url: str = returned, states: tuple[str, ...] = (STATE,)) -> str:
            with pytest.raises(AuthorizationReturnError) as raised:
                self.complete(tools, url, states=states)
            named = raised.value.parameter
            assert named is None or f"parameter {named} of the return URL" in str(raised.value)
            return raised.value.reason if named is None else f"{raised.value.reason}: {named}"

        with pytest.raises(AuthorizationReturnError) as signed_out:
            complete_authorization(tools.usual["identity"], returned, lambda: None)
        assert signed_out.value.reason == "sign-in-needed"
        session_id = query(returned)["session_id"]
        assert reason(returned.replace(STATE, f"{STATE}x")) == "not-this-browser"
        assert reason(returned.replace(STATE, STATE.upper())) == "not-this-browser"
        assert reason(states=()) == "not-this-browser"
        assert reason(returned.replace(f"&state={STATE}", "")) == "state-missing"
        malformed = {
            returned.replace(STATE, ""): "state",
            returned.replace(STATE, "x" * 4097): "state",
            f"{returned}&state={STATE}": "state",
            f"{returned}&session_id={session_id}": "session_id",
            returned.replace("session_id", "session"): "session_id",
            returned.replace("urn%3Aietf", "urn%3Aexample"): "session_id",
            f"{returned}".replace("&state", "%0A&state"): "session_id",
            "http://[": "session_id",
        }
        assert len(malformed) == 8
        for url, parameter in malformed.items():
            assert url != returned
            assert reason(url) == f"malformed: {parameter}"
        with pytest.raises(ConfigurationError, match="`states` of BrowserSession must be a collection of strings"):
            self.complete(tools, returned.replace(STATE, "s"), states=STATE)  # each of its letters would match
        assert "accessToken" not in tools.agent.ask(tools.agent.token(user_id="ana"))

    def test_reports_a_declined_consent_only_in_the_same_browser(self, tools: Tools, returned: str) -> None:
        declined = f"{returned}&error=access_denied"
        with pytest.raises(AuthorizationReturnError) as elsewhere:
            self.complete(tools, declined, states=())
        assert elsewhere.value.reason == "not-this-browser"
        with pytest.raises(AuthorizationReturnError) as here:
            self.complete(tools, declined)
        error = here.value
        assert (error.reason, error.state, error.provider_error) == ("declined", STATE, "access_denied")
