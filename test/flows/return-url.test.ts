/** Acceptance scenarios 6 and 7: the return URL must match a registered one exactly, and returns the application's own parameters. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RETURN_URL, World } from './support/world';

const world = World.ofFile();

async function sessionsWritten(): Promise<number> {
  const folder = join(world.dataDir, 'dynamodb');
  const files = await Promise.all(
    (await readdir(folder)).map((file) => readFile(join(folder, file), 'latin1').catch(() => '')),
  );
  return files.join('').split('SESSION#').length;
}

it.each([
  ['no return URL', undefined, /must provide a ResourceOauth2ReturnUrl/],
  [
    'a prefix',
    'http://127.0.0.1:9/connected',
    /^The ResourceOauth2ReturnUrl "http:\/\/127\.0\.0\.1:9\/connected" is not registered on arn:\S+\. Register it, or use exactly a registered one: "http:\/\/127\.0\.0\.1:9\/connected\?from=test"\.$/,
  ],
  ['another host', 'http://127.0.0.1:99/connected?from=test', /not registered/],
])('rejects %s with a reason, and creates no session', async (_, resourceOauth2ReturnUrl, message) => {
  const agent = await world.agent();
  const token = await agent.token({ userId: 'ana' });
  const before = await sessionsWritten();
  await expect(agent.ask(token, { resourceOauth2ReturnUrl })).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(message) as string,
    reason: 'FieldValidationFailed',
    $metadata: { httpStatusCode: 400, attempts: 1 },
  });
  expect(await sessionsWritten()).toBe(before);
});

describe('a return URL that is removed while a link is open', () => {
  const ANOTHER = 'http://127.0.0.1:9/elsewhere';

  async function takenAway() {
    const agent = await world.agent();
    const token = await agent.token({ userId: 'ana' });
    const { authorizationUrl, sessionUri } = await agent.ask(token);
    const update = () =>
      world.control().updateWorkloadIdentity({
        name: agent.name,
        allowedResourceOauth2ReturnUrls: [ANOTHER],
      });
    return { agent, token, authorizationUrl, sessionUri, update };
  }

  it('is rejected like any other, and the link is not returned again', async () => {
    const { agent, token, sessionUri, update } = await takenAway();
    await update();
    await expect(agent.ask(token)).rejects.toThrow(/not registered/);
    const without = { resourceOauth2ReturnUrl: undefined };
    await expect(agent.ask(token, without)).rejects.toThrow(/must provide a ResourceOauth2ReturnUrl/);
    expect(await agent.ask(token, { sessionUri })).toMatchObject({ sessionStatus: 'FAILED' });
    const again = await agent.ask(token, { resourceOauth2ReturnUrl: ANOTHER });
    expect(again.sessionUri).not.toBe(sessionUri);
  });

  it('cannot complete, because the new owner of the URL might have seen the session_id', async () => {
    const { agent, token, authorizationUrl, update } = await takenAway();
    const back = await agent.consent(authorizationUrl);
    await update();
    await expect(agent.complete(back, { userId: 'ana' })).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: 'Invalid or expired session',
    });
    const again = await agent.ask(token, { resourceOauth2ReturnUrl: ANOTHER });
    expect(again).not.toHaveProperty('accessToken');
  });
});

it('returns an explanation if the workload identity has no registered return URL', async () => {
  const agent = await world.agent('agent', []);
  await expect(agent.ask(await agent.token({ userId: 'ana' }))).rejects.toMatchObject({
    name: 'ValidationException',
    message:
      'You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow',
  });
});

it('returns customState unchanged as `state` with session_id, and keeps the existing query', async () => {
  const agent = await world.agent();
  const customState = 'a b&c=d#e?f/ü"%25+';
  const { authorizationUrl } = await agent.ask(await agent.token({ userId: 'ana' }), {
    customState,
  });
  const back = await agent.consent(authorizationUrl);
  expect(back.href.startsWith(`${RETURN_URL}&session_id=`)).toBe(true);
  expect(Object.fromEntries(back.searchParams)).toEqual({
    from: 'test',
    session_id: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:[\w.-]+$/) as string,
    state: customState,
  });
});

it('adds customParameters to the authorization request; none overrides a standard parameter', async () => {
  const agent = await world.agent();
  const customParameters = {
    prompt: 'consent',
    access_type: 'offline',
    redirect_uri: 'https://attacker.example/',
    client_id: 'another',
    response_type: 'token',
    response_mode: 'fragment',
    scope: 'everything',
    state: 'fixed',
    code_challenge: 'weak',
    code_challenge_method: 'plain',
    nonce: 'unchecked',
    request_uri: 'urn:elsewhere',
  };
  const { authorizationUrl = '' } = await agent.ask(await agent.token({ userId: 'ana' }), {
    customParameters,
  });
  const response = await fetch(authorizationUrl, { redirect: 'manual' });
  const sent = world.provider.requestAt(response.headers.get('location'));
  expect(sent.get('prompt')).toBe('consent');
  expect(sent.get('access_type')).toBe('offline');
  expect(sent.getAll('redirect_uri')).toEqual([agent.callbackUrl]);
  expect(sent.getAll('client_id')).toEqual([world.provider.clientId]);
  expect(sent.getAll('response_type')).toEqual(['code']);
  expect(sent.getAll('scope')).toEqual(['openid a']);
  expect(sent.getAll('code_challenge_method')).toEqual(['S256']);
  expect(sent.get('code_challenge')).toMatch(/^[\w-]{43}$/);
  expect(sent.get('state')).not.toBe('fixed');
  for (const name of ['response_mode', 'nonce', 'request_uri']) expect(sent.has(name)).toBe(false);
});
