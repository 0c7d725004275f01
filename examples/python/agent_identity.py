"""Credentials for an agent's tools, and the end of a consent for its application: one file, on boto3.

The counterpart of the TypeScript library in lib/client; copy it. An agent behind a gate decorates a tool;
the user's consent is waited for, and the token is the tool's keyword argument `access_token`::

    identity = identity_client()  # AGENT_IDENTITY_ENDPOINT, AWS_REGION, AWS's credentials

    @with_access_token(lambda day, headers, state, tell: AccessTokenOptions(
        identity=identity, **from_gate(headers), provider_name="calendar", scopes=["calendar.read"],
        auth_flow="USER_FEDERATION", custom_state=state, on_auth_url=tell))
    def read_calendar(day, headers, state, tell, *, access_token):
        headers = {"Authorization": f"Bearer {access_token}"}
        answer = requests.get(CALENDAR, params={"day": day}, headers=headers)
        if answer.status_code == 401:
            raise AccessTokenRejectedError  # reported; tried once more with another
        return answer.json()

The application creates `state`, unguessable, keeps it in its user's browser session, and sends it along when it
invokes the agent; `complete_authorization` looks for it again at the return URL.

An agent without a gate mints for itself: `workload_identity_token=workload_access_tokens(identity, name,
user_id=…)` in place of `from_gate`.

Nothing here logs. Errors say what to do next; neither their messages nor `repr` or `vars` of anything here
show a token or a link. What the service refuses arrives as boto3's ClientError. Python 3.10 or newer.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import hmac
import inspect
import json
import math
import os
import re
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypedDict, TypeVar
from urllib.parse import SplitResult, parse_qs, urlsplit

import boto3
from botocore.exceptions import ClientError

Options = TypeVar("Options", bound="ApiKeyOptions")
Answer = TypeVar("Answer")
Secret = TypeVar("Secret")


class _Hidden(Generic[Secret]):
    """Keeps a secret out of `repr`, `vars`, pickles, and the local variables that a logged traceback shows.

    The frames of this file keep tokens, links, and states in it. The frames of boto3, tools, and callbacks hold
    what they were given.
    """

    __slots__ = ("reveal",)

    def __init__(self, secret: Secret) -> None:
        self.reveal: Callable[[], Secret] = lambda: secret


# Errors


class ConfigurationError(Exception):
    """A setting that is missing or cannot be right."""


class WorkloadAccessTokenError(Exception):
    """There is no workload access token, or the one that the agent was given has expired."""


class CalledOffError(Exception):
    """The caller no longer wants it: `cancelled` was set."""


class ConsentRequiredError(Exception):
    """The user has to consent first, and nobody was there to take the link: `on_auth_url` was not given."""

    def __init__(self, provider_name: str, authorization_url: str, session_uri: str) -> None:
        super().__init__(
            f'The user has not let this agent in at "{provider_name}" yet. Send the user to this error\'s '
            "authorization_url, complete the authorization when they come back, and call the tool again."
        )
        self._authorization_url = _Hidden(authorization_url)
        self._session_uri = _Hidden(session_uri)

    @property
    def authorization_url(self) -> str:
        """For the user's browser alone; good for ten minutes."""
        return self._authorization_url.reveal()

    @property
    def session_uri(self) -> str:
        """For polling alone. Completion takes the `session_id` of the return URL, which only the user's browser
        learns.
        """
        return self._session_uri.reveal()


_PASSING = {"server_error", "temporarily_unavailable", "invalid_grant", "unreachable", "not_completed"}
"""Codes after which a new link can work: the provider was unavailable (RFC 6749 section 4.1.2.1), did not
redeem that one authorization code (section 5.2), or was not reached; or the completion was refused or failed."""


def _consent_failure(provider_name: str, provider_error: str | None) -> str:
    if provider_error is None:
        return (
            f'The link for the consent at "{provider_name}" is no longer valid. Call the tool again for '
            "a new link."
        )
    if provider_error == "access_denied":
        return (
            f'The user or the credential provider "{provider_name}" declined the consent. Call the tool '
            "again for a new link if the user wants to grant access."
        )
    if provider_error in _PASSING:
        return (
            f'The consent at "{provider_name}" was not completed: {provider_error}. Call the tool again for '
            "a new link."
        )
    return (
        f'The credential provider "{provider_name}" ended the consent: {provider_error}. A new link does '
        "not help until the provider or the request is corrected."
    )


class ConsentFailedError(Exception):
    """The consent ended without access.

    The user declined, the provider rejected the request, or the link is too old.

    :param provider_error: the error code that ended the consent, mostly an OAuth one; none where the link
        ended
    """

    def __init__(self, provider_name: str, provider_error: str | None = None) -> None:
        super().__init__(_consent_failure(provider_name, provider_error))
        self.provider_error = provider_error


class ConsentTimeoutError(Exception):
    """Nobody consented while the tool waited."""

    def __init__(self, provider_name: str, seconds: float) -> None:
        super().__init__(
            f'No consent at "{provider_name}" within {seconds:g} seconds. Call the tool again: it takes up '
            "the same link while that is open, and gives a new one after."
        )


class AccessTokenRejectedError(Exception):
    """For a tool to raise when the resource did not take the access token (HTTP 401).

    The token is reported, and the tool is called once more with another.
    """


class ResourceRefusalError(Exception):
    """The resource took neither the access token nor the one after it."""

    def __init__(self, provider_name: str) -> None:
        super().__init__(
            f'The resource refused two access tokens of "{provider_name}" in a row. Check which scopes, '
            "resources and audiences it wants; or have the user connect anew (force_authentication)."
        )


ReturnReason = Literal["sign-in-needed", "state-missing", "malformed", "not-this-browser", "declined"]

_RETURN_MESSAGES: dict[ReturnReason, str] = {
    "sign-in-needed": "Nobody is signed in in this browser. Have the user sign in, and ask again.",
    "state-missing": (
        "The return URL has no state. Create a custom_state for the browser session, pass it when the agent "
        "requests the token, and ask again."
    ),
    "malformed": "The return URL parameters are not valid. Ask again for a link.",
    "not-this-browser": "This authorization was not begun in this browser session, or has been completed. "
    "Nothing was connected; ask again here.",
    "declined": "The authorization was declined. Nothing was connected; ask again if that was not meant.",
}


class AuthorizationReturnError(Exception):
    """A browser came to the return URL, and the authorization was not completed; `reason` says why.

    :param state: of this browser session, once it is known to be
    :param provider_error: the OAuth error code (RFC 6749 section 4.1.2.1), where it was declined
    """

    def __init__(
        self, reason: ReturnReason, state: str | None = None, provider_error: str | None = None
    ) -> None:
        super().__init__(_RETURN_MESSAGES[reason])
        self.reason = reason
        self._state = _Hidden(state)
        self.provider_error = provider_error

    @property
    def state(self) -> str | None:
        """For the application, not for its log."""
        return self._state.reveal()


# The client

_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_REGION_IN_HOST = re.compile(r"\.execute-api\.([a-z0-9-]+)\.(?:amazonaws|on\.aws)")

_GET_TOKEN = "/identities/oauth2/token"
_REJECT_TOKEN = "/identities/RejectResourceOauth2Token"

_ERROR_CODE = re.compile(r"[\x20\x21\x23-\x5B\x5D-\x7E]{1,128}")
"""RFC 6749 section 4.1.2.1, and of a length that fits on a page."""

_FAILURE_HEADER = "x-agent-identity-failure"

_rejected: ContextVar[_Hidden[str] | None] = ContextVar("rejected", default=None)
"""Makes of a GetResourceOauth2Token a report that this token was not taken."""


def _sign_for_api_gateway(request: Any, **_: Any) -> None:
    """IAM authorization on API Gateway wants another service in the signature than boto3 would name."""
    request.context.setdefault("signing", {})["signing_name"] = "execute-api"


def _report_rejected(params: dict[str, Any], **_: Any) -> None:
    """RejectResourceOauth2Token, for which boto3 has no method: the same request with one member more."""
    rejected = _rejected.get()
    if rejected is not None:
        params["url"] = params["url"].replace(_GET_TOKEN, _REJECT_TOKEN)
        body = json.loads(params["body"]) | {"rejectedAccessToken": rejected.reveal()}
        params["body"] = json.dumps(body).encode()


def _split(url: str) -> SplitResult:
    """A URL's parts; none for what is no URL."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def identity_client(endpoint: str | None = None, region: str | None = None, **settings: Any) -> Any:
    """A client of the identity service: boto3's, with endpoint, region and signing set up.

    :param endpoint: of the service, stage included; AGENT_IDENTITY_ENDPOINT otherwise
    :param region: that requests are signed for; otherwise the one in an execute-api endpoint, AWS_REGION or
        AWS_DEFAULT_REGION
    :param settings: what else `boto3.client` takes: credentials, config, …
    :raises ConfigurationError: when endpoint or region is missing, or the endpoint cannot be one
    """
    endpoint = endpoint or os.environ.get("AGENT_IDENTITY_ENDPOINT")
    if not endpoint:
        raise ConfigurationError(
            "No endpoint of the identity service. Give `endpoint`, or set AGENT_IDENTITY_ENDPOINT to what "
            "the stack printed."
        )
    url = _split(endpoint)
    host = url.hostname or ""
    # Tokens go there: in the open they would be anybody's.
    safe = host and (url.scheme == "https" or (url.scheme == "http" and _LOOPBACK.fullmatch(host)))
    if not safe or url.query or url.fragment or "@" in url.netloc:
        raise ConfigurationError(
            "The endpoint of the identity service must be an https URL (http on loopback), without "
            "credentials, query and fragment."
        )
    in_host = _REGION_IN_HOST.search(host)
    region = (
        region
        or (in_host and in_host[1])
        or os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION")
    )
    if not region:
        raise ConfigurationError(
            "No region to sign requests for. Give `region`, or set AWS_REGION to the one that the identity "
            "service is in."
        )
    client = boto3.client(
        "bedrock-agentcore", endpoint_url=endpoint.rstrip("/"), region_name=region, **settings
    )
    client.meta.events.register("before-sign", _sign_for_api_gateway)
    client.meta.events.register("before-call.bedrock-agentcore.GetResourceOauth2Token", _report_rejected)
    return client


# Workload access tokens


class WorkloadAccessTokenSource(Protocol):
    def get(self) -> str:
        """A token that has not ended, as far as can be told."""

    def renew(self, expired: str) -> str:
        """Another token, since the service says that this one has expired.

        :raises WorkloadAccessTokenError: where there is no other to be had
        """


_MARGIN = 60
"""Seconds before its end at which a token is replaced; a tenth of its life where that is less."""


def _life_of(token: str) -> float | None:
    """How long a token lives, in seconds.

    Counted from its own `iat`, so it does not matter whose clock is wrong.

    :returns: None where the token cannot be read, for nothing obliges the service to make it a JWT
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"] - claims["iat"])
    except (ValueError, LookupError, TypeError):
        return None


class MintedWorkloadAccessTokens:
    """Tokens that are minted as they are wanted.

    Kept until shortly before they end; one mint for all threads that want one.

    :param mint: gets a new token, always for the same agent and the same user
    :param now: seconds
    """

    def __init__(self, mint: Callable[[], str], now: Callable[[], float] = time.time) -> None:
        self._mint = mint
        self._now = now
        self._lock = threading.Lock()
        self._held: _Hidden[str] | None = None
        self._good_until = -math.inf

    def get(self) -> str:
        with self._lock:
            if self._held is None or self._now() >= self._good_until:
                return self._mint_anew()
            return self._held.reveal()

    def renew(self, expired: str) -> str:
        with self._lock:
            stale = self._held is None or self._held.reveal() == expired
            del expired
            if self._held is None or stale:
                return self._mint_anew()
            return self._held.reveal()

    def _mint_anew(self) -> str:
        held = _Hidden(self._mint())
        life = _life_of(held.reveal())
        kept = math.inf if life is None else max(0, life - min(_MARGIN, life / 10))
        self._held, self._good_until = held, self._now() + kept
        return held.reveal()


class GivenWorkloadAccessToken:
    """The one token that the agent was invoked with: there is no other until it is invoked again."""

    def __init__(self, token: str) -> None:
        self._token = _Hidden(token)

    def get(self) -> str:
        return self._token.reveal()

    def renew(self, expired: str) -> str:
        del expired
        raise WorkloadAccessTokenError(
            "The workload access token of this invocation has expired. Have the agent invoked again: what "
            "the user has consented to is kept."
        )


def _user_token(given: _Hidden[str | Callable[[], str]]) -> _Hidden[str]:
    """:raises ConfigurationError: for what is no string; boto3 would show it in its message"""
    shown = given.reveal()
    token: _Hidden[Any] = _Hidden(shown() if callable(shown) else shown)
    del shown
    if not isinstance(token.reveal(), str):
        raise ConfigurationError("user_token must be a string, or a function that returns one.")
    return token


def workload_access_tokens(
    identity: Any,
    workload_name: str,
    *,
    user_token: str | Callable[[], str] | None = None,
    user_id: str | None = None,
) -> MintedWorkloadAccessTokens:
    """Tokens for an agent that mints its own: one source for each user, kept as long as the user's session.

    :param identity: whose principal may mint for this workload identity
    :param user_token: acts for the user of this token; or what gives one that has not ended
    :param user_id: acts for this user id; without either, the agent acts for itself alone
    """
    if user_token is not None and user_id is not None:
        raise ConfigurationError("Name the user by user_token or by user_id, not by both.")

    given = None if user_token is None else _Hidden(user_token)

    def mint() -> str:
        if given is not None:
            token = _user_token(given)
            answer = identity.get_workload_access_token_for_jwt(
                workloadName=workload_name, userToken=token.reveal()
            )
        elif user_id is not None:
            answer = identity.get_workload_access_token_for_user_id(
                workloadName=workload_name, userId=user_id
            )
        else:
            answer = identity.get_workload_access_token(workloadName=workload_name)
        return str(answer["workloadAccessToken"])

    return MintedWorkloadAccessTokens(mint)


class FromGate(TypedDict):
    workload_identity_token: GivenWorkloadAccessToken
    callback_url: str | None


def from_gate(headers: Mapping[str, str]) -> FromGate:
    """What the gate puts into the request by which it invokes an agent, as options for the decorators.

    :raises WorkloadAccessTokenError: when there is no token: the request did not come through a gate
    """
    named = {name.lower(): value for name, value in headers.items()}
    token = named.get("workloadaccesstoken")
    if not token:
        raise WorkloadAccessTokenError(
            "The request has no WorkloadAccessToken header. Invoke the agent through its gate, or use "
            "workload_access_tokens."
        )
    return {
        "workload_identity_token": GivenWorkloadAccessToken(token),
        "callback_url": named.get("oauth2callbackurl"),
    }


# Credentials for tools


class Clock(Protocol):
    def now(self) -> float:
        """Seconds."""

    def wait(self, seconds: float, cancelled: threading.Event) -> None:
        """Returns after so many seconds, or as soon as it is called off."""

    async def sleep(self, seconds: float) -> None:
        """The same in an event loop, which goes on meanwhile."""


class SystemClock:
    def now(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float, cancelled: threading.Event) -> None:
        cancelled.wait(seconds)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, kw_only=True)
class ApiKeyOptions:
    """Which key; the workload access token may be for a user or not, for the key is the agent's."""

    identity: Any
    """Of `identity_client`."""
    workload_identity_token: WorkloadAccessTokenSource | str
    """A token becomes a source that does not show it."""
    provider_name: str

    def __post_init__(self) -> None:
        if isinstance(self.workload_identity_token, str):
            source = GivenWorkloadAccessToken(self.workload_identity_token)
            object.__setattr__(self, "workload_identity_token", source)


@dataclass(frozen=True, kw_only=True)
class AccessTokenOptions(ApiKeyOptions):
    """Which token; the names are those of AWS's Python SDK, the lengths and patterns those of docs/api.md."""

    scopes: Sequence[str]
    auth_flow: Literal["USER_FEDERATION", "M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE"]
    resources: Sequence[str] | None = None
    """RFC 8707."""
    audiences: Sequence[str] | None = None
    callback_url: str | None = None
    """Return URL of the application, as registered on the workload identity. USER_FEDERATION needs it."""
    custom_state: str | None = field(default=None, repr=False)
    """Comes back to the return URL as `state`; see `complete_authorization`."""
    custom_parameters: Mapping[str, str] | None = field(default=None, repr=False)
    """Added to the authorization request."""
    force_authentication: bool = False
    """Forgets the stored grant and asks the user anew, once for each call of the tool."""
    on_auth_url: Callable[[str], Awaitable[None] | None] | None = None
    """Gets the link for the user's browser. Then the consent is waited for; without this, it is a
    ConsentRequiredError at once. For an `async` tool it may be `async` too; it runs in its event loop."""
    consent_timeout: float = 600
    """Seconds to wait for the consent; ten minutes is what a link lives."""
    cancelled: threading.Event | None = None
    """Ends the waiting when it is set. An `async` tool's task can simply be cancelled."""
    clock: Clock = SystemClock()


_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 1.0, 5.0, 1.5
"""Seconds between polls: soon at first, for many only click once; AWS's SDKs ask every five seconds."""


def _as_agent(options: ApiKeyOptions, send: Callable[[_Hidden[str]], Answer]) -> Answer:
    """Sends what needs a workload access token; once more with another when that one has expired."""
    given = options.workload_identity_token
    tokens = GivenWorkloadAccessToken(given) if isinstance(given, str) else given
    token = _Hidden(tokens.get())
    try:
        return send(token)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        # Clients know an expired token by this word alone; the service uses it for nothing else.
        if code != "UnauthorizedException" or "expired" not in message.lower():
            raise
    return send(_Hidden(tokens.renew(token.reveal())))


def _list_of(name: str, values: Iterable[str]) -> list[str]:
    """The values of a list. A string is iterable too, and would pass for a list of its characters."""
    if isinstance(values, (str, bytes)):
        del values
        raise ConfigurationError(
            f"`{name}` must be a collection of strings, not a string. Put the string into a list."
        )
    return list(values)


def _request(options: AccessTokenOptions, members: Mapping[str, Any]) -> dict[str, Any]:
    wish: dict[str, Any] = {
        "resourceCredentialProviderName": options.provider_name,
        "scopes": _list_of("scopes", options.scopes),
        "oauth2Flow": options.auth_flow,
        "resources": options.resources and _list_of("resources", options.resources),
        "audiences": options.audiences and _list_of("audiences", options.audiences),
        "resourceOauth2ReturnUrl": options.callback_url,
        "customState": options.custom_state,
        "customParameters": options.custom_parameters and dict(options.custom_parameters),
    }
    return {name: value for name, value in (wish | members).items() if value is not None}


def _ask(
    options: AccessTokenOptions,
    *,
    rejected: _Hidden[str] | None = None,
    session_uri: _Hidden[str] | None = None,
    force: bool | None = None,
) -> _Hidden[dict[str, Any]]:
    """One GetResourceOauth2Token.

    :param rejected: reports this token and asks for another
    :param session_uri: polls this session
    """
    if options.cancelled is not None and options.cancelled.is_set():
        raise CalledOffError("The call was called off while it waited for its access token.")
    polled = session_uri and session_uri.reveal()
    request = _Hidden(_request(options, {"sessionUri": polled, "forceAuthentication": force}))
    del polled

    def send(token: _Hidden[str]) -> _Hidden[dict[str, Any]]:
        return _Hidden(
            options.identity.get_resource_oauth2_token(
                workloadIdentityToken=token.reveal(), **request.reveal()
            )
        )

    reset = _rejected.set(rejected)
    try:
        return _as_agent(options, send)
    finally:
        _rejected.reset(reset)


def _failure_of(answer: _Hidden[dict[str, Any]]) -> str | None:
    """The error code of a session that failed, from a header."""
    headers: Mapping[str, str] = answer.reveal().get("ResponseMetadata", {}).get("HTTPHeaders", {})
    code = headers.get(_FAILURE_HEADER, "")
    return code if _ERROR_CODE.fullmatch(code) else None


def _is_passing(error: ClientError) -> bool:
    """What will be over in a while is no reason to lose a consent that is under way."""
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status >= 500 or error.response["Error"]["Code"] == "ThrottlingException"


def _poll(options: AccessTokenOptions, session_uri: _Hidden[str]) -> str | None:
    try:
        answer = _ask(options, session_uri=session_uri)
    except ClientError as error:
        if _is_passing(error):
            return None
        raise
    if answer.reveal().get("sessionStatus") == "FAILED":
        raise ConsentFailedError(options.provider_name, _failure_of(answer))
    return answer.reveal().get("accessToken")


@dataclass(frozen=True)
class _Link:
    """Has to be handed on, which `tell` does."""

    tell: Callable[[], Awaitable[None] | None]


@dataclass(frozen=True)
class _Pause:
    seconds: float
    clock: Clock
    cancelled: threading.Event


Steps = Generator[_Link | _Pause | Callable[[], Any], Any, str]
"""What has to happen until the credential is there: a link to hand on, a pause, or work that blocks and whose
result is wanted. So that the same steps can be taken in a thread and in an event loop."""


def _steps(options: AccessTokenOptions, first: Callable[[], _Hidden[dict[str, Any]]]) -> Steps:
    answer = yield first
    if "accessToken" in answer.reveal():
        return str(answer.reveal()["accessToken"])
    if "authorizationUrl" not in answer.reveal():
        raise ConsentFailedError(options.provider_name, _failure_of(answer))
    link = _Hidden(str(answer.reveal()["authorizationUrl"]))
    session_uri = _Hidden(str(answer.reveal()["sessionUri"]))
    tell = options.on_auth_url
    if tell is None:
        raise ConsentRequiredError(options.provider_name, link.reveal(), session_uri.reveal())
    clock, cancelled = options.clock, options.cancelled or threading.Event()
    until = clock.now() + options.consent_timeout
    yield _Link(lambda: tell(link.reveal()))
    pause = _FIRST_PAUSE
    while (left := until - clock.now()) > 0:
        yield _Pause(min(pause, left), clock, cancelled)
        token = yield lambda: _poll(options, session_uri)
        if token is not None:
            return str(token)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
    raise ConsentTimeoutError(options.provider_name, options.consent_timeout)


def _steps_to_token(options: AccessTokenOptions) -> Steps:
    force = options.force_authentication or None
    return _steps(options, lambda: _ask(options, force=force))


def _steps_to_another(options: AccessTokenOptions, rejected: _Hidden[str]) -> Steps:
    return _steps(options, lambda: _ask(options, rejected=rejected))


def _taken(steps: Steps) -> str:
    """Takes the steps in this thread."""
    result = None
    while True:
        try:
            step = steps.send(result)
        except StopIteration as end:
            return str(end.value)
        result = None
        if isinstance(step, _Pause):
            step.clock.wait(step.seconds, step.cancelled)
        elif not isinstance(step, _Link):
            result = step()
        elif inspect.isawaitable(step.tell()):
            raise ConfigurationError("An async on_auth_url needs an async tool: make the tool `async def`.")


async def _taken_async(steps: Steps) -> str:
    """Takes the steps in the event loop; a thread is held for requests, not for waiting."""
    result = None
    while True:
        try:
            step = steps.send(result)
        except StopIteration as end:
            return str(end.value)
        result = None
        if isinstance(step, _Pause):
            await step.clock.sleep(step.seconds)
        elif not isinstance(step, _Link):
            result = await asyncio.to_thread(step)
        elif inspect.isawaitable(told := step.tell()):
            await told


def get_access_token(options: AccessTokenOptions) -> str:
    """An access token: at once from the vault, or once the user has consented. Blocks meanwhile.

    :raises ConsentRequiredError, ConsentFailedError, ConsentTimeoutError: for the user's consent
    :raises WorkloadAccessTokenError: when it has expired and there is no other
    :raises CalledOffError: when `cancelled` is set
    :raises ClientError: for what the service refuses
    """
    return _taken(_steps_to_token(options))


def replace_access_token(options: AccessTokenOptions, rejected: str) -> str:
    """Reports a token that the resource did not take, and gets another: renewed, or after a new consent.

    :raises: as `get_access_token`
    """
    steps = _steps_to_another(options, _Hidden(rejected))
    del rejected
    return _taken(steps)


def _steps_to_key(options: ApiKeyOptions) -> Steps:
    return str((yield lambda: get_api_key(options)))


def get_api_key(options: ApiKeyOptions) -> str:
    """:raises ClientError: for what the service refuses; WorkloadAccessTokenError"""
    answer = _as_agent(
        options,
        lambda token: options.identity.get_resource_api_key(
            workloadIdentityToken=token.reveal(), resourceCredentialProviderName=options.provider_name
        ),
    )
    return str(answer["apiKey"])


Tool = Callable[..., Any]


def _decorator(
    options: Options | Callable[..., Options],
    into: str,
    first: Callable[[Options], Steps],
    another: Callable[[Options, _Hidden[str]], Steps] | None = None,
) -> Callable[[Tool], Tool]:
    """Gives a tool its credential as a keyword argument.

    :param first: the steps to the credential
    :param another: the steps to one in place of the first, which the resource did not take
    """

    def settled(args: Any, kwargs: Any) -> Options:
        return options(*args, **kwargs) if callable(options) else options

    def decorate(tool: Tool) -> Tool:
        if inspect.isgeneratorfunction(tool) or inspect.isasyncgenfunction(tool):
            raise ConfigurationError(
                f"{tool.__name__} is a generator, whose body runs after the call. Decorate what it calls."
            )

        visible = _signature_without(tool, into)

        @functools.wraps(tool)
        def call(*args: Any, **kwargs: Any) -> Any:
            _check_call(tool, visible, into, args, kwargs)
            chosen = settled(args, kwargs)
            credential = _Hidden(_taken(first(chosen)))
            try:
                return tool(*args, **kwargs, **{into: credential.reveal()})
            except AccessTokenRejectedError:
                if another is None:
                    raise
            credential = _Hidden(_taken(another(chosen, credential)))
            with _refusal(chosen):
                return tool(*args, **kwargs, **{into: credential.reveal()})

        @functools.wraps(tool)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            _check_call(tool, visible, into, args, kwargs)
            chosen = settled(args, kwargs)
            credential = _Hidden(await _taken_async(first(chosen)))
            try:
                return await tool(*args, **kwargs, **{into: credential.reveal()})
            except AccessTokenRejectedError:
                if another is None:
                    raise
            credential = _Hidden(await _taken_async(another(chosen, credential)))
            with _refusal(chosen):
                return await tool(*args, **kwargs, **{into: credential.reveal()})

        decorated: Tool = call_async if inspect.iscoroutinefunction(tool) else call
        _describe(decorated, visible)
        return decorated

    return decorate


def _describe(decorated: Any, visible: inspect.Signature) -> None:
    """Frameworks describe a tool to a model by these; the credential is not the model's to give."""
    named = [(one.name, one.annotation) for one in visible.parameters.values()]
    annotations = [*named, ("return", visible.return_annotation)]
    decorated.__signature__ = visible
    decorated.__annotations__ = {name: one for name, one in annotations if one is not visible.empty}
    del decorated.__wrapped__


def _signature_without(tool: Tool, into: str) -> inspect.Signature:
    """The tool's signature as its callers see it: without the credential.

    Annotations that are strings are evaluated here, where the names that they use are known.

    :raises ConfigurationError: when the tool cannot take the credential as a keyword argument, or when an
        argument of its caller could take the credential's place
    """
    try:
        signature = inspect.signature(tool, eval_str=True)
    except NameError:
        # Of a type that is imported for type checkers alone, or that is defined below.
        signature = inspect.signature(tool)
    parameters = list(signature.parameters.values())
    kinds = [one.kind for one in parameters]
    if into in signature.parameters:
        kind, *behind = kinds[list(signature.parameters).index(into) :]
        positional = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        last = kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and not set(behind).intersection(positional)
        fits = kind is inspect.Parameter.KEYWORD_ONLY or last
    else:
        fits = kinds[-1:] == [inspect.Parameter.VAR_KEYWORD]
    if not fits:
        raise ConfigurationError(
            f"{tool.__name__} cannot take its credential. Add the keyword-only parameter `{into}`."
        )
    return signature.replace(parameters=[one for one in parameters if one.name != into])


def _check_call(tool: Tool, visible: inspect.Signature, into: str, args: Any, kwargs: Any) -> None:
    """A wrong call fails as Python has it, before anything is asked for."""
    if into in kwargs:
        raise TypeError(f"{tool.__name__}() gets `{into}` from its decorator, not from its caller")
    try:
        visible.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{tool.__name__}() {error}") from None


@contextmanager
def _refusal(options: ApiKeyOptions) -> Iterator[None]:
    """Under its own name a second refusal would be taken for theirs by tools that call this one."""
    try:
        yield
    except AccessTokenRejectedError as rejection:
        raise ResourceRefusalError(options.provider_name) from rejection


def with_access_token(
    options: AccessTokenOptions | Callable[..., AccessTokenOptions], *, into: str = "access_token"
) -> Callable[[Tool], Tool]:
    """Decorates a tool, plain or `async`, which gets the access token as a keyword argument.

    A tool to which the resource answers 401 raises AccessTokenRejectedError: the token is reported, and the
    tool is called once more with another.

    :param options: or a function that makes them from the tool's own arguments, where they differ from call
        to call
    :param into: name of the keyword argument
    :returns: the decorator; the decorated tool raises as `get_access_token`, ResourceRefusalError for two
        tokens in a row, or what the tool raises
    """
    return _decorator(options, into, _steps_to_token, _steps_to_another)


def with_api_key(
    options: ApiKeyOptions | Callable[..., ApiKeyOptions], *, into: str = "api_key"
) -> Callable[[Tool], Tool]:
    """Decorates a tool, plain or `async`, which gets the API key as a keyword argument.

    :param options: or a function that makes them from the tool's own arguments
    :param into: name of the keyword argument
    :returns: the decorator; the decorated tool raises as `get_api_key`, or what the tool raises
    """
    return _decorator(options, into, _steps_to_key)


# The application's side


class LiveBrowserSession:
    """What the application knows of the browser that sent the request, from its own session cookie.

    :param user: who is signed in: `{"userToken": …}` or `{"userId": …}`, as the agent's token was minted for
        them
    :param states: each `custom_state` that was made for this browser session and has not come back yet;
        unguessable
    :raises ConfigurationError: for states that are one string
    """

    def __init__(self, user: dict[str, str], states: Iterable[str]) -> None:
        given = _Hidden(states)
        self._user = _Hidden(user)
        del user, states
        self._states = _Hidden(_list_of("states", given.reveal()))

    @property
    def user(self) -> dict[str, str]:
        return self._user.reveal()

    @property
    def states(self) -> list[str]:
        return self._states.reveal()


@dataclass(frozen=True)
class CompletedAuthorization:
    """For the application to forget the state, and to go on with what the user had asked for."""

    state: str = field(repr=False)


_SESSION_URI = re.compile(r"urn:ietf:params:oauth:request_uri:[a-zA-Z0-9\-._~]{1,512}")
_LONGEST_STATE = 4096


def _single(query: _Hidden[dict[str, list[str]]], name: str) -> _Hidden[str]:
    """A parameter that is there once."""
    values = query.reveal().get(name, [])
    return _Hidden(values[0] if len(values) == 1 else "")


def complete_authorization(
    identity: Any, url: str, browser_session: Callable[[], LiveBrowserSession | None]
) -> CompletedAuthorization:
    """Completes an authorization when the browser has come back to the application's return URL.

    The application alone knows whose browser it is; without this, a link that was passed on would connect the
    wrong person's account. The `session_id` is good for one completion, and only the browser that consented has it;
    when the user is not the one who asked, the session is over and the user must be asked again.

    :param url: of the request to the return URL, whole or without its origin
    :param browser_session: gives None when nobody is signed in in this browser
    :raises AuthorizationReturnError: with a reason; nothing was completed
    :raises ClientError: `AccessDeniedException` for another user's session or one that is over,
        `ValidationException` when the provider does not redeem the authorization code
    """
    query = _Hidden(parse_qs(_split(url).query, keep_blank_values=True))
    del url
    session_uri, state = _single(query, "session_id"), _single(query, "state")
    if not _SESSION_URI.fullmatch(session_uri.reveal()):
        raise AuthorizationReturnError("malformed")
    if "state" not in query.reveal():
        raise AuthorizationReturnError("state-missing")
    if not 0 < len(state.reveal()) <= _LONGEST_STATE:
        raise AuthorizationReturnError("malformed")
    session = browser_session()
    if session is None:
        raise AuthorizationReturnError("sign-in-needed")
    # All are compared, and each takes equally long.
    if not sum(hmac.compare_digest(state.reveal().encode(), one.encode()) for one in session.states):
        raise AuthorizationReturnError("not-this-browser")
    if "error" in query.reveal():
        error = _single(query, "error").reveal()
        code = error if _ERROR_CODE.fullmatch(error) else None
        raise AuthorizationReturnError("declined", state.reveal(), code)
    identity.complete_resource_token_auth(sessionUri=session_uri.reveal(), userIdentifier=session.user)
    return CompletedAuthorization(state.reveal())
