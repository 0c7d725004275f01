/** The wheel of agent-identity-client: its content, its types, one real request, and the Python versions it runs on. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { URL } from 'node:url';
import { programsOf } from './client-types.mjs';
import { inConsumerFolder, run, writeFiles } from './consumer-folder.mjs';

const OLDEST_PYTHON = '3.10';
const NEWEST_PYTHON = '3.14';

const TOOLS = join(import.meta.dirname, 'python-tools.txt');

/** An installation from the wheel alone, which sends one request to the running service. */
const REQUEST = `
import json, os
from importlib.metadata import requires
from urllib.parse import urlsplit
from agent_identity_client import (
    AccessTokenOptions, ConsentRequiredError, get_access_token, identity_client, workload_access_tokens,
)

assert requires("agent-identity-client") == ["boto3>=1.43.60"], requires("agent-identity-client")
agent = json.loads(os.environ["AGENT"])
identity = identity_client()
options = AccessTokenOptions(
    identity=identity,
    workload_identity_token=workload_access_tokens(identity, agent["workloadName"], user_id="consumer"),
    provider_name=agent["providerName"],
    callback_url=agent["callbackUrl"],
    scopes=["calendar.read"],
    auth_flow="USER_FEDERATION",
    custom_state="state",
)
try:
    get_access_token(options)
except ConsentRequiredError as error:
    url = urlsplit(error.authorization_url)
    print(f"{url.scheme}://{url.netloc}")
`;

const TYPED = `
from collections.abc import Callable
from threading import Event
from agent_identity_client import (
    AccessTokenOptions, AuthorizationReturnError, LiveBrowserSession, complete_authorization, from_gate,
    get_access_token, identity_client, with_access_token,
)

identity = identity_client("https://identity.example/prod", "eu-west-1")


def options(day: str, headers: dict[str, str], send: Callable[[str], None]) -> AccessTokenOptions:
    return AccessTokenOptions(
        identity=identity, **from_gate(headers), provider_name="calendar", scopes=["calendar.read"],
        auth_flow="USER_FEDERATION", on_auth_url=send, cancelled=Event(),
    )


@with_access_token(options)
def read(day: str, headers: dict[str, str], send: Callable[[str], None], *, access_token: str) -> list[str]:
    return [day, access_token]


def token(headers: dict[str, str]) -> str:
    return get_access_token(options("today", headers, print))


def returned(url: str) -> str | None:
    try:
        session = LiveBrowserSession({"userId": "ana"}, ["state"])
        return complete_authorization(identity, url, lambda: session).state
    except AuthorizationReturnError as error:
        return error.provider_error if error.reason == "declined" else error.state
`;

/** A wrong use, which the types must show. */
const WRONG = `
from agent_identity_client import from_gate
from_gate(1)
`;

/** What the README's programs use and do not declare. */
const SURROUNDINGS = `from typing import Any
sessions: Any
request: Any
identity: Any
`;

const sha256 = async (path) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

/**
 * @param wheel path of the wheel
 * @param source folder with pyproject.toml that the wheel was built from
 * @param python a Python with venv and pip
 * @returns one line for each check that passed
 */
export async function checkPythonClient({ wheel, source, python, service }) {
  const lines = [];
  await inConsumerFolder({ 'request.py': REQUEST }, async (folder) => {
    const inVenv = join(folder, 'venv', 'bin');
    await run(python, ['-m', 'venv', 'venv'], folder);
    const pip = (...arguments_) => run(join(inVenv, 'pip'), ['--quiet', ...arguments_], folder);
    await pip('install', wheel);
    const origin = (await run(join(inVenv, 'python'), ['request.py'], folder, service.env)).trim();
    assert.equal(origin, new URL(service.env.AGENT_IDENTITY_ENDPOINT).origin);
    lines.push('installed into an empty environment: a request to the service');

    await pip('wheel', '--no-deps', '--wheel-dir', 'again', source);
    const again = join(folder, 'again', basename(wheel));
    assert.equal(await sha256(again), await sha256(wheel));
    lines.push('built twice: the same wheel');

    await pip('install', '--requirement', TOOLS);
    await run(join(inVenv, 'twine'), ['check', '--strict', wheel], folder);
    const files = await readdir(join(source, 'src', 'agent_identity_client'));
    const modules = files
      .filter((name) => name.endsWith('.py'))
      .map((name) => join('src', 'agent_identity_client', name));
    await run(join(inVenv, 'vermin'), ['--no-tips', `--target=${OLDEST_PYTHON}-`, ...modules], source);
    lines.push(`twine and vermin (Python ${OLDEST_PYTHON}) find nothing`);

    const programs = programsOf(join(source, 'README.md'), 'python');
    await writeFiles(folder, {
      'typed.py': TYPED,
      'wrong.py': WRONG,
      ...Object.fromEntries(
        programs.map((program, index) => [`readme_${index + 1}.py`, SURROUNDINGS + program]),
      ),
    });
    const mypy = (...arguments_) => run(join(inVenv, 'mypy'), arguments_, folder);
    for (const version of [OLDEST_PYTHON, NEWEST_PYTHON]) {
      await mypy('--strict', '--python-version', version, 'typed.py');
      await mypy(
        '--python-version',
        version,
        '--ignore-missing-imports',
        '--package',
        'agent_identity_client',
      );
      lines.push(`Python ${version}: types of the package and of a consumer (mypy --strict)`);
    }
    await assert.rejects(mypy('--strict', 'wrong.py'), /arg-type/);
    for (const index of programs.keys()) {
      await mypy('--ignore-missing-imports', '--allow-redefinition', `readme_${index + 1}.py`);
    }
    lines.push(`${programs.length} programs of the README`);
  });
  return lines;
}
