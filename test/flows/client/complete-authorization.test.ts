/** `completeAuthorization`: an application handles a browser that came to its return URL. */
import {
  AuthorizationReturnError,
  completeAuthorization,
  ConfigurationError,
  getAccessToken,
  type AuthorizationReturnParameter,
  type AuthorizationReturnReason,
  type ConsentRequiredError,
  type BrowserSession,
} from '../../../lib/client/index';
import { declineConsent } from '../support/provider';
import { Browser } from '../support/browser';
import { World, type TestAgent } from '../support/world';
import { federated, identityClient } from './agent-code';

const world = World.ofFile();

const STATE = 'state-of-this-browser';

/** A consent after which the user's browser returns to the application. */
async function returned(userId: string, customState: string | undefined = STATE) {
  const agent = await world.agent();
  const workloadIdentityToken = await agent.token({ userId });
  const options = { ...federated(world, agent), workloadIdentityToken, customState };
  const required = await getAccessToken(options).catch((error: unknown) => error as ConsentRequiredError);
  const { authorizationUrl } = required as ConsentRequiredError;
  return { agent, options, authorizationUrl, url: await agent.consent(authorizationUrl, userId) };
}

const complete = (url: string | URL | URLSearchParams, session?: BrowserSession) =>
  completeAuthorization({ identity: identityClient(world), url, browserSession: () => session });

type Refusal = Exclude<AuthorizationReturnReason, 'malformed'> | `malformed: ${AuthorizationReturnParameter}`;

/** The message names the parameter that is malformed. */
function refusal(stated: Refusal) {
  const [reason, parameter] = stated.split(': ');
  const named = parameter !== undefined && {
    message: expect.stringContaining(`parameter ${parameter} of the return URL`) as string,
  };
  return { name: 'AuthorizationReturnError', reason, parameter, ...named };
}

const hasToken = async (agent: TestAgent, userId: string): Promise<boolean> =>
  (await agent.ask(await agent.token({ userId }))).accessToken !== undefined;

it('completes for the user of the live browser session, and returns the used state', async () => {
  const { options, url } = await returned('ana');
  const browserSession = { user: { userId: 'ana' }, states: ['another-tab', STATE] };
  // As in Node.js, without the origin.
  const completed = await complete(`${url.pathname}${url.search}`, browserSession);
  expect(completed).toEqual({ state: STATE });
  expect(await getAccessToken(options)).toBe(world.provider.exchanges.at(-1)?.answer.access_token);
});

it('completes for a user who is identified by a user token', async () => {
  const agent = await world.agent();
  const workloadIdentityToken = await agent.token({ userToken: await world.issuer.token('ana') });
  const options = { ...federated(world, agent), workloadIdentityToken, customState: STATE };
  const { authorizationUrl } = (await getAccessToken(options).catch(
    (error: unknown) => error,
  )) as ConsentRequiredError;
  const url = await agent.consent(authorizationUrl);
  const userToken = await world.issuer.token('ana');
  await complete(url.searchParams, { user: { userToken }, states: new Set([STATE]) });
  expect(await getAccessToken(options)).toEqual(expect.any(String));
});

it('leaves the check of the user to the service, which ends the session for the wrong user', async () => {
  const { agent, url } = await returned('ana');
  const wrong = complete(url, { user: { userId: 'mallory' }, states: [STATE] });
  await expect(wrong).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect(await hasToken(agent, 'ana')).toBe(false);
  const late = complete(url, { user: { userId: 'ana' }, states: [STATE] });
  await expect(late).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect(await hasToken(agent, 'ana')).toBe(false);
});

it('rejects the return if no user is signed in, and completes after the sign-in', async () => {
  const { agent, url } = await returned('ana');
  await expect(complete(url)).rejects.toMatchObject(refusal('sign-in-needed'));
  expect(await hasToken(agent, 'ana')).toBe(false);
  await complete(url, { user: { userId: 'ana' }, states: [STATE] });
});

describe('rejects, without a request to the service,', () => {
  let url: URL;
  let agent: TestAgent;
  beforeAll(async () => {
    ({ url, agent } = await returned('ana'));
  });

  const changed = (change: (query: URLSearchParams) => void): URLSearchParams => {
    const query = new URLSearchParams(url.search);
    change(query);
    return query;
  };

  it.each<[string, Refusal, (query: URLSearchParams) => void]>([
    ['a changed state', 'not-this-browser', (query) => query.set('state', `${STATE}x`)],
    ['a state in different case', 'not-this-browser', (query) => query.set('state', STATE.toUpperCase())],
    ['no state', 'state-missing', (query) => query.delete('state')],
    ['an empty state', 'malformed: state', (query) => query.set('state', '')],
    ['two states', 'malformed: state', (query) => query.append('state', STATE)],
    ['a state that is too long', 'malformed: state', (query) => query.set('state', 'x'.repeat(4097))],
    ['no session', 'malformed: session_id', (query) => query.delete('session_id')],
    [
      'two sessions',
      'malformed: session_id',
      (query) => query.append('session_id', query.get('session_id') ?? ''),
    ],
    ['a malformed session', 'malformed: session_id', (query) => query.set('session_id', 'urn:example:1')],
    ['a session with extra characters', 'malformed: session_id', (query) => query.append('session_id', 'x')],
    [
      'a session with a line break',
      'malformed: session_id',
      (query) => query.set('session_id', `${query.get('session_id') ?? ''}\n`),
    ],
  ])('%s', async (_, reason, change) => {
    const before = (await world.audit()).length;
    const attempt = complete(changed(change), { user: { userId: 'ana' }, states: [STATE] });
    await expect(attempt).rejects.toMatchObject(refusal(reason));
    expect(await world.audit()).toHaveLength(before);
  });

  it('a return URL that is not valid', async () => {
    const attempt = complete('http://', { user: { userId: 'ana' }, states: [STATE] });
    await expect(attempt).rejects.toMatchObject(refusal('malformed: session_id'));
  });

  it('a return in a browser session that has no state', async () => {
    const attempt = complete(url, { user: { userId: 'ana' }, states: [] });
    await expect(attempt).rejects.toMatchObject(refusal('not-this-browser'));
  });

  it('states that are one string', async () => {
    // @ts-expect-error A string is not a collection of states.
    const session: BrowserSession = { user: { userId: 'ana' }, states: STATE };
    const attempt = complete(
      changed((query) => query.set('state', 's')),
      session,
    );
    await expect(attempt).rejects.toBeInstanceOf(ConfigurationError);
    await expect(attempt).rejects.toThrow('`states` of browserSession must be a collection of strings');
  });

  it('and stores no grant', async () => {
    expect(await hasToken(agent, 'ana')).toBe(false);
  });
});

it("reports that the user declined, with the provider's error code, only in the same browser", async () => {
  const agent = await world.agent();
  const workloadIdentityToken = await agent.token({ userId: 'ana' });
  const options = { ...federated(world, agent), workloadIdentityToken, customState: STATE };
  const { authorizationUrl } = (await getAccessToken(options).catch(
    (error: unknown) => error,
  )) as ConsentRequiredError;
  const page = await declineConsent(new Browser(), authorizationUrl, 'http://127.0.0.1:9/');
  const link = /href="(http:\/\/127\.0\.0\.1:9\/[^"]*)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&') ?? '';
  await expect(complete(link, { user: { userId: 'ana' }, states: [] })).rejects.toMatchObject(
    refusal('not-this-browser'),
  );
  const declined = await complete(link, { user: { userId: 'ana' }, states: [STATE] }).catch(
    (error: unknown) => error,
  );
  expect(declined).toBeInstanceOf(AuthorizationReturnError);
  expect(declined).toMatchObject({ ...refusal('declined'), state: STATE, providerError: 'access_denied' });
});

it('completes only once', async () => {
  const { url } = await returned('ana');
  const session = { user: { userId: 'ana' }, states: [STATE] };
  await complete(url, session);
  await expect(complete(url, session)).rejects.toMatchObject({ name: 'AccessDeniedException' });
});
