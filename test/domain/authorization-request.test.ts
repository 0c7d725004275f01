/** The parameters of the authorization request, and the URL that contains them. */
import { createHash } from 'node:crypto';
import {
  authorizationParameters,
  authorizationUrl,
  pushedParameters,
} from '../../lambda/domain/consent/authorization-request';
import type { SealedRequest } from '../../lambda/domain/consent/session';
import { sampleSession } from './samples';

const REDIRECT = 'https://identity.example/identities/oauth2/callback/1';
const BINDING = { state: 'the-state', codeVerifier: 'the-verifier' };

type Change = Partial<ReturnType<typeof sampleSession>['authorization']>;

function parametersOf(change: Change = {}, sealed: Partial<SealedRequest> = {}, scopes = ['a', 'b']) {
  const sample = sampleSession();
  const session = { ...sample, scopes, authorization: { ...sample.authorization, ...change } };
  return authorizationParameters(session, { id: 'id', ...sealed }, REDIRECT, BINDING);
}

it('the parameters are the parameters of a code request, with a challenge and with resources and audiences', () => {
  expect([...parametersOf()]).toEqual([
    ['response_type', 'code'],
    ['client_id', 'agents'],
    ['redirect_uri', REDIRECT],
    ['state', 'the-state'],
    ['code_challenge', createHash('sha256').update('the-verifier').digest('base64url')],
    ['code_challenge_method', 'S256'],
    ['scope', 'a b'],
    ['resource', 'https://calendar.example'],
  ]);
});

it('the parameters contain no challenge if the server accepts none, and no scope if none is requested', () => {
  const names = [...parametersOf({ pkce: false }, {}, []).keys()];
  expect(names).toEqual(['response_type', 'client_id', 'redirect_uri', 'state', 'resource']);
});

it("the parameters contain the scopes with the vendor's separator", () => {
  expect(parametersOf({ scopeSeparator: ',' }).get('scope')).toBe('a,b');
});

it("the agent's custom parameters replace the vendor's parameters", () => {
  const parameters = parametersOf(
    { parameters: { prompt: 'consent', access_type: 'offline' } },
    { customParameters: { prompt: 'login' } },
  );
  expect(parameters.getAll('prompt')).toEqual(['login']);
  expect(parameters.get('access_type')).toBe('offline');
});

it.each([
  ...['response_type', 'client_id', 'redirect_uri', 'state', 'scope', 'resource', 'audience'],
  ...['code_challenge', 'code_challenge_method', 'response_mode', 'request', 'request_uri', 'nonce'],
  ...['authorization_details', 'authorization.details', 'Authorization_Details', 'response.mode'],
  ...['Client_Id', 'redirect.uri', 'redirect uri', 'redirect[uri', 'scope[]', ' state', 'STATE'],
])("the agent's custom parameter %s is never used", (name) => {
  const customParameters = { [name]: 'attacker' };
  expect(parametersOf({ pkce: true }, { customParameters }).getAll(name)).not.toContain('attacker');
  expect(parametersOf({ pkce: false }, { customParameters }, []).getAll(name)).not.toContain('attacker');
  const session = sampleSession({ resources: [], audiences: [] });
  const wide = authorizationParameters(session, { id: 'id', customParameters }, REDIRECT, BINDING);
  expect(wide.getAll(name)).not.toContain('attacker');
});

describe('the authorization URL', () => {
  const given = new URLSearchParams([
    ['client_id', 'agents'],
    ['resource', 'https://a.example'],
    ['resource', 'https://b.example'],
  ]);

  it("keeps the endpoint's query in addition to given parameters, including repeated ones", () => {
    const { searchParams } = new URL(authorizationUrl('https://provider.example/authorize?tenant=1', given));
    expect([...searchParams]).toEqual([['tenant', '1'], ...given]);
  });

  it('drops query parameters of the endpoint that are also given, or that would change the meaning of the request', () => {
    const endpoint =
      'https://provider.example/authorize?client_id=x&resource=x&request_uri=x&response_mode=x';
    expect([...new URL(authorizationUrl(endpoint, given)).searchParams]).toEqual([...given]);
  });

  it.each([
    ...['Resource', 'RESOURCE', 'resource[]', 'resource%5B0%5D', '%20resource', 'client.id', 'Client_Id'],
    ...['client%20id', 'client%5Bid', 'redirect.uri', 'Redirect_Uri', 'STATE', 'Response_Type', 'scope[]'],
    ...['SCOPE', 'Scope', 'audience[]', 'Request', 'request.uri', 'response.mode', 'code.challenge'],
    ...[
      'authorization_details',
      'authorization.details',
      'Authorization_Details',
      'user_scope',
      'user.scope',
    ],
    ...['optional_scope', 'Optional_Scope', 'client_secret', 'dpop_jkt', 'Dpop.Jkt', 'ſcope', 'Prompt.Hint'],
  ])('drops a query parameter of the endpoint that a server can read as another one: %s', (name) => {
    const parameters = new URLSearchParams([...given, ['prompt_hint', 'ours']]);
    const endpoint = `https://provider.example/authorize?tenant=1&${name}=attacker`;
    const location = new URL(authorizationUrl(endpoint, parameters));
    expect([...location.searchParams]).toEqual([['tenant', '1'], ...parameters]);
    const pushed = new URL(authorizationUrl(endpoint, pushedParameters('agents', 'urn:x')));
    expect([...pushed.searchParams.values()]).toEqual(
      name === 'Prompt.Hint' ? ['1', 'attacker', 'agents', 'urn:x'] : ['1', 'agents', 'urn:x'],
    );
  });

  it('encodes a semicolon in the query of the endpoint, which some servers read as a separator', () => {
    const location = authorizationUrl('https://provider.example/authorize?tenant=1;scope=admin', given);
    expect(location).not.toContain(';');
    expect(new URL(location).searchParams.get('tenant')).toBe('1;scope=admin');
  });

  it('contains only the client ID and the request URI of a pushed request', () => {
    const location = authorizationUrl(
      'https://provider.example/authorize',
      pushedParameters('agents', 'urn:x'),
    );
    expect(location).toBe('https://provider.example/authorize?client_id=agents&request_uri=urn%3Ax');
  });
});
