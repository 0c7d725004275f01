/** A tool's credential is separate from its arguments, and no inspection shows it. */
import { inspect } from 'node:util';
import { UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js';
import {
  AuthorizationReturnError,
  ConfigurationError,
  ConsentFailedError,
  ConsentRequiredError,
  fromGate,
  getAccessToken,
  withAccessToken,
  withApiKey,
  workloadAccessTokens,
  type AccessTokenOptions,
} from '../../../lib/client/index';
import { withAccessToken as withElicitedAccessToken } from '../../../lib/client/mcp';
import { World, type TestAgent } from '../support/world';
import { federated } from './agent-code';

let agent: TestAgent;
let own: AccessTokenOptions;
const world = World.ofFile();
beforeAll(async () => {
  agent = await world.agent();
  own = {
    ...federated(world, agent),
    workloadIdentityToken: await agent.token(),
    authFlow: 'M2M',
    scopes: ['a'],
  };
});

/** A tool as untyped code calls it. */
type Untyped = (...args: unknown[]) => Promise<unknown>;

describe('the credential of a tool', () => {
  const calls: unknown[][] = [];
  const reader = () =>
    withAccessToken(own)(({ accessToken }, day: string, hours = 8) => {
      calls.push([accessToken, day, hours]);
    });
  let token: string;
  beforeAll(async () => {
    token = await getAccessToken(own);
  });
  beforeEach(() => {
    calls.length = 0;
  });

  it.each<[string, unknown[], unknown[]]>([
    ['as many as it declares', ['today', 4], ['today', 4]],
    ['one too many', ['today', 4, 'mallory'], ['today', 4]],
    ['many too many', ['today', 4, 'mallory', 'mallory', 'mallory'], ['today', 4]],
    ['one too few', ['today'], ['today', 8]],
    ['none', [], [undefined, 8]],
  ])('stays the first argument when the number of arguments is: %s', async (_, args, seen) => {
    await (reader() as Untyped)(...args);
    expect(calls).toEqual([[token, ...seen]]);
  });

  it('stays the first argument when Array.map passes an index and the array', async () => {
    await Promise.all(
      ['today', 'tomorrow'].map(
        withAccessToken(own)(({ accessToken }, day: string) => {
          calls.push([accessToken, day]);
        }),
      ),
    );
    expect(calls).toEqual([
      [token, 'today'],
      [token, 'tomorrow'],
    ]);
  });

  it('cannot be converted to text: a tool that uses it as an argument fails without revealing the token', async () => {
    const tool = withAccessToken(own)((day) => `https://calendar.example/?day=${day as unknown as string}`);
    const failure: unknown = await tool().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TypeError);
    expect(String(failure)).toContain('{ accessToken }');
    expect(String(failure)).not.toContain(token);
  });

  it('has its own type, so that a tool with the token in another place does not compile', () => {
    const typed = withAccessToken(own);
    const { identity, workloadIdentityToken, providerName } = own;
    const forKey = { identity, workloadIdentityToken, providerName };
    // @ts-expect-error The token is no longer the last argument.
    typed((day: string, accessToken: string) => [day, accessToken]);
    // @ts-expect-error A string is not a credential.
    withApiKey(forKey)((apiKey: string) => apiKey);
    // @ts-expect-error The options need a string argument.
    withAccessToken((day: string) => ({ ...own, customState: day }))((_credential, day: number) => day);
    const tool = typed((_credential, day: string) => day);
    const wrong = [
      // @ts-expect-error The day is missing.
      () => tool(),
      // @ts-expect-error The day is not a string.
      () => tool(1),
      // @ts-expect-error There is one argument too many.
      () => tool('today', 'tomorrow'),
    ];
    expect(wrong).toHaveLength(3);
  });
});

it('throws the consent error of a tool within an MCP tool unchanged', async () => {
  const failure = new ConsentFailedError('calendar', 'invalid_scope');
  const tool = withElicitedAccessToken(own)(() => Promise.reject(failure));
  await expect(tool()).rejects.toBe(failure);
});

describe('an inspection', () => {
  const shown = (value: unknown): string =>
    [
      inspect(value, { depth: Infinity }),
      JSON.stringify(value),
      JSON.stringify({ ...(value as object) }),
      Object.prototype.toString.call(value),
      value instanceof Error ? `${value.message} ${value.stack ?? ''}` : '',
    ].join('\n');

  it("of a tool's credential shows no token", async () => {
    const seen: unknown[] = [];
    await withAccessToken(own)((credential) => {
      seen.push(shown(credential), credential.accessToken);
    })();
    const [text, token] = seen as [string, string];
    expect(token).toBe(await getAccessToken(own));
    expect(text).toContain('AccessTokenCredential');
    expect(text).not.toContain(token);
  });

  it('of a source of workload access tokens shows neither these tokens nor the user token', async () => {
    const userToken = await world.issuer.token('ana');
    const { identity } = own;
    const tokens = workloadAccessTokens(identity, { workloadName: agent.name, userToken });
    const token = await tokens.get();
    const given = fromGate({ WorkloadAccessToken: token });
    for (const secret of [token, userToken]) {
      expect(shown(tokens)).not.toContain(secret);
      expect(shown(given)).not.toContain(secret);
    }
    expect(await given.workloadIdentityToken.get()).toBe(token);
  });

  it('of an error shows neither the link nor the state', async () => {
    const workloadIdentityToken = await agent.token({ userId: 'ana' });
    const options = { ...federated(world, agent), workloadIdentityToken };
    const required = await getAccessToken(options).catch((error: unknown) => error);
    expect(required).toBeInstanceOf(ConsentRequiredError);
    const { sessionUri, authorizationUrl } = required as ConsentRequiredError;
    const elicited = await withElicitedAccessToken(options)(() => 0)().catch((error: unknown) => error);
    expect(elicited).toBeInstanceOf(UrlElicitationRequiredError);
    expect((elicited as UrlElicitationRequiredError).elicitations).toMatchObject([{ url: authorizationUrl }]);
    const id = sessionUri.slice(sessionUri.lastIndexOf(':') + 1);
    for (const error of [required, elicited]) expect(shown(error)).not.toContain(id);

    const declined = new AuthorizationReturnError('declined', 'state-of-this-browser', 'access_denied');
    expect(declined.state).toBe('state-of-this-browser');
    expect(shown(declined)).not.toContain('state-of-this-browser');
  });
});

describe('before the first request', () => {
  const callbackUrl = 'https://app.example/back';
  const identity = {
    send: () => Promise.reject(new Error('a request was sent')),
  } as unknown as AccessTokenOptions['identity'];
  const unused = { identity, workloadIdentityToken: 'token', providerName: 'calendar' };
  const federation = { ...unused, scopes: ['a'], authFlow: 'USER_FEDERATION' } as const;
  const failureOf = async (call: () => Promise<unknown>): Promise<string> => {
    const failure: unknown = await call().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigurationError);
    return (failure as Error).message;
  };

  it.each(['scpes', 'forceAuthentification', 'resourceOauth2ReturnUrl', 'toString'])(
    'an unknown option is rejected by name: %s',
    async (name) => {
      const misspelled = { [name]: undefined };
      const tool = withAccessToken(() => ({ ...federation, callbackUrl, ...misspelled }))(() => 0);
      expect(await failureOf(tool)).toContain(`Unknown option \`${name}\` of withAccessToken.`);
      const elicited = withElicitedAccessToken(() => ({ ...federation, callbackUrl, ...misspelled }))(
        () => 0,
      );
      expect(await failureOf(elicited)).toContain(`Unknown option \`${name}\` of withAccessToken.`);
      const keyed = withApiKey(() => ({ ...unused, ...misspelled }))(() => 0);
      expect(await failureOf(keyed)).toContain(`Unknown option \`${name}\` of withApiKey.`);
    },
  );

  it("the gate's options are accepted for API keys too", async () => {
    const gate = fromGate({ WorkloadAccessToken: 'token', OAuth2CallbackUrl: callbackUrl });
    const tool = withApiKey(() => ({ ...unused, ...gate }))(() => 0);
    await expect(tool()).rejects.toThrow('a request was sent');
  });
});

it.each(['scopes', 'resources', 'audiences'] as const)('rejects %s if it is one string', async (name) => {
  const options = { ...own, [name]: 'calendar.read' };
  const failure: unknown = await getAccessToken(options).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ConfigurationError);
  expect(String(failure)).toContain(`\`${name}\` of getAccessToken must be a collection of strings`);
});
