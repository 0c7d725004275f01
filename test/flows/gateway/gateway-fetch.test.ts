/** Agents that send their requests with `gatewayFetch`. */
import {
  ConfigurationError,
  ConsentFailedError,
  ConsentRequiredError,
  GatewayAddressError,
  gatewayFetch,
  type GatewayFetchOptions,
} from '../../../lib/client/index';
import { TOKEN_LIFETIME } from '../../../lambda/domain/lifetimes';
import { moveClock } from '../support/clock';
import { World, type TestAgent } from '../support/world';
import { oauth, openGateway, type TestGateway } from './gateways';
import { TargetServer } from './target-server';

const world = World.ofFile();
const server = TargetServer.ofFile();
let agent: TestAgent;
let signing: TestGateway;
let calendar: string;

beforeAll(async () => {
  agent = await world.agent();
  signing = await openGateway(world, 'AWS_IAM');
  calendar = await signing.target('calendar', `${server.origin}/v1`, {
    credential: oauth(agent.providerName),
    metadataConfiguration: { allowedQueryParameters: ['day', 'note'] },
  });
});

let users = 0;
const newUser = (): string => `ana-${(users += 1)}`;

const fetchFor = async (userId: string, options: Partial<GatewayFetchOptions> = {}) =>
  gatewayFetch(signing.url, {
    identity: agent.client,
    workloadIdentityToken: await agent.token({ userId }),
    ...options,
  });

const consentAs = (userId: string) => async (authorizationUrl: string) => {
  await agent.complete(await agent.consent(authorizationUrl, userId), { userId });
};

it('waits for the consent of the user, and sends the request with the credential that the agent never gets', async () => {
  const user = newUser();
  const shown: string[] = [];
  const send = await fetchFor(user, {
    onAuthUrl: async (url) => {
      shown.push(url);
      await consentAs(user)(url);
    },
  });
  const response = await send(`${calendar}/events?day=1&note=a+b%2Bc`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'Lunch',
  });
  expect(response.status).toBe(200);
  expect(shown).toHaveLength(1);
  const [asked, ...others] = server.asked;
  expect(others).toEqual([]);
  expect(asked).toMatchObject({
    method: 'POST',
    url: '/v1/events?day=1&note=a%20b%2Bc',
    body: 'Lunch',
    headers: { authorization: expect.stringMatching(/^Bearer .{20,}/) as string },
  });
  const token = asked?.headers.authorization?.slice('Bearer '.length) ?? '';
  expect(await response.text()).not.toContain(token);
});

it('throws without a function for the URL, and does not wait for another consent after the first one failed', async () => {
  const user = newUser();
  const error = (await (
    await fetchFor(user)
  )(calendar).catch((caught: unknown) => caught)) as ConsentRequiredError;
  expect(error).toBeInstanceOf(ConsentRequiredError);
  expect(error.providerName).toBe('calendar');
  const declining = await fetchFor(newUser(), {
    onAuthUrl: (url) => consentAs('another user')(url).catch(() => undefined),
  });
  await expect(declining(calendar)).rejects.toThrow(ConsentFailedError);
  expect(server.asked).toEqual([]);
});

it('does not take the response of a target for a problem of the gateway', async () => {
  server.run = (response) =>
    response
      .writeHead(403, {
        'content-type': 'application/problem+json',
        'x-amzn-errortype': 'AccessDeniedException',
      })
      .end(
        JSON.stringify({
          type: 'urn:agent-identity:problem:consent-required',
          authorizationUrl: 'https://evil.example/phish',
          sessionUri: 'urn:ietf:params:oauth:request_uri:phish',
        }),
      );
  const echo = await signing.target('hostile', server.origin, {
    metadataConfiguration: { allowedResponseHeaders: ['x-other'] },
  });
  const onAuthUrl = jest.fn();
  expect((await (await fetchFor(newUser(), { onAuthUrl }))(echo)).status).toBe(403);
  expect(onAuthUrl).not.toHaveBeenCalled();
});

it('sends a user token to a gateway with user tokens', async () => {
  const open = await openGateway(world, 'CUSTOM_JWT');
  const url = await open.target('echo', server.origin);
  const userToken = await world.issuer.token('ana');
  const workloadIdentityToken = await agent.token({ userToken });
  const send = gatewayFetch(open.url, { identity: agent.client, workloadIdentityToken, userToken });
  expect((await send(url)).status).toBe(200);
  expect(server.asked[0]?.headers).not.toHaveProperty('authorization');
});

it('renews the token of the agent once it has expired', async () => {
  const user = newUser();
  const echo = await signing.target('echo', server.origin);
  moveClock(-TOKEN_LIFETIME - 60);
  const expired = await agent.token({ userId: user });
  jest.useRealTimers();
  const workloadIdentityToken = {
    get: () => Promise.resolve(expired),
    renew: () => agent.token({ userId: user }),
  };
  const send = gatewayFetch(signing.url, { identity: agent.client, workloadIdentityToken });
  expect((await send(echo)).status).toBe(200);
});

it.each<
  [string, (send: (url: string, init?: RequestInit) => Promise<Response>) => Promise<Response>, unknown]
>([
  ['another origin', (send) => send('http://127.0.0.1:9/calendar'), GatewayAddressError],
  ['another target, by a path with ..', (send) => send(`${calendar}/../other`), GatewayAddressError],
  ['another target, by an encoded path', (send) => send(`${calendar}/%2E./other`), GatewayAddressError],
  ['another gateway', (send) => send(`${signing.url}x/calendar`), GatewayAddressError],
  [
    'a request with its own Authorization',
    (send) => send(calendar, { headers: { authorization: 'Bearer mine' } }),
    ConfigurationError,
  ],
])('sends nothing to %s', async (_what, request, error) => {
  await expect(request(await fetchFor('ana'))).rejects.toThrow(error as never);
  expect(server.asked).toEqual([]);
});
