/**
 * The JSON of each command, for programs: members and types of results on stdout, and of errors on stderr. A change here
 * is a change of the command's interface: add members, but keep those that are here.
 */
import { startProvider, type TestProvider } from '../flows/support/provider';
import { runCommand, ServiceForCommands } from './command-under-test';

let local: ServiceForCommands;
let provider: TestProvider;
/** From the JSON of an earlier command. */
const known = { grantId: '', revocationId: '' };

const OWNER = 'arn:aws:iam::000000000000:user/stranger';

beforeAll(async () => {
  provider = await startProvider();
  const { discoveryUrl, clientId } = provider;
  local = await ServiceForCommands.start({
    TRUSTED_ISSUERS: JSON.stringify([{ discoveryUrl, allowedAudience: [clientId] }]),
  });
});

afterAll(async () => {
  await Promise.all([local.close(), provider.close()]);
});

/** Returns the type of a value: members of objects, and the different types in lists. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    const shapes = value.map((item) => JSON.stringify(shapeOf(item)));
    return [...new Set(shapes)].map((shape) => JSON.parse(shape) as unknown);
  }
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]));
}

const AGENT = {
  name: 'string',
  workloadIdentityArn: 'string',
  allowedResourceOauth2ReturnUrls: ['string'],
};
const TIMES = { createdTime: 'number', lastUpdatedTime: 'number' };
const SUSPENSION = { since: 'number', by: 'string', reason: 'string' };
const OAUTH2 = {
  name: 'string',
  credentialProviderArn: 'string',
  clientSecretArn: { secretArn: 'string' },
  clientSecretSource: 'string',
  callbackUrl: 'string',
  oauth2ProviderConfigOutput: {
    customOauth2ProviderConfig: {
      clientId: 'string',
      oauthDiscovery: { discoveryUrl: 'string' },
      clientAuthenticationMethod: 'string',
    },
  },
  status: 'string',
};
const API_KEY = {
  name: 'string',
  credentialProviderArn: 'string',
  apiKeySecretArn: { secretArn: 'string' },
  apiKeySecretSource: 'string',
};
const OAUTH2_GIVEN = { ...OAUTH2, credentialProviderVendor: 'string', ...TIMES };
const CHECKS = [
  { status: 'string', check: 'string', detail: 'string' },
  { status: 'string', check: 'string', detail: 'string', action: 'string' },
];
const COUNTS = {
  matched: 'number',
  revoked: 'number',
  confirmed: 'number',
  unconfirmed: 'number',
  notProvable: 'number',
};
const GRANT = {
  grantId: 'string',
  workloadIdentityArn: 'string',
  credentialProviderArn: 'string',
  flow: 'string',
  scopes: ['string'],
  resources: [],
  audiences: [],
  createdTime: 'number',
  expiresAt: 'number',
  lastUsedDate: 'string',
  status: 'string',
  renewsAutomatically: 'boolean',
};

const PORTAL_SUMMARY = {
  consentPortalArn: 'string',
  consentPortalId: 'string',
  name: 'string',
  status: 'string',
  sources: [{ type: 'string', identifier: 'string' }],
  portalUrl: 'string',
  createdAt: 'number',
  updatedAt: 'number',
};
const PORTAL = {
  ...PORTAL_SUMMARY,
  executionRoleArn: 'string',
  idpConfig: { credentialProviderArn: 'string', scopes: ['string'] },
};

const GATEWAY_SUMMARY = {
  gatewayId: 'string',
  name: 'string',
  status: 'string',
  authorizerType: 'string',
  createdAt: 'string',
  updatedAt: 'string',
};
const GATEWAY = {
  ...GATEWAY_SUMMARY,
  gatewayArn: 'string',
  gatewayUrl: 'string',
  roleArn: 'string',
  workloadIdentityDetails: { workloadIdentityArn: 'string' },
};

const ENGINE = {
  policyEngineId: 'string',
  policyEngineArn: 'string',
  name: 'string',
  createdAt: 'string',
  updatedAt: 'string',
  status: 'string',
  statusReasons: [],
};

interface Example {
  readonly args: () => string[];
  readonly input?: string;
  readonly shape: unknown;
}

const RETURN_URL = ['--return-url', 'https://app.example/done'];

/** In this order: later commands use what earlier ones create. */
const EXAMPLES: Readonly<Record<string, Example>> = {
  'agent add': { args: () => ['travel', ...RETURN_URL], shape: AGENT },
  'agent get': { args: () => ['travel'], shape: { ...AGENT, ...TIMES } },
  'agent update': { args: () => ['travel', ...RETURN_URL], shape: { ...AGENT, ...TIMES } },
  'agent list': {
    args: () => [],
    shape: { workloadIdentities: [{ name: 'string', workloadIdentityArn: 'string' }] },
  },
  'provider add': {
    args: () => [
      ...['feed', '--vendor', 'custom', '--client-id', provider.clientId],
      ...['--discovery-url', provider.discoveryUrl],
    ],
    input: 'placeholder',
    shape: OAUTH2,
  },
  'provider update': { args: () => ['feed', '--secret'], shape: OAUTH2_GIVEN },
  'provider get': { args: () => ['feed'], shape: OAUTH2_GIVEN },
  'provider list': {
    args: () => [],
    shape: {
      oauth2CredentialProviders: [
        {
          name: 'string',
          credentialProviderVendor: 'string',
          credentialProviderArn: 'string',
          ...TIMES,
        },
      ],
      apiKeyCredentialProviders: [],
    },
  },
  'provider test': { args: () => ['feed'], shape: { checks: CHECKS } },
  'provider guide': {
    args: () => ['google'],
    shape: {
      ...{ vendor: 'string', console: 'string', app: 'string', callback: 'string', credentials: 'string' },
      ...{ scopes: 'string', refreshTokens: 'string', review: 'string' },
      ...{ notes: ['string'], sources: ['string'] },
    },
  },
  'token get': {
    args: () => ['--agent', 'travel', '--provider', 'feed', '--flow', 'agent', '--scope', 'b'],
    shape: { agent: 'string', provider: 'string', consented: 'boolean' },
  },
  doctor: { args: () => [], shape: { checks: CHECKS } },
  'grants list': { args: () => ['--agent', 'travel'], shape: { grants: [GRANT] } },
  'grants revoke': {
    args: () => ['--grant-id', known.grantId, '--yes'],
    shape: {
      revocationId: 'string',
      status: 'string',
      reach: 'string',
      counts: COUNTS,
      grants: [
        { grantId: 'string', provider: 'string', state: 'string', attempts: 'number', lastError: 'string' },
      ],
    },
  },
  'grants revocation': {
    args: () => [known.revocationId],
    shape: {
      revocationId: 'string',
      status: 'string',
      reach: 'string',
      counts: COUNTS,
      grants: [
        { grantId: 'string', provider: 'string', state: 'string', attempts: 'number', lastError: 'string' },
      ],
    },
  },
  'agent suspend': {
    args: () => ['travel', '--reason', 'Test'],
    shape: {
      name: 'string',
      identityExists: 'boolean',
      workloadIdentityArn: 'string',
      owner: 'string',
      suspension: SUSPENSION,
    },
  },
  'agent resume': { args: () => ['travel'], shape: { name: 'string', liftedSuspension: SUSPENSION } },
  'user suspend': {
    args: () => ['--user-id', 'ana', '--reason', 'Test'],
    shape: { userHash: 'string', suspension: SUSPENSION },
  },
  'user list': {
    args: () => [],
    shape: { suspensions: [{ userHash: 'string', suspendedByOperator: SUSPENSION }] },
  },
  'user resume': {
    args: () => ['--user-id', 'ana'],
    shape: { userHash: 'string', liftedSuspension: SUSPENSION },
  },
  'portal add': {
    args: () => ['portal', '--agent', 'travel', '--sign-in', 'feed', '--scope', 'profile'],
    shape: PORTAL,
  },
  'portal get': { args: () => ['portal'], shape: PORTAL },
  'portal update': { args: () => ['portal', '--no-branding'], shape: PORTAL },
  'portal verify': { args: () => ['portal'], shape: PORTAL },
  'portal list': { args: () => [], shape: { consentPortals: [PORTAL_SUMMARY] } },
  'portal delete': {
    args: () => ['portal', '--yes'],
    shape: { name: 'string', consentPortalId: 'string', deleted: 'boolean' },
  },
  'provider delete': {
    args: () => ['feed', '--yes'],
    shape: { name: 'string', kind: 'string', deleted: 'boolean' },
  },
  'gateway add': { args: () => ['tools'], shape: GATEWAY },
  'gateway get': { args: () => ['tools'], shape: GATEWAY },
  'gateway update': {
    args: () => ['tools', '--description', 'Calendars'],
    shape: { ...GATEWAY, description: 'string' },
  },
  'gateway list': { args: () => [], shape: { items: [{ ...GATEWAY_SUMMARY, description: 'string' }] } },
  'gateway delete': {
    args: () => ['tools', '--yes'],
    shape: { name: 'string', gatewayId: 'string', deleted: 'boolean' },
  },
  'policy-engine add': { args: () => ['rules'], shape: ENGINE },
  'policy-engine get': { args: () => ['rules'], shape: ENGINE },
  'policy-engine update': {
    args: () => ['rules', '--description', 'Of the team'],
    shape: { ...ENGINE, description: 'string' },
  },
  'policy-engine list': { args: () => [], shape: { policyEngines: [{ ...ENGINE, description: 'string' }] } },
  'policy-engine delete': {
    args: () => ['rules', '--yes'],
    shape: { name: 'string', policyEngineId: 'string', deleted: 'boolean' },
  },
  'transfer-ownership': {
    args: () => ['--agent', 'travel', '--new-owner', OWNER],
    shape: { resourceArn: 'string', previousOwner: 'string', newOwner: 'string' },
  },
  connect: {
    args: () => [
      ...['connected', '--issuer', provider.issuer, '--client-id', provider.clientId],
      ...['--agent', 'connecting', '--flow', 'agent', '--scope', 'b'],
    ],
    shape: {
      provider: OAUTH2_GIVEN,
      checks: CHECKS,
      token: { agent: 'string', consented: 'boolean' },
    },
  },
  'agent delete': {
    args: () => ['doomed', '--yes'],
    shape: { name: 'string', deleted: 'boolean' },
  },
};

/**
 * Commands with other output or another input: a service that runs, one line for each entry, and tables instead of the
 * service, and the response of a target (local.test.ts, init.test.ts, gate.test.ts, audit.test.ts, restore.test.ts, gateway-call.test.ts).
 */
const OTHERS = ['local', 'env', 'console', 'init', 'gate', 'audit', 'restore', 'gateway call'];

it.each(Object.entries(EXAMPLES))('%s prints its members', async (command, { args, input, shape }) => {
  if (command === 'agent delete') await local.json(['agent', 'add', 'doomed']);
  const output = await local.json<Record<string, unknown>>([...command.split(' '), ...args()], {
    input: input ?? provider.clientSecret,
  });
  expect(shapeOf(output)).toEqual(shape);
  const { grants, revocationId } = output as { grants?: { grantId: string }[]; revocationId?: string };
  if (grants?.[0]) known.grantId = grants[0].grantId;
  if (revocationId !== undefined) known.revocationId = revocationId;
});

it.each([
  [
    'agents of all owners',
    ['agent', 'list', '--all'],
    {
      workloadIdentities: [
        { name: 'string', workloadIdentityArn: 'string', owner: 'string', ...TIMES, suspended: 'boolean' },
      ],
    },
  ],
  [
    'suspended agents',
    ['agent', 'list', '--suspended'],
    { suspensions: [{ workloadName: 'string', suspendedByOperator: SUSPENSION }] },
  ],
  [
    'providers of all owners',
    ['provider', 'list', '--all'],
    {
      credentialProviders: [
        { name: 'string', credentialProviderArn: 'string', owner: 'string', ...TIMES },
        {
          name: 'string',
          credentialProviderArn: 'string',
          credentialProviderVendor: 'string',
          owner: 'string',
          ...TIMES,
        },
      ],
    },
  ],
  ['an API key', ['provider', 'get', 'listed', '--kind', 'api-key'], { ...API_KEY, ...TIMES }],
])('the JSON of %s has its members', async (_what, args, shape) => {
  if (args.includes('--suspended')) {
    await local.json(['agent', 'suspend', 'not-there-yet', '--reason', 'Test']);
  }
  if (args.includes('provider')) {
    await local.run(['provider', 'add', 'listed', '--api-key'], { input: 'key' });
    const github = ['--vendor', 'github', '--client-id', 'client'];
    await local.run(['provider', 'add', 'listed', ...github], { input: 'secret' });
  }
  const output = shapeOf(await local.json(args)) as Record<string, unknown>;
  const sorted = Object.fromEntries(
    Object.entries(output).map(([name, value]) => [
      name,
      Array.isArray(value)
        ? value.toSorted((a, b) => JSON.stringify(a).length - JSON.stringify(b).length)
        : value,
    ]),
  );
  expect(sorted).toEqual(shape);
});

it('has an example of each command with the option --json', async () => {
  const words = async (...args: string[]): Promise<string[]> =>
    (await runCommand(['__complete', ...args])).stdout.split('\n').filter(Boolean);
  const withJson: string[] = [];
  for (const first of await words('')) {
    const inGroup = await words(first, '');
    const isGroup = inGroup.length > 0 && !inGroup.some((word) => word.startsWith('-'));
    for (const command of isGroup ? inGroup.map((word) => `${first} ${word}`) : [first]) {
      if ((await words(...command.split(' '), '--json')).includes('--json')) withJson.push(command);
    }
  }
  expect(withJson.sort()).toEqual([...Object.keys(EXAMPLES), ...OTHERS].sort());
});

describe('an error', () => {
  const failure = async (args: string[], env: Record<string, string> = {}) => {
    const { status, stdout, stderr } = await local.run([...args, '--json'], { env });
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^[^\n]*\n$/);
    return { status, ...(JSON.parse(stderr) as object) };
  };

  it.each([
    [
      'of the service',
      ['agent', 'get', 'missing'],
      {},
      {
        status: 1,
        error: {
          name: 'ResourceNotFoundException',
          message: 'There is no workload identity named "missing".',
          next: 'Run agent-identity agent list for the names.',
        },
      },
    ],
    [
      'about options',
      ['agent', 'get', 'a', '--endpont', 'x'],
      {},
      {
        status: 2,
        error: {
          name: 'UsageError',
          message: 'There is no option --endpont. Did you mean --endpoint?',
          next: 'Run the command with --help for its options.',
        },
      },
    ],
    [
      'about an unknown command',
      ['agent', 'ad'],
      {},
      {
        status: 2,
        error: {
          name: 'UsageError',
          message: 'There is no command "ad".',
          next: 'Did you mean "add"? Run agent-identity --help for the list of commands.',
        },
      },
    ],
    [
      'about options that do not fit',
      ['agent', 'update', 'a'],
      {},
      {
        status: 2,
        error: {
          name: 'UsageError',
          message: 'Set what changes.',
          next: 'For example, --return-url replaces the return URLs, and --no-return-urls removes them.',
        },
      },
    ],
    [
      'without a response',
      ['agent', 'list', '--endpoint', 'http://127.0.0.1:9'],
      {},
      {
        status: 1,
        error: {
          name: 'NoResponse',
          message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:9 did not respond \(.+\)\.$/) as string,
          next: 'Check the address and that the server runs.',
        },
      },
    ],
    [
      'without credentials',
      ['agent', 'list'],
      { AWS_ACCESS_KEY_ID: '' },
      {
        status: 1,
        error: {
          name: 'NoCredentials',
          message: expect.stringMatching(/^There are no usable AWS credentials/) as string,
          next: expect.stringMatching(
            /^The service on this computer has its own: .*AWS_ACCESS_KEY_ID/,
          ) as string,
        },
      },
    ],
  ])('%s is one line of JSON on stderr', async (_what, args, env, expected) => {
    expect(await failure(args, env)).toEqual(expected);
  });

  it('after a result leaves the result on stdout', async () => {
    const unreachable = ['--vendor', 'okta', '--client-id', 'client', '--issuer', 'http://127.0.0.1:9'];
    await local.json(['provider', 'add', 'down', ...unreachable], { input: 'secret' });
    const { status, stdout, stderr } = await local.run(['provider', 'test', 'down', '--json']);
    expect(status).toBe(1);
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual(['checks']);
    expect(JSON.parse(stderr)).toEqual({ error: { name: 'CheckFailed', message: 'A check failed.' } });
  });
});
