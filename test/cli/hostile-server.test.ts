/** What the command shows of a server's text, and opens, if the server is hostile. */
import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { openBrowser } from '../../lib/cli/browser';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { runCommand, type Invocation, type Outcome } from './command-under-test';

jest.mock('node:child_process', () => ({ spawn: jest.fn() }));

/** ESC, the title of a terminal (OSC), a line break, DEL, C1, a right-to-left override, and a tag character. */
const HOSTILE = '\u001b[2J\u001b]0;title\u0007\r\nx\u007f\u009b31m\u202e\u{e0041}';
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/u;

interface Hostile {
  readonly endpoint: string;
  readonly run: (args: readonly string[], invocation?: Invocation) => Promise<Outcome>;
}

/** Runs the work with a server that gives each operation this response, and an empty one to others. */
async function withServer(
  responses: Readonly<Record<string, object>>,
  work: (server: Hostile) => Promise<void>,
  status = 200,
): Promise<void> {
  const server = createServer((request, response) => {
    const found = Object.entries(responses).find(([name]) => request.url?.endsWith(name));
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found?.[1] ?? {}));
  });
  const { port, close } = await listenOnLoopback(server, 0);
  const endpoint = `http://127.0.0.1:${port}`;
  const env = {
    AGENT_IDENTITY_ENDPOINT: endpoint,
    AWS_ACCESS_KEY_ID: 'AKIAAAAAAAAAAAAAAAAA',
    AWS_SECRET_ACCESS_KEY: 'secret',
  };
  try {
    await work({ endpoint, run: (args, invocation = {}) => runCommand(args, { ...invocation, env }) });
  } finally {
    await close();
  }
}

/** Returns the lines without their breaks. */
const lines = ({ stdout, stderr }: Outcome): string[] => `${stdout}${stderr}`.split('\n');

it('shows the message of an error response without control and format characters', async () => {
  await withServer(
    { '': { message: `Denied ${HOSTILE}` } },
    async ({ run }) => {
      const outcome = await run(['agent', 'list']);
      expect(outcome.status).toBe(1);
      expect(outcome.stderr).toMatch(/^Denied \?\[2J\?\]0;title\?\?\?x\?\?31m\?\?\.\n$/);
      for (const line of lines(outcome)) expect(line).not.toMatch(UNSEEN);
    },
    400,
  );
});

it('escapes control and format characters in JSON, which a program reads unchanged', async () => {
  const workloadIdentities = [{ name: HOSTILE, workloadIdentityArn: 'a' }];
  await withServer({ ListWorkloadIdentities: { workloadIdentities } }, async ({ run }) => {
    const outcome = await run(['agent', 'list', '--json']);
    for (const line of lines(outcome)) expect(line).not.toMatch(UNSEEN);
    expect(outcome.stdout).toContain('\\u202e\\udb40\\udc41');
    expect(JSON.stringify(JSON.parse(outcome.stdout))).toContain(JSON.stringify(HOSTILE));
  });
});

it.each(['https://app.example:x:y/', 'https://app.example:99999/'])(
  'proposes no command with the return URL %s, which is no URL',
  async (returnUrl) => {
    const responses = {
      GetWorkloadAccessTokenForUserId: { workloadAccessToken: 'token' },
      GetWorkloadIdentity: { name: 'remote', allowedResourceOauth2ReturnUrls: [returnUrl] },
    };
    await withServer(responses, async ({ run }) => {
      const options = ['--agent', 'remote', '--provider', 'calendar', '--user-id', 'ana'];
      const { status, stderr } = await run(['token', 'get', ...options]);
      expect(status).toBe(1);
      expect(stderr).toContain(' --return-url http://127.0.0.1:8400/done --return-url URL. Replace each URL');
      expect(stderr).not.toContain(returnUrl);
    });
  },
);

/** Members of responses, as an owner with hostile names could have them. */
const NAMES = {
  name: HOSTILE,
  workloadIdentityArn: `arn/${HOSTILE}`,
  credentialProviderArn: `arn/${HOSTILE}`,
  credentialProviderVendor: HOSTILE,
  callbackUrl: HOSTILE,
  owner: HOSTILE,
  suspension: { since: 0, by: HOSTILE, reason: HOSTILE },
  allowedResourceOauth2ReturnUrls: [HOSTILE],
  authorizerConfiguration: { customJWTAuthorizer: { discoveryUrl: HOSTILE } },
  oauth2ProviderConfigOutput: { x: { clientId: HOSTILE, oauthDiscovery: { discoveryUrl: HOSTILE } } },
  createdTime: 0,
  lastUpdatedTime: HOSTILE,
};
const COUNTS = {
  matched: 1,
  revoked: HOSTILE,
  confirmed: HOSTILE,
  unconfirmed: HOSTILE,
  notProvable: HOSTILE,
};
const REVOKED = { grantId: HOSTILE, provider: HOSTILE, state: HOSTILE, attempts: 1, lastError: HOSTILE };
const GRANT = { ...NAMES, ...REVOKED, userHash: HOSTILE, status: HOSTILE, scopes: [HOSTILE] };
const SUSPENDED_BY_ISSUER = { state: HOSTILE, since: 0, trustedIssuer: HOSTILE };
const SUSPENSION = {
  suspendedByOperator: NAMES.suspension,
  suspendedByIssuer: SUSPENDED_BY_ISSUER,
};
const PORTAL = {
  ...{ name: HOSTILE, consentPortalArn: HOSTILE, consentPortalId: 'hostile-0123456789', portalUrl: HOSTILE },
  ...{ status: HOSTILE, statusReason: HOSTILE, sources: [{ identifier: HOSTILE }] },
  idpConfig: { credentialProviderArn: HOSTILE, scopes: [HOSTILE], audience: HOSTILE },
  branding: { name: HOSTILE, color: HOSTILE, logo: HOSTILE },
  connections: [
    { workloadName: HOSTILE, credentialProviderName: HOSTILE, scopes: [HOSTILE], purpose: HOSTILE },
  ],
  description: HOSTILE,
  ...{ createdAt: 0, updatedAt: 0 },
};
const RESPONSES = {
  ListWorkloadIdentities: { workloadIdentities: [NAMES] },
  ListCredentialProviders: { credentialProviders: [NAMES] },
  ListGrants: { grants: [GRANT] },
  RevokeGrants: { revocationId: HOSTILE, matched: HOSTILE, status: HOSTILE },
  GetRevocation: { revocationId: HOSTILE, status: 'DONE', counts: COUNTS, grants: [REVOKED] },
  TransferOwnership: { previousOwner: HOSTILE },
  SuspendUser: { userHash: HOSTILE },
  ResumeUser: {
    userHash: HOSTILE,
    liftedSuspension: NAMES.suspension,
    suspendedByIssuer: SUSPENDED_BY_ISSUER,
  },
  CreateConsentPortal: PORTAL,
  GetConsentPortal: PORTAL,
  UpdateConsentPortal: PORTAL,
  ListConsentPortals: { consentPortals: [PORTAL] },
  ListSuspensions: {
    suspensions: [
      { workloadName: HOSTILE, ...SUSPENSION },
      { userHash: HOSTILE, ...SUSPENSION },
    ],
  },
  GetApiKeyCredentialProvider: {},
  '': NAMES,
};

it.each([
  [['agent', 'get', 'a']],
  [['agent', 'list', '--all']],
  [['agent', 'update', 'a', '--return-url', HOSTILE]],
  [['agent', 'delete', HOSTILE, '--yes']],
  [['provider', 'get', 'p', '--kind', 'oauth2']],
  [['provider', 'list', '--all']],
  [['provider', 'update', 'p', '--kind', 'oauth2', '--secret']],
  [['provider', 'delete', HOSTILE, '--kind', 'oauth2', '--yes']],
  [['provider', 'delete', HOSTILE]],
  [['grants', 'list', '--agent', 'a']],
  [['grants', 'revoke', '--agent', 'a', '--yes']],
  [['grants', 'revoke', '--agent', 'a', '--yes', '--no-wait']],
  [['grants', 'revocation', HOSTILE]],
  [['transfer-ownership', '--agent', HOSTILE, '--new-owner', HOSTILE]],
  [['user', 'suspend', '--user-id', 'u']],
  [['user', 'resume', '--user-id', 'u']],
  [['portal', 'add', 'p', '--agent', 'a', '--sign-in', 'arn:aws:x', '--scope', 'profile']],
  [['portal', 'get', HOSTILE]],
  [['portal', 'get', `other${HOSTILE}`]],
  [['portal', 'update', HOSTILE, '--color', '#000000']],
  [['portal', 'list']],
  [['portal', 'verify', HOSTILE]],
  [['portal', 'delete', HOSTILE, '--yes']],
  [['user', 'list']],
  [['agent', 'list', '--suspended']],
  [['doctor']],
])('shows no control or format character of a response to %j', async (args) => {
  await withServer(RESPONSES, async ({ run }) => {
    const outcome = await run(args, { input: 'secret' });
    expect(outcome.stdout + outcome.stderr).toMatch(/\?\[2J|^The API key|^Set|^fail|^There is no terminal/m);
    for (const line of lines(outcome)) expect(line).not.toMatch(UNSEEN);
  });
});

/** What readline itself writes to a terminal: it moves the cursor, and erases below. */
const EDITING = /\p{Cc}\[(\d+G|0J)/gu;

const typedLines = (stderr: string): string[] => stderr.replaceAll(EDITING, '').split(/\r?\n/);

it.each([
  [['portal', 'delete', HOSTILE]],
  [['provider', 'delete', HOSTILE, '--kind', 'oauth2']],
  [['agent', 'delete', HOSTILE]],
  [['grants', 'revoke', '--agent', 'a']],
])('asks without a control or format character of a response to %j', async (args) => {
  await withServer(RESPONSES, async ({ run }) => {
    const { status, stdout, stderr } = await run(args, { answers: [['[y/N] ', 'no']] });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('?[2J');
    for (const line of typedLines(stderr)) expect(line).not.toMatch(UNSEEN);
  });
});

it('says without control and format characters why an answer is rejected', async () => {
  const rejection = {
    message: HOSTILE,
    fieldList: [{ name: 'name', message: HOSTILE }],
  };
  await withServer(
    { '': rejection },
    async ({ run }) => {
      const { stderr } = await run(['provider', 'add', HOSTILE, '--api-key'], {
        answers: [
          ['API key (not shown): ', 'key'],
          ['Name of the provider: ', '\u0004'],
        ],
      });
      expect(stderr).toContain('?[2J');
      for (const line of typedLines(stderr)) expect(line).not.toMatch(UNSEEN);
    },
    400,
  );
});

const GET = [
  ...['token', 'get', '--agent', 'a', '--provider', 'p', '--user-id', 'u'],
  ...['--return-url', 'https://app.example/done'],
];

it('shows a token without control and format characters', async () => {
  const token = { accessToken: `token${HOSTILE}` };
  const workload = { workloadAccessToken: 'w' };
  await withServer({ GetWorkloadAccessTokenForUserId: workload, '': token }, async ({ run }) => {
    const outcome = await run([...GET, '--show-token']);
    expect(outcome.stdout).toMatch(/^token\?/);
    for (const line of lines(outcome)) expect(line).not.toMatch(UNSEEN);
  });
});

it.each([
  'file:///etc/hosts',
  '--version',
  'javascript:alert(1)',
  'http://service.example/authorize',
  'https://other.example/authorize',
  'http://127.0.0.1:1/authorize',
  HOSTILE,
])('neither shows nor opens the authorization URL %j', async (authorizationUrl) => {
  const opened: string[] = [];
  await withServer({ '': { workloadAccessToken: 'w', authorizationUrl } }, async ({ run, endpoint }) => {
    const outcome = await run(GET, {
      openBrowser: (url) => {
        opened.push(url);
        return Promise.resolve(true);
      },
    });
    expect({ ...outcome, opened }).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining(`not at the endpoint ${endpoint}. Set --endpoint`) as string,
      opened: [],
    });
    expect(outcome.stderr).not.toContain(authorizationUrl);
  });
});

it('shows and opens an authorization URL of the service in ASCII, by any name of this computer', async () => {
  const opened: string[] = [];
  let shown = '';
  const responses = { '': { workloadAccessToken: 'w', authorizationUrl: '' } };
  await withServer(responses, async ({ run, endpoint }) => {
    const page = endpoint.replace('127.0.0.1', 'localhost');
    responses[''].authorizationUrl = `${page}/authorize?a=\u001b[2J\u202e`;
    // The server has no session, so the command ends with the browser.
    const { status } = await run(GET, {
      openBrowser: (url) => {
        opened.push(url);
        return Promise.reject(new Error('The test ends here.'));
      },
      onOutput: (printed) => (shown ||= printed),
    });
    expect(status).toBe(1);
    expect(opened).toEqual([`${page}/authorize?a=%1B[2J%E2%80%AE`]);
    expect(shown.split('\n')).toContain(opened[0]);
  });
});

describe('the browser', () => {
  it('is started with the URL of a page as its last argument', async () => {
    const child = Object.assign(new EventEmitter(), { unref: jest.fn() });
    jest.mocked(spawn).mockImplementationOnce(() => {
      setImmediate(() => child.emit('spawn'));
      return child as unknown as ChildProcess;
    });
    expect(await openBrowser(' https://service.example/authorize?a=b&c')).toBe(true);
    const [, args] = jest.mocked(spawn).mock.lastCall ?? [];
    expect(args?.at(-1)).toBe('https://service.example/authorize?a=b&c');
    jest.mocked(spawn).mockClear();
  });

  it.each(['file:///etc/hosts', '--version', 'http://service.example/', ''])(
    'is not started for %j',
    async (url) => {
      expect(await openBrowser(url)).toBe(false);
      expect(spawn).not.toHaveBeenCalled();
    },
  );
});
