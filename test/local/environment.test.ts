/**
 * Each function as Lambda starts it: it starts with its required variables, and reports missing or malformed ones in one
 * line before any other work. Lambda logs the stack of an error that a module throws, so the stack is one line too.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FUNCTION_GROUPS, type FunctionGroup, ROUTED_GROUPS } from '../../lambda/operations/groups';
import { RUNS_ALL_CASES } from '../all-cases';

/** A deployment's variables, with values of the right form. */
const ENVIRONMENT = {
  DIRECTORY_TABLE: 'Stateful-DirectoryTable-1A2B3C',
  KEYS_TABLE: 'Stateful-KeysTable-1A2B3C',
  SESSIONS_TABLE: 'Stateful-SessionsTable-1A2B3C',
  REVOCATIONS_TABLE: 'Stateful-RevocationsTable-1A2B3C',
  VAULT_TABLE: 'Stateful-VaultTable-1A2B3C',
  KMS_KEY_ARN: 'arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555',
  BASE_URL: 'https://abc123.execute-api.eu-central-1.amazonaws.com/prod',
  ARN_PREFIX: 'arn:aws:bedrock-agentcore:eu-central-1:123456789012',
  PROVIDER_CLIENT_FUNCTION: 'Stateless-providerclient-1A2B3C:live',
  REVOCATION_FUNCTION: 'Stateless-revocation-1A2B3C:live',
  CONNECTIONS_FUNCTION: 'Stateless-connections-1A2B3C:live',
  TRUSTED_ISSUERS: '[]',
  LIFETIMES: '{}',
  QUOTAS: '{}',
  OWNER_ACCOUNTS: '["111122223333"]',
  AWS_REGION: 'eu-central-1',
  URL_SUFFIX: 'amazonaws.com',
  STAGE_SECRET_HASH: 'a'.repeat(43),
};

type Variable = keyof typeof ENVIRONMENT;

const TABLE = 'must be the name of a table';

/** A value that is not valid, and the message about it. */
const MALFORMED: Partial<Record<Variable, readonly [value: string, said: string]>> = {
  DIRECTORY_TABLE: ['arn:aws:dynamodb:eu-central-1:123456789012:table/any', `DIRECTORY_TABLE ${TABLE}`],
  KEYS_TABLE: ['${Token[TOKEN.17]}', `KEYS_TABLE ${TABLE}`],
  SESSIONS_TABLE: ['a', `SESSIONS_TABLE ${TABLE}`],
  REVOCATIONS_TABLE: ['a', `REVOCATIONS_TABLE ${TABLE}`],
  VAULT_TABLE: ['two words', `VAULT_TABLE ${TABLE}`],
  KMS_KEY_ARN: ['alias/any', 'KMS_KEY_ARN must be the ARN of a KMS key'],
  BASE_URL: ['https://issuer.example/', 'BASE_URL must be an https URL without a trailing slash'],
  ARN_PREFIX: [
    'arn:aws:bedrock-agentcore:eu-central-1:1234',
    'ARN_PREFIX must be like arn:aws:bedrock-agentcore:eu-central-1:123456789012',
  ],
  PROVIDER_CLIENT_FUNCTION: ['no function', 'PROVIDER_CLIENT_FUNCTION must be the name or ARN of a function'],
  REVOCATION_FUNCTION: ['no function', 'REVOCATION_FUNCTION must be the name or ARN of a function'],
  CONNECTIONS_FUNCTION: ['no function', 'CONNECTIONS_FUNCTION must be the name or ARN of a function'],
  TRUSTED_ISSUERS: ['[{}]', 'TRUSTED_ISSUERS: trustedIssuers[0]'],
  LIFETIMES: ['{"vaultKey":1}', 'LIFETIMES: lifetimes.vaultKey must be 86400 seconds or more'],
  OWNER_ACCOUNTS: ['[1]', 'OWNER_ACCOUNTS: ownerAccounts[0]'],
  QUOTAS: ['many', 'QUOTAS: quotas must be JSON'],
  URL_SUFFIX: ['no domain', 'URL_SUFFIX must be a domain name'],
  STAGE_SECRET_HASH: ['a'.repeat(64), 'STAGE_SECRET_HASH must be a SHA-256 digest in base64url'],
};

/** The variables that a group reads, without those of all groups with a route. */
const OWN: Readonly<Record<FunctionGroup, readonly Variable[]>> = {
  'control-plane': [
    'DIRECTORY_TABLE',
    'KEYS_TABLE',
    'VAULT_TABLE',
    'REVOCATIONS_TABLE',
    'KMS_KEY_ARN',
    'BASE_URL',
    'ARN_PREFIX',
    'REVOCATION_FUNCTION',
    'CONNECTIONS_FUNCTION',
    'PROVIDER_CLIENT_FUNCTION',
    'QUOTAS',
  ],
  'token-exchange': [
    ...([
      'DIRECTORY_TABLE',
      'KEYS_TABLE',
      'SESSIONS_TABLE',
      'KMS_KEY_ARN',
      'BASE_URL',
      'ARN_PREFIX',
    ] as const),
    ...(['TRUSTED_ISSUERS', 'LIFETIMES'] as const),
  ],
  'credential-retrieval': [
    ...(['DIRECTORY_TABLE', 'KEYS_TABLE', 'SESSIONS_TABLE', 'VAULT_TABLE', 'KMS_KEY_ARN'] as const),
    ...(['BASE_URL', 'ARN_PREFIX', 'PROVIDER_CLIENT_FUNCTION', 'REVOCATION_FUNCTION'] as const),
    ...(['TRUSTED_ISSUERS', 'LIFETIMES'] as const),
  ],
  'oauth-callback': [
    ...(['DIRECTORY_TABLE', 'KEYS_TABLE', 'SESSIONS_TABLE', 'KMS_KEY_ARN'] as const),
    ...(['BASE_URL', 'ARN_PREFIX', 'PROVIDER_CLIENT_FUNCTION'] as const),
  ],
  'token-vault': ['DIRECTORY_TABLE', 'KEYS_TABLE', 'KMS_KEY_ARN', 'ARN_PREFIX'],
  grants: [
    ...(['DIRECTORY_TABLE', 'VAULT_TABLE', 'REVOCATIONS_TABLE', 'BASE_URL', 'ARN_PREFIX'] as const),
    'REVOCATION_FUNCTION',
  ],
  operator: [
    ...(['DIRECTORY_TABLE', 'VAULT_TABLE', 'REVOCATIONS_TABLE', 'KMS_KEY_ARN', 'ARN_PREFIX'] as const),
    ...(['REVOCATION_FUNCTION', 'OWNER_ACCOUNTS'] as const),
  ],
  'security-events': [
    ...(['DIRECTORY_TABLE', 'SESSIONS_TABLE', 'REVOCATIONS_TABLE', 'BASE_URL'] as const),
    'REVOCATION_FUNCTION',
  ],
  'provider-client': [
    ...(['DIRECTORY_TABLE', 'KEYS_TABLE', 'VAULT_TABLE', 'KMS_KEY_ARN'] as const),
    ...(['BASE_URL', 'ARN_PREFIX', 'REVOCATION_FUNCTION', 'LIFETIMES'] as const),
  ],
  revocation: [
    ...(['DIRECTORY_TABLE', 'KEYS_TABLE', 'VAULT_TABLE', 'REVOCATIONS_TABLE', 'KMS_KEY_ARN'] as const),
    ...(['ARN_PREFIX', 'LIFETIMES'] as const),
  ],
  portal: ['BASE_URL', 'CONNECTIONS_FUNCTION'],
  connections: [
    ...(['DIRECTORY_TABLE', 'KEYS_TABLE', 'SESSIONS_TABLE', 'VAULT_TABLE', 'REVOCATIONS_TABLE'] as const),
    ...(['KMS_KEY_ARN', 'BASE_URL', 'ARN_PREFIX', 'REVOCATION_FUNCTION'] as const),
    ...(['TRUSTED_ISSUERS', 'LIFETIMES'] as const),
  ],
  'event-poll': ['DIRECTORY_TABLE', 'SESSIONS_TABLE', 'REVOCATIONS_TABLE', 'REVOCATION_FUNCTION'],
  'key-rotation': ['DIRECTORY_TABLE', 'KEYS_TABLE', 'KMS_KEY_ARN', 'ARN_PREFIX', 'URL_SUFFIX'],
};

/** lib/constructs sets all of them (test/stacks/permissions.test.ts). */
const READS = Object.fromEntries(
  FUNCTION_GROUPS.map((group) => [
    group,
    (ROUTED_GROUPS as readonly string[]).includes(group) ? [...OWN[group], 'STAGE_SECRET_HASH'] : OWN[group],
  ]),
) as Record<FunctionGroup, readonly Variable[]>;

/** Variables with defaults. */
const OPTIONAL: readonly Variable[] = ['TRUSTED_ISSUERS', 'LIFETIMES', 'QUOTAS', 'OWNER_ACCOUNTS'];

/** Loaded once, because they read no environment when they load. Each start loads the modules of this project again. */
const PACKAGES = [
  ...['@aws-sdk/client-dynamodb', '@aws-sdk/client-kms', '@aws-sdk/client-lambda', '@aws-sdk/client-sts'],
  ...[
    '@aws-sdk/client-s3',
    '@aws-sdk/client-secrets-manager',
    '@aws-sdk/util-dynamodb',
    'aws-jwt-verify',
    'jose',
    'oauth4webapi',
    'valibot',
  ],
];

beforeAll(() => {
  for (const name of PACKAGES) {
    const loaded: unknown = jest.requireActual(name);
    jest.doMock(name, () => loaded);
  }
});

const own = { ...process.env };
afterEach(() => {
  process.env = { ...own };
});

/** @returns the error as Lambda would log it; undefined when the function starts */
async function start(group: FunctionGroup, change: Readonly<Record<string, string | undefined>>) {
  process.env = { ...own, ...ENVIRONMENT, ...change };
  for (const [name, value] of Object.entries(change)) if (value === undefined) delete process.env[name];
  try {
    await jest.isolateModulesAsync(async () => {
      await import(`../../lambda/functions/${group}`);
    });
  } catch (error) {
    return (error as Error).stack ?? '';
  }
  return undefined;
}

/**
 * Returns the variables to try with a function: with all cases, all of them. Otherwise those that no function before it reads,
 * and one at least, because all functions read a variable in the same way.
 */
function variablesToTry(group: FunctionGroup, names: readonly Variable[]): readonly Variable[] {
  if (RUNS_ALL_CASES) return names;
  const readBefore = FUNCTION_GROUPS.slice(0, FUNCTION_GROUPS.indexOf(group)).flatMap(
    (other) => READS[other],
  );
  const added = names.filter((name) => !readBefore.includes(name));
  return added.length > 0 ? added : names.slice(0, 1);
}

describe.each(FUNCTION_GROUPS)('%s', (group) => {
  const required = READS[group].filter((name) => !OPTIONAL.includes(name));
  const others = (Object.keys(ENVIRONMENT) as Variable[]).filter(
    (name) => !READS[group].includes(name) && MALFORMED[name],
  );

  it('starts with its required variables only', async () => {
    expect(await start(group, Object.fromEntries(others.map((name) => [name, undefined])))).toBeUndefined();
  });

  it.each(variablesToTry(group, required))('reports in one line that %s is missing', async (name) => {
    const line = `EnvironmentError: set ${name}`;
    expect(await start(group, { [name]: undefined })).toBe(line);
    expect(await start(group, { [name]: '' })).toBe(line);
  });

  it.each(variablesToTry(group, READS[group]))('reports in one line what %s must be', async (name) => {
    const [value = '', said = ''] = MALFORMED[name] ?? [];
    const line = await start(group, { [name]: value });
    expect(line).toMatch(/^EnvironmentError: [^\n]*$/);
    expect(line).toContain(said);
  });

  it('names all errors together', async () => {
    const absent = ['DIRECTORY_TABLE', 'KEYS_TABLE', 'CONNECTIONS_FUNCTION'] as const;
    const line = await start(group, {
      ...Object.fromEntries(absent.map((name) => [name, undefined])),
      KMS_KEY_ARN: 'alias/any',
    });
    const missing = absent.filter((name) => required.includes(name));
    const faults = [
      `set ${missing.join(', ')}`,
      ...(required.includes('KMS_KEY_ARN') ? ['KMS_KEY_ARN must be the ARN of a KMS key'] : []),
    ];
    expect(line).toBe(`EnvironmentError: ${faults.join('; ')}`);
  });
});

it.each([
  ['an address of this machine', 'http://127.0.0.1:4600'],
  ['a custom domain', 'https://identity.example'],
  ['another partition', 'https://abc.execute-api.cn-north-1.amazonaws.com.cn/prod'],
])('BASE_URL can be %s', async (_what, BASE_URL) => {
  expect(await start('token-exchange', { BASE_URL })).toBeUndefined();
});

it.each([
  'http://identity.example',
  'https://',
  'https://a.example?x=1',
  'https://a.example/#x',
  'a.example',
])('BASE_URL cannot be %s', async (BASE_URL) => {
  expect(await start('token-exchange', { BASE_URL })).toContain('BASE_URL must be');
});

it('does not repeat values in errors', async () => {
  const secret = 'sk-that-got-into-the-wrong-place';
  expect(await start('token-exchange', { KMS_KEY_ARN: secret, BASE_URL: secret })).not.toContain(secret);
});

it('rejects the setting for local use inside Lambda, also in one line', async () => {
  const line = await start('token-exchange', {
    LOOPBACK_PROVIDERS: 'allowed',
    AWS_LAMBDA_FUNCTION_NAME: 'any',
  });
  expect(line).toBe('EnvironmentError: LOOPBACK_PROVIDERS is for local mode; unset it');
});

describe('the trusted issuers in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'agent-identity-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const TRUSTED_ISSUERS_FILE = join(folder, 'trusted-issuers.json');
  const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');
  const issuers = JSON.stringify([
    {
      discoveryUrl: 'https://login.example/.well-known/openid-configuration',
      allowedAudience: ['app'],
    },
  ]);

  it.each<[what: string, content: string | undefined, digest: string | undefined, said: string]>([
    ['is missing', undefined, sha256(issuers), 'the file cannot be read (ENOENT); deploy the stack again'],
    [
      'has another digest',
      issuers,
      sha256('[]'),
      'the file has another SHA-256 digest than the deployed one',
    ],
    ['has no digest', issuers, undefined, 'the file has another SHA-256 digest than the deployed one'],
    ['is not JSON', '[', sha256('['), 'trustedIssuers must be JSON'],
    ['is malformed', '[{}]', sha256('[{}]'), 'trustedIssuers[0]'],
  ])('stop a function whose file %s, with one line', async (_what, content, digest, said) => {
    rmSync(TRUSTED_ISSUERS_FILE, { force: true });
    if (content !== undefined) writeFileSync(TRUSTED_ISSUERS_FILE, content);
    const line = await start('token-exchange', { TRUSTED_ISSUERS_FILE, TRUSTED_ISSUERS_SHA256: digest });
    expect(line).toMatch(/^EnvironmentError: TRUSTED_ISSUERS_FILE: [^\n]*$/);
    expect(line).toContain(said);
  });

  it.each([
    'token-exchange',
    'credential-retrieval',
    'connections',
    'security-events',
    'event-poll',
  ] as const)('are read by the function %s', async (group) => {
    writeFileSync(TRUSTED_ISSUERS_FILE, issuers);
    const file = { TRUSTED_ISSUERS_FILE, TRUSTED_ISSUERS_SHA256: sha256(issuers) };
    expect(await start(group, file)).toBeUndefined();
    expect(await start(group, { ...file, TRUSTED_ISSUERS_SHA256: sha256('[]') })).toContain('digest');
  });
});
