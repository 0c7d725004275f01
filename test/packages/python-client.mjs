/** The wheel of agent-identity-client: its content, its types, one real request, and its Python versions. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { programsOf } from './client-types.mjs';
import { run, writeFiles } from './consumer-folder.mjs';
import { withRunningService } from './running-service.mjs';

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
    AccessTokenOptions, AuthorizationReturnError, BrowserSession, complete_authorization, from_gate,
    get_access_token, identity_client, with_access_token,
)
from agent_identity_client import mcp

identity = identity_client("https://identity.example/prod", "eu-west-1")


def options(day: str, headers: dict[str, str], send: Callable[[str], None]) -> AccessTokenOptions:
    return AccessTokenOptions(
        identity=identity, **from_gate(headers), provider_name="calendar", scopes=["calendar.read"],
        auth_flow="USER_FEDERATION", on_auth_url=send, cancelled=Event(),
    )


@with_access_token(options)
def read(day: str, headers: dict[str, str], send: Callable[[str], None], *, access_token: str) -> list[str]:
    return [day, access_token]


class Context:
    request_context: object


@mcp.with_access_token(
    lambda ctx: AccessTokenOptions(
        identity=identity, **from_gate(ctx), provider_name="calendar", scopes=[], auth_flow="USER_FEDERATION",
    )
)
def tool(ctx: Context, *, access_token: str) -> str:
    return access_token if from_gate(ctx) else ""


def token(headers: dict[str, str]) -> str:
    return get_access_token(options("today", headers, print))


def returned(url: str) -> str | None:
    try:
        session = BrowserSession({"userId": "ana"}, ["state"])
        return complete_authorization(identity, url, lambda: session).state
    except AuthorizationReturnError as error:
        return error.provider_error if error.reason == "declined" else error.state
`;

/** A wrong call, which the types must reject. */
const WRONG = `
from agent_identity_client import from_gate
from_gate(1)
`;

/** Names that the README's programs use but do not declare. */
const SURROUNDINGS = `from typing import Any
sessions: Any
request: Any
identity: Any
events: Any
`;

const sha256 = async (path) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

const SOURCE = join(import.meta.dirname, '../../lib/client-python');
const GUIDE = join(import.meta.dirname, '../../docs/client.md');
/** Functions of the programs in the guide that are complete: the others continue a program. */
const COMPLETE = /^(?:async )?def (?:tickets_of|transfers_of|ask_calendar_agent)\(/m;

async function modulesOf(source) {
  const folder = join('src', 'agent_identity_client');
  const files = await readdir(join(source, folder));
  return files.filter((name) => name.endsWith('.py')).map((name) => join(folder, name));
}

export async function checkPythonClient({ report, packages, folder }) {
  const wheel = packages.agent_identity_client;
  const ofGuide = programsOf(GUIDE, 'python').filter((program) => COMPLETE.test(program));
  const programs = [...programsOf(join(SOURCE, 'README.md'), 'python'), ...ofGuide];
  const readme = programs.map((program, index) => [`readme_${index + 1}.py`, SURROUNDINGS + program]);
  await writeFiles(folder, {
    'request.py': REQUEST,
    'typed.py': TYPED,
    'wrong.py': WRONG,
    ...Object.fromEntries(readme),
  });
  await run(process.env.PYTHON || 'python3', ['-m', 'venv', 'venv'], folder);
  const tool = (name, ...arguments_) => run(join(folder, 'venv', 'bin', name), arguments_, folder);

  await report.check('pip install succeeds in an empty environment', () =>
    tool('pip', 'install', '--quiet', wheel),
  );
  await withRunningService(({ environment, origin }) =>
    report.check('a request to the service succeeds', async () => {
      const python = join(folder, 'venv', 'bin', 'python');
      assert.equal((await run(python, ['request.py'], folder, environment)).trim(), origin);
    }),
  );
  await report.check('a second build creates the same wheel', async () => {
    await tool('pip', 'wheel', '--quiet', '--no-deps', '--wheel-dir', 'again', SOURCE);
    assert.equal(await sha256(join(folder, 'again', basename(wheel))), await sha256(wheel));
  });

  await tool('pip', 'install', '--quiet', '--requirement', TOOLS);
  await report.check('twine check finds no errors', () => tool('twine', 'check', '--strict', wheel));
  await report.check(`vermin finds no code that needs more than Python ${OLDEST_PYTHON}`, async () => {
    const vermin = join(folder, 'venv', 'bin', 'vermin');
    await run(vermin, ['--no-tips', `--target=${OLDEST_PYTHON}-`, ...(await modulesOf(SOURCE))], SOURCE);
  });
  for (const version of [OLDEST_PYTHON, NEWEST_PYTHON]) {
    const types = ['--python-version', version, '--ignore-missing-imports'];
    await report.check(
      `mypy --strict finds no errors in the package and a consumer with Python ${version}`,
      async () => {
        await tool('mypy', '--strict', ...types, '--package', 'agent_identity_client');
        await tool('mypy', '--strict', ...types, 'typed.py');
      },
    );
  }
  await report.check('mypy rejects a wrong call', () =>
    assert.rejects(tool('mypy', '--strict', 'wrong.py'), /arg-type/),
  );
  for (const [name] of readme) {
    await report.check(`mypy finds no errors in a program of the README or the guide: ${name}`, () =>
      tool('mypy', '--ignore-missing-imports', '--allow-redefinition', name),
    );
  }
}
