/**
 * The largest request of each operation succeeds, and a larger one returns a 400 that names the member. No request causes
 * a 500 or a link that cannot be opened.
 */
import { authorizerFor } from './support/authorizer';
import { Browser } from './support/browser';
import { signInAndConsent } from './support/provider';
import { RETURN_URL, World } from './support/world';
import { isJsonOperation } from '../../lambda/operations';
import { casesOfOperation } from '../../scripts/aws-model/cases';
import { MODELLED_OPERATIONS } from '../../scripts/aws-model/service-model';

const world = World.ofFile();

/** A character with four bytes in UTF-8. */
const WIDE = '\u{1F511}';
const many = <Item>(count: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => item(index));

const returnUrl = (index: number): string => `https://app.example/${index}/`.padEnd(2048, 'a');
const tags = Object.fromEntries(many(50, (index) => [`${index}-`.padEnd(128, 'a'), 'a'.repeat(256)]));
const discoveryUrl = (length: number): string => {
  const end = '/.well-known/openid-configuration';
  return 'https://idp.example/'.padEnd(length - end.length, 'a') + end;
};

const authorizer = (audiences: number) => ({
  customJWTAuthorizer: {
    discoveryUrl: discoveryUrl(2048),
    allowedAudience: many(audiences, (index) => `${index}`.padEnd(512, 'a')),
    allowedClients: many(50, (index) => `${index}`.padEnd(512, 'a')),
    customClaims: many(2, () => ({
      inboundTokenClaimName: 'a'.repeat(255),
      inboundTokenClaimValueType: 'STRING_ARRAY',
      authorizingClaimMatchValue: {
        claimMatchOperator: 'CONTAINS_ANY',
        claimMatchValue: { matchValueStringList: many(20, (index) => `${index}`.padEnd(255, 'a')) },
      },
    })),
  },
});

const server = {
  issuer: 'https://idp.example/'.padEnd(2048, 'a'),
  authorizationEndpoint: 'https://idp.example/authorize/'.padEnd(2048, 'a'),
  tokenEndpoint: 'https://idp.example/token/'.padEnd(2048, 'a'),
  responseTypes: ['code', ...many(9, () => WIDE.repeat(128))],
};
const clientSecret = WIDE.repeat(2048);
const provider = (name: string, custom: object) => ({
  name,
  credentialProviderVendor: 'CustomOauth2',
  oauth2ProviderConfigInput: {
    customOauth2ProviderConfig: { clientId: WIDE.repeat(256), clientSecret, ...custom },
  },
});

const json = (text: string): { fieldList?: { name: string; message: string }[] } =>
  JSON.parse(text) as { fieldList?: { name: string; message: string }[] };

/** @returns the status, and the members that an error names */
async function outcome(operation: string, input: object): Promise<[number | undefined, ...string[]]> {
  const { status, body } = await world.post(operation, input);
  return [status, ...(json(body).fieldList ?? []).map(({ name }) => name)];
}

describe('a workload identity', () => {
  const name = 'largest-identity';

  it('stores the maximum of every field together, including its policy', async () => {
    const most = {
      allowedResourceOauth2ReturnUrls: many(100, returnUrl),
      authorizerConfiguration: authorizer(50),
    };
    expect(await outcome('CreateWorkloadIdentity', { name, tags, ...most })).toEqual([201]);
    const resourceArn = `arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/${name}`;
    const statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: 'bedrock-agentcore:DeleteWorkloadIdentity',
      Resource: resourceArn,
    };
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] }).padEnd(20_480, ' ');
    const control = world.control();
    await control.putResourcePolicy({ resourceArn, policy });
    await control.tagResource({ resourceArn, tags });
    expect(await outcome('GetWorkloadIdentity', { name })).toEqual([200]);
    expect(await outcome('ListWorkloadIdentities', {})).toEqual([200]);
    expect(await outcome('GetWorkloadAccessToken', { workloadName: name })).toEqual([200]);
    expect(await outcome('UpdateWorkloadIdentity', { name, ...most })).toEqual([200]);
  });

  it('rejects return URLs and authorizer configurations over their limits', async () => {
    const refused = (input: object) => outcome('CreateWorkloadIdentity', { name: 'too-large', ...input });
    const urls = 'allowedResourceOauth2ReturnUrls';
    expect(await refused({ [urls]: many(300, returnUrl) })).toEqual([400, urls]);
    const member = 'authorizerConfiguration';
    expect(
      await refused({ [member]: authorizerFor(world.issuer, { discoveryUrl: discoveryUrl(500_000) }) }),
    ).toEqual([400, `${member}.customJWTAuthorizer.discoveryUrl`, member]);
    const audience = many(50, () => WIDE.repeat(256));
    expect(
      await refused({
        [member]: authorizerFor(world.issuer, { allowedAudience: audience, allowedClients: audience }),
      }),
    ).toEqual([400, member]);
  });

  it.each([
    ['a control character', 'https://app.example/\u0001'],
    ['a character beyond Latin-1', 'https://app.example/→'],
    ['a character of Latin-1', 'https://app.example/ü'],
    ['a delete character', 'https://app.example/\u007f'],
    ['a scheme that no URL has', 'my_app://back'],
    ['no host where there must be one', 'https://[/'],
  ])('rejects a return URL with %s', async (_what, url) => {
    const urls = [RETURN_URL, url];
    const field = 'allowedResourceOauth2ReturnUrls.1';
    expect(
      await outcome('CreateWorkloadIdentity', { name: 'way-back', allowedResourceOauth2ReturnUrls: urls }),
    ).toEqual([400, field]);
    const { name: existing } = await world.agent();
    expect(
      await outcome('UpdateWorkloadIdentity', { name: existing, allowedResourceOauth2ReturnUrls: urls }),
    ).toEqual([400, field]);
  });

  it.each([
    ['aws:team', 'blue'],
    ['AWS:team', 'blue'],
    ['team\n', 'blue'],
    ['team', 'blue\u001f'],
    ['team', 'blue\t'],
  ])('rejects a tag %j with the value %j', async (key, value) => {
    const [status, field] = await outcome('CreateWorkloadIdentity', {
      name: 'tagged',
      tags: { [key]: value },
    });
    expect([status, field]).toEqual([400, `tags.${key}`]);
  });
});

describe('a credential provider', () => {
  it.each([
    ['discovered', { oauthDiscovery: { discoveryUrl: discoveryUrl(2048) } }],
    [
      'stated, with everything that it can have',
      {
        oauthDiscovery: { authorizationServerMetadata: server },
        onBehalfOfTokenExchangeConfig: {
          grantType: 'TOKEN_EXCHANGE',
          tokenExchangeGrantTypeConfig: {
            actorTokenContent: 'M2M',
            actorTokenScopes: many(100, (index) => `${index}-`.padEnd(128, 'a')),
          },
        },
      },
    ],
  ])('stores the maximum: %s', async (what, custom) => {
    const name = `largest-${what.slice(0, 6)}`;
    expect(await outcome('CreateOauth2CredentialProvider', { ...provider(name, custom), tags })).toEqual([
      201,
    ]);
    expect(await outcome('UpdateOauth2CredentialProvider', provider(name, custom))).toEqual([200]);
    expect(await outcome('GetOauth2CredentialProvider', { name })).toEqual([200]);
  });

  it('rejects endpoint URLs over their limits', async () => {
    const at = 'oauth2ProviderConfigInput.customOauth2ProviderConfig.oauthDiscovery';
    const refused = (oauthDiscovery: object) =>
      outcome('CreateOauth2CredentialProvider', provider('too-large', { oauthDiscovery }));
    expect(await refused({ discoveryUrl: discoveryUrl(500_000) })).toEqual([400, `${at}.discoveryUrl`]);
    for (const member of ['issuer', 'authorizationEndpoint', 'tokenEndpoint']) {
      const authorizationServerMetadata = {
        ...server,
        [member]: 'https://idp.example/'.padEnd(500_000, 'a'),
      };
      expect(await refused({ authorizationServerMetadata })).toEqual([
        400,
        `${at}.authorizationServerMetadata.${member}`,
      ]);
    }
  });

  it('returns an API key of maximum length', async () => {
    const apiKey = WIDE.repeat(65_536);
    const resourceCredentialProviderName = 'longest-key';
    await world.control().createApiKeyCredentialProvider({ name: resourceCredentialProviderName, apiKey });
    const agent = await world.agent();
    const workloadIdentityToken = await agent.token();
    const answer = await agent.client.getResourceApiKey({
      workloadIdentityToken,
      resourceCredentialProviderName,
    });
    expect(answer.apiKey === apiKey).toBe(true);
  });
});

it('redirects the browser to the longest possible return URL with state', async () => {
  const longest = returnUrl(1);
  const agent = await world.agent('agent', [longest]);
  const customState = 'a'.repeat(4096);
  const { authorizationUrl } = await agent.ask(await agent.token({ userId: 'ana' }), {
    resourceOauth2ReturnUrl: longest,
    customState,
  });
  const browser = new Browser();
  const answer = await signInAndConsent(browser, authorizationUrl ?? '', 'ana', agent.callbackUrl);
  const { status, headers } = await browser.step(answer.url);
  expect(status).toBe(302);
  const location = headers.get('location') ?? '';
  expect(new URL(location).searchParams.get('state')).toBe(customState);
  // API Gateway's limit on header fields, with room for the others.
  expect(location.length).toBeLessThan(8 * 1024);
});

describe('a token request', () => {
  const parameters = (count: number, length: number) =>
    Object.fromEntries(many(count, (index) => [`parameter-${index}`, 'a'.repeat(length)]));

  it.each([
    ['custom parameters', { customParameters: parameters(20, 180) }],
    ['one long custom parameter', { customParameters: parameters(1, 2048) }],
    ['scopes', { scopes: many(30, (index) => `${index}-`.padEnd(128, 'a')) }],
    ['resources', { resources: ['https://api.example/'.padEnd(2048, 'a')] }],
    [
      'all of them',
      {
        customParameters: parameters(10, 180),
        resources: ['https://api.example/'],
        audiences: many(20, () => 'a'),
      },
    ],
  ])('of maximum size returns a link that can be opened: %s', async (_what, ask) => {
    const agent = await world.agent();
    const resourceCredentialProviderName = 'long-endpoint';
    // Stated metadata, because a discovered server would get pushed requests and a short URL.
    const authorizationServerMetadata = { ...server, responseTypes: ['code'] };
    await world.post(
      'CreateOauth2CredentialProvider',
      provider(resourceCredentialProviderName, {
        clientId: 'a'.repeat(256),
        oauthDiscovery: { authorizationServerMetadata },
      }),
    );
    const { authorizationUrl } = await agent.ask(await agent.token({ userId: 'ana' }), {
      resourceCredentialProviderName,
      customState: 'a'.repeat(4096),
      ...ask,
    });
    const { status, headers } = await fetch(authorizationUrl ?? '', { redirect: 'manual' });
    expect(status).toBe(302);
    const location = headers.get('location') ?? '';
    expect(location.length).toBeGreaterThan(4096);
    // The longest request line that servers commonly accept.
    expect(location.length).toBeLessThan(8 * 1024);
  });

  it.each([
    ['customParameters', { customParameters: parameters(100, 2048) }],
    ['customParameters', { customParameters: parameters(20, 300) }],
    ['customParameters', { customParameters: { parameter: WIDE.repeat(1000) } }],
    ['scopes', { scopes: many(400, (index) => `${index}-`.padEnd(128, 'a')) }],
    ['scopes', { scopes: many(50, (index) => `${index}-`.padEnd(128, 'a')) }],
    ['resources', { resources: many(20, () => 'https://api.example/'.padEnd(2048, 'a')) }],
    ['audiences', { audiences: many(300, () => 'a'.repeat(2048)) }],
    ['customState', { customState: WIDE.repeat(4096) }],
    ['customState', { customState: '"'.repeat(2048), resourceOauth2ReturnUrl: returnUrl(0) }],
  ])('that does not fit into a link is rejected with the name %s', async (member, ask) => {
    const input = {
      workloadIdentityToken: 'never read',
      resourceCredentialProviderName: 'never-read',
      scopes: ['a'],
      oauth2Flow: 'USER_FEDERATION',
      ...ask,
    };
    const answer = await world.post('oauth2/token', input);
    expect([answer.status, json(answer.body).fieldList?.map(({ name }) => name)]).toEqual([400, [member]]);
    expect(await outcome('RejectResourceOauth2Token', { ...input, rejectedAccessToken: 'a' })).toEqual([
      400,
      member,
    ]);
  });
});

it('no member of the maximum size that the schema allows causes a server error', async () => {
  const failed: string[] = [];
  let tried = 0;
  const served = MODELLED_OPERATIONS.filter(
    ({ name, path }) => isJsonOperation(name) && path.startsWith('/identities/'),
  );
  for (const operation of served) {
    const largest = casesOfOperation(operation).filter(
      ({ what, verdict }) => verdict === 'accepted' && what.startsWith('maximum'),
    );
    for (const { request, place, what } of largest) {
      // A name that exists already would be rejected before the write.
      const name = place !== 'name' && 'name' in (request as object) ? { name: `walk-${(tried += 1)}` } : {};
      const { status } = await world.post(operation.path.slice('/identities/'.length), {
        ...(request as object),
        ...name,
      });
      if (status === undefined || status >= 500)
        failed.push(`${operation.name} ${place} (${what}): ${status}`);
    }
  }
  expect(failed).toEqual([]);
  expect(tried).toBeGreaterThan(40);
});
