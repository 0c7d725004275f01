"""agent_identity_client: credentials are hidden from frameworks and inspections."""

import asyncio
import copy
import inspect
import json
import pickle
import traceback
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

import agent_identity_client
import boto3
import pytest
from agent_identity_client import (
    AccessTokenOptions,
    AccessTokenRejectedError,
    ApiKeyOptions,
    AuthorizationReturnError,
    BrowserSession,
    ConfigurationError,
    ConsentFailedError,
    ConsentRequiredError,
    WorkloadAccessTokenError,
    complete_authorization,
    from_gate,
    get_access_token,
    identity_client,
    replace_access_token,
    with_access_token,
    with_api_key,
    workload_access_tokens,
)
from botocore.exceptions import ClientError
from world import RETURN_URL, Agent, World, query

from late_annotations import Day, declare


@pytest.fixture
def identity(world: World) -> Any:
    return identity_client(world.endpoint, world.ready["region"])


@pytest.fixture
def agent(world: World) -> Agent:
    return world.agent()


@pytest.fixture
def options(world: World, agent: Agent, identity: Any) -> AccessTokenOptions:
    return AccessTokenOptions(
        identity=identity,
        workload_identity_token=agent.token(user_id="ana"),
        provider_name=world.provider_name,
        scopes=["calendar.read"],
        auth_flow="USER_FEDERATION",
        callback_url=RETURN_URL,
        custom_state="state-of-this-browser",
        custom_parameters={"login_hint": "ana@example.com"},
    )


UNUSED: Any = boto3.client("bedrock-agentcore", "us-east-1")


def traceback_of(error: Exception, *, folder: str = "") -> str:
    """The traceback with local variables, as in error reporters, without the test's own frames, which know the secret.

    :param folder: include only frames of files in this folder
    """
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    others = [
        frame
        for frame in report.stack
        if frame.filename.startswith(folder) and not frame.name.startswith("test_")
    ]
    assert others
    report.stack = traceback.StackSummary.from_list(others)
    return "".join(report.format())


def own_frames(error: Exception) -> str:
    """The library's frames; the frames of boto3 contain the request."""
    return traceback_of(error, folder=str(Path(agent_identity_client.__file__).parent))


def never_asked(*_args: Any, **_kwargs: Any) -> AccessTokenOptions:
    raise AssertionError("options were made for a call that was wrong")


def plain(day: str, hours: int = 8, *, access_token: str) -> list[str]:
    return [day] * hours


def last(day: str, access_token: str) -> list[str]:
    return [day]


def with_more(day: str, *rest: int, access_token: str = "", **more: bool) -> list[str]:
    return [day]


async def in_a_loop(day: Optional[str] = None, *, access_token: str) -> list[str]:
    return [day or ""]


class TestSignature:
    @pytest.mark.parametrize(
        ("tool", "shown"),
        [
            (plain, "(day: str, hours: int = 8) -> list[str]"),
            (last, "(day: str) -> list[str]"),
            (with_more, "(day: str, *rest: int, **more: bool) -> list[str]"),
            (in_a_loop, "(day: Optional[str] = None) -> list[str]"),
        ],
    )
    def test_omits_the_credential(self, tool: Callable[..., Any], shown: str) -> None:
        decorated = with_access_token(never_asked)(tool)
        assert str(inspect.signature(decorated)).replace("typing.", "") == shown
        assert str(inspect.signature(decorated, follow_wrapped=False)).replace("typing.", "") == shown
        assert inspect.unwrap(decorated) is decorated
        hints = typing.get_type_hints(decorated)
        assert hints | {"access_token": str} == typing.get_type_hints(tool)
        assert "access_token" not in decorated.__annotations__
        spec = inspect.getfullargspec(decorated)
        assert "access_token" not in [*spec.args, *spec.kwonlyargs, *spec.annotations]
        assert (decorated.__name__, decorated.__doc__) == (tool.__name__, tool.__doc__)
        assert inspect.iscoroutinefunction(decorated) == inspect.iscoroutinefunction(tool)

    def test_resolves_types_of_the_module_of_the_tool(self) -> None:
        decorated = with_access_token(never_asked, into="calendar_token")(declare())
        assert typing.get_type_hints(decorated) == {"day": Day, "return": list[Day]}

    def test_of_a_method_keeps_self(self, options: AccessTokenOptions) -> None:
        class Calendar:
            @with_access_token(lambda _self, _day: options)
            def read(self, day: str, *, access_token: str) -> tuple[str, str]:
                return day, access_token

        assert str(inspect.signature(Calendar().read)) == "(day: str) -> tuple[str, str]"

    def test_omits_an_api_key_too(self) -> None:
        @with_api_key(never_asked)
        def tool(town: str, *, api_key: str) -> str:
            return town

        assert list(inspect.signature(tool).parameters) == ["town"]
        assert typing.get_type_hints(tool) == {"town": str, "return": str}

    @pytest.mark.parametrize(
        "tool",
        [
            lambda day: day,
            lambda day, *, token: day,
            lambda *access_token: access_token,
            lambda access_token, day: day,
            lambda access_token, *days: days,
            lambda access_token, /, **more: more,
        ],
    )
    def test_requires_a_keyword_only_parameter_for_the_credential(self, tool: Callable[..., Any]) -> None:
        with pytest.raises(ConfigurationError, match="keyword-only parameter `access_token`"):
            with_access_token(never_asked)(tool)


class TestDecorator:
    """The decorator needs its options, and explains how to pass them."""

    @pytest.mark.parametrize(
        "instead", [plain, last, in_a_loop, None, "calendar", AccessTokenOptions, {"scopes": []}]
    )
    def test_rejects_a_tool_or_another_value_instead_of_its_options(self, instead: Any) -> None:
        with pytest.raises(ConfigurationError) as raised:
            with_access_token(instead)
        assert "`@with_access_token(AccessTokenOptions(…))`" in str(raised.value)

    def test_without_parentheses_explains_the_syntax(self) -> None:
        with pytest.raises(ConfigurationError, match=r"`@with_api_key\(ApiKeyOptions\(…\)\)`"):

            @with_api_key
            def tool(town: str, *, api_key: str) -> str:
                return town

        # Until it is called, it cannot be distinguished from a function that returns options.
        @with_access_token
        def other(*args: Any, **more: Any) -> None:
            """Never runs."""

        with pytest.raises(ConfigurationError, match="@with_access_token"):
            other("today")

    @pytest.mark.parametrize("tool", [plain, in_a_loop])
    @pytest.mark.parametrize("made", [None, "calendar", {"scopes": []}])
    def test_rejects_a_function_that_returns_no_options(self, tool: Callable[..., Any], made: Any) -> None:
        decorated = with_access_token(lambda *_: made)(tool)
        with pytest.raises(ConfigurationError, match="function that returns AccessTokenOptions"):
            call = decorated("today")
            asyncio.run(call)

    def test_rejects_the_options_of_an_api_key_for_an_access_token(self) -> None:
        key: Any = ApiKeyOptions(identity=UNUSED, workload_identity_token="token", provider_name="weather")
        with pytest.raises(ConfigurationError, match="AccessTokenOptions"):
            with_access_token(key)


class TestCall:
    @pytest.mark.parametrize(
        ("args", "kwargs"),
        [
            ((), {}),
            (("today", 4, "mallory"), {}),
            (("today",), {"access_token": "mallory"}),
            (("today",), {"unknown": "mallory"}),
        ],
    )
    @pytest.mark.parametrize("tool", [plain, in_a_loop])
    def test_with_wrong_arguments_requests_no_token(
        self, tool: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if tool is in_a_loop and not args:
            args = ("today", "mallory")
        decorated = with_access_token(never_asked)(tool)
        with pytest.raises(TypeError) as raised:
            made = decorated(*args, **kwargs)
            asyncio.run(made)
        assert tool.__name__ in str(raised.value)
        assert "mallory" not in str(raised.value)

    def test_gets_the_credential_by_its_name(self, agent: Agent, options: AccessTokenOptions) -> None:
        token = agent.connect("ana")

        @with_access_token(options)
        def tool(day: str, access_token: str) -> tuple[str, str]:
            return day, access_token

        assert tool("today") == tool(day="today") == ("today", token)


class TestInspection:
    @staticmethod
    def shown(value: Any) -> str:
        """Output of logs, debuggers, and error reporters for an object."""
        fields = vars(value) if hasattr(value, "__dict__") else {}
        return "\n".join(
            [
                *(repr(value), str(value), repr(fields), json.dumps(fields, default=repr)),
                *(repr(vars(one)) for one in fields.values() if hasattr(one, "__dict__")),
                repr(getattr(value, "args", ())),
            ]
        )

    def test_of_options_and_sources_shows_no_token(
        self, agent: Agent, identity: Any, options: AccessTokenOptions
    ) -> None:
        token, user_token = agent.token(user_id="ana"), "user-token-of-ana"
        cached = workload_access_tokens(identity, agent.name, user_id="ana")
        given = from_gate({"WorkloadAccessToken": token})["workload_identity_token"]
        key = ApiKeyOptions(identity=identity, workload_identity_token=token, provider_name="weather")
        session = BrowserSession({"userToken": user_token}, ["state-of-this-browser"])
        held = cached.get()
        source: Any = options.workload_identity_token
        secrets = [token, held, user_token, source.get()]
        for value in (cached, given, key, options, session):
            assert not [secret for secret in secrets if secret in self.shown(value)]
            with pytest.raises((pickle.PicklingError, TypeError, AttributeError)):
                pickle.dumps(value)
        for value in (options, session):
            assert "state-of-this-browser" not in repr(value)
        assert "ana@example.com" not in repr(options)
        assert (session.user, session.states) == ({"userToken": user_token}, ["state-of-this-browser"])
        assert copy.deepcopy(given).get() == given.get() == token

    def test_of_an_error_shows_neither_link_nor_state(self, options: AccessTokenOptions) -> None:
        with pytest.raises(ConsentRequiredError) as raised:
            get_access_token(options)
        error = raised.value
        link_id = error.session_uri.rpartition(":")[2]
        assert link_id in error.authorization_url
        assert link_id not in self.shown(error) + traceback_of(error)
        declined = AuthorizationReturnError("declined", "state-of-this-browser", "access_denied")
        assert declined.state == "state-of-this-browser"
        assert "state-of-this-browser" not in self.shown(declined)

    def test_of_a_decorated_tool_that_fails_shows_no_token(
        self, agent: Agent, options: AccessTokenOptions
    ) -> None:
        token = agent.connect("ana")

        @with_access_token(options)
        def tool(**credential: str) -> None:
            # Consumes it, so that the tool's own frame does not contain it either.
            if len(credential.pop("access_token")) > 100:
                raise ValueError("the calendar is full")

        with pytest.raises(ValueError) as raised:
            tool()
        assert "the calendar is full" in traceback_of(raised.value)
        assert token not in traceback_of(raised.value)

    @pytest.mark.parametrize("given", [b"user-token", lambda: b"user-token"])
    def test_of_a_token_of_the_wrong_type_shows_no_token(
        self, agent: Agent, identity: Any, given: Any
    ) -> None:
        with pytest.raises(ConfigurationError, match="user_token") as raised:
            workload_access_tokens(identity, agent.name, user_token=given).get()
        assert "user-token" not in traceback_of(raised.value)

    def test_of_a_rejected_request_shows_no_token(
        self, agent: Agent, identity: Any, options: AccessTokenOptions
    ) -> None:
        forged = agent.token(user_id="ana")[:-4]
        by_forged = AccessTokenOptions(**(vars(options) | {"workload_identity_token": forged}))
        key = ApiKeyOptions(identity=identity, workload_identity_token=forged, provider_name="weather")
        for refuse in (
            lambda: get_access_token(by_forged),
            lambda: replace_access_token(by_forged, forged),
            with_api_key(key)(lambda *, api_key: api_key),
            workload_access_tokens(identity, agent.name, user_token=forged).get,
        ):
            with pytest.raises(ClientError) as raised:
                refuse()
            assert forged in traceback_of(raised.value)
            assert forged not in own_frames(raised.value)
            assert "state-of-this-browser" not in own_frames(raised.value)

    def test_of_an_expired_token_without_renewal_shows_no_token(self) -> None:
        given = from_gate({"WorkloadAccessToken": "the-token"})["workload_identity_token"]
        with pytest.raises(WorkloadAccessTokenError) as raised:
            given.renew(given.get())
        assert "the-token" not in traceback_of(raised.value)

    def test_of_a_failed_consent_shows_no_link(self, agent: Agent, options: AccessTokenOptions) -> None:
        links: list[str] = []

        def decline(link: str) -> None:
            links.append(link)
            agent.consent(link, decision="deny")

        with pytest.raises(ConsentFailedError) as raised:
            get_access_token(AccessTokenOptions(**(vars(options) | {"on_auth_url": decline})))
        link_id = query(links[0])["request_uri"].rpartition(":")[2]
        assert link_id not in traceback_of(raised.value)

    @pytest.mark.parametrize("signed_in", [None, BrowserSession({"userId": "ana"}, ["state-of-another"])])
    def test_of_a_rejected_return_shows_neither_session_nor_state(
        self, identity: Any, signed_in: BrowserSession | None
    ) -> None:
        returned = f"{RETURN_URL}&session_id=urn:ietf:params:oauth:request_uri:the-session&state=the-state"
        with pytest.raises(AuthorizationReturnError) as raised:
            complete_authorization(identity, returned, lambda: signed_in)
        assert "the-session" not in traceback_of(raised.value)
        assert "the-state" not in traceback_of(raised.value)

    def test_of_a_browser_session_whose_states_are_one_string_shows_neither_user_nor_state(self) -> None:
        with pytest.raises(ConfigurationError) as raised:
            BrowserSession({"userToken": "the-user-token"}, "the-state")
        assert "the-user-token" not in traceback_of(raised.value)
        assert "the-state" not in traceback_of(raised.value)


@pytest.mark.parametrize(
    "code", ["server_error", "temporarily_unavailable", "invalid_grant", "unreachable", "not_completed"]
)
def test_a_consent_that_failed_temporarily_suggests_a_new_link(code: str) -> None:
    assert str(ConsentFailedError("calendar", code)) == (
        f'The authorization for "calendar" was not completed: {code}. Call the tool again for a new authorization URL.'
    )


def test_the_options_of_the_gate_are_accepted_for_api_keys_too() -> None:
    headers = {"WorkloadAccessToken": "token", "OAuth2CallbackUrl": RETURN_URL}
    options = ApiKeyOptions(identity=UNUSED, **from_gate(headers), provider_name="weather")
    assert options.callback_url == RETURN_URL


@pytest.mark.parametrize("name", ["scopes", "resources", "audiences"])
def test_a_list_that_is_one_string_is_rejected(options: AccessTokenOptions, name: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        AccessTokenOptions(**(vars(options) | {name: "calendar.read"}))
    expected = f"`{name}` of AccessTokenOptions must be a collection of strings, such as"
    assert str(raised.value).startswith(expected)


def test_a_rejected_token_is_still_reported(agent: Agent, options: AccessTokenOptions) -> None:
    first = agent.connect("ana")

    @with_access_token(options)
    def tool(*, access_token: str) -> str:
        if access_token == first:
            raise AccessTokenRejectedError
        return access_token

    assert tool() != first
