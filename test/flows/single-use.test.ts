/** Acceptance scenarios 10, 11 and 13: each step works once, in the same browser, for 10 minutes; a declined session stays declined. */
import { Browser } from './support/browser';
import { moveClock } from './support/clock';
import { declineConsent, signInAndConsent } from './support/provider';
import { World, type TestAgent } from './support/world';

const world = World.ofFile();

/** Consents at the provider but stops before the response reaches the service. */
async function authorizationResponseOf(
  agent: TestAgent,
  authorizationUrl: string | undefined,
  browser: Browser,
  login = 'ana',
) {
  return (await signInAndConsent(browser, authorizationUrl ?? '', login, agent.callbackUrl)).url;
}

/** The response reaches the service, which redirects the browser to the application. */
async function returned(browser: Browser, answer: string): Promise<URL> {
  const { status, headers } = await browser.step(answer);
  expect(status).toBe(302);
  return new URL(headers.get('location') ?? '');
}

async function begun(login = 'ana') {
  const agent = await world.agent();
  const token = await agent.token({ userId: login });
  return { agent, token, browser: new Browser(), ...(await agent.ask(token)) };
}

const refusal = { name: 'AccessDeniedException', message: 'Invalid or expired session' };

it('completes a session only once', async () => {
  const { agent, authorizationUrl } = await begun();
  const back = await agent.consent(authorizationUrl);
  const ends = await Promise.allSettled(
    Array.from({ length: 6 }, () => agent.complete(back, { userId: 'ana' })),
  );
  expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await expect(agent.complete(back, { userId: 'ana' })).rejects.toMatchObject(refusal);
  const code = world.provider.exchanges.at(-1)?.request.get('code');
  expect(world.provider.exchanges.filter(({ request }) => request.get('code') === code)).toHaveLength(1);
});

it('accepts a callback only once', async () => {
  const { agent, token, authorizationUrl, browser } = await begun();
  const answer = await authorizationResponseOf(agent, authorizationUrl, browser);
  const back = await returned(browser, answer);
  const replayed = await browser.step(answer);
  expect([replayed.status, replayed.headers.get('location')]).toEqual([409, null]);
  expect(replayed.html).not.toContain('session_id');
  const elsewhere = await new Browser().step(answer);
  expect(elsewhere.status).toBe(400);
  expect(elsewhere.html).toContain('could not be verified');
  await agent.complete(back, { userId: 'ana' });
  expect((await agent.ask(token)).accessToken).toEqual(expect.any(String));
});

describe("a callback that does not belong to this browser's request is rejected, and the right one still works", () => {
  it.each([
    ['without state', (url: URL) => url.searchParams.delete('state')],
    ['with an invented state', (url: URL) => url.searchParams.set('state', 'made-up.state')],
    [
      "with this session's handle and another secret",
      (url: URL) =>
        url.searchParams.set('state', `${(url.searchParams.get('state') ?? '').split('.')[0] ?? ''}.another`),
    ],
    [
      'with the state twice',
      (url: URL) => url.searchParams.append('state', url.searchParams.get('state') ?? ''),
    ],
    ['with another issuer', (url: URL) => url.searchParams.set('iss', 'https://attacker.example')],
    ['without the issuer of a server that always sends it', (url: URL) => url.searchParams.delete('iss')],
    ['with a code and an error', (url: URL) => url.searchParams.set('error', 'access_denied')],
    ['with neither code nor error', (url: URL) => url.searchParams.delete('code')],
    ['with the code twice', (url: URL) => url.searchParams.append('code', 'another')],
  ])('%s', async (_, change) => {
    const { agent, authorizationUrl, browser } = await begun();
    const answer = await authorizationResponseOf(agent, authorizationUrl, browser);
    const wrong = new URL(answer);
    change(wrong);
    const page = await browser.step(wrong.href);
    expect([page.status, page.headers.get('location')]).toEqual([400, null]);
    await agent.complete(await returned(browser, answer), { userId: 'ana' });
  });

  it('in another browser', async () => {
    const { agent, authorizationUrl, browser } = await begun();
    const answer = await authorizationResponseOf(agent, authorizationUrl, browser);
    expect((await new Browser().step(answer)).status).toBe(400);
    await agent.complete(await returned(browser, answer), { userId: 'ana' });
  });

  it("with another session's state", async () => {
    const [one, two] = [await begun(), await begun('ben')];
    const first = new URL(await authorizationResponseOf(one.agent, one.authorizationUrl, one.browser));
    const second = new URL(
      await authorizationResponseOf(two.agent, two.authorizationUrl, one.browser, 'ben'),
    );
    const crossed = new URL(first);
    crossed.searchParams.set('state', second.searchParams.get('state') ?? '');
    expect((await one.browser.step(crossed.href)).status).toBe(400);
    expect((await one.browser.step(first.href)).status).toBe(302);
    expect((await one.browser.step(second.href)).status).toBe(302);
  });

  it("at another provider's callback URL", async () => {
    const { agent, authorizationUrl, browser } = await begun();
    const other = await world.agent();
    const answer = await authorizationResponseOf(agent, authorizationUrl, browser);
    const misdirected = answer.replace(agent.callbackUrl, other.callbackUrl);
    expect((await browser.step(misdirected)).status).toBe(400);
    expect((await browser.step(answer)).status).toBe(302);
  });

  it('for an earlier opening of the link', async () => {
    const { agent, authorizationUrl, browser } = await begun();
    const stale = await authorizationResponseOf(agent, authorizationUrl, browser);
    const answer = await authorizationResponseOf(agent, authorizationUrl, browser);
    expect((await browser.step(stale)).status).toBe(400);
    expect((await browser.step(answer)).status).toBe(302);
  });
});

it('sets a declined session to FAILED, shows a page about it, and never returns a token', async () => {
  const { agent, token, authorizationUrl, sessionUri, browser } = await begun();
  const answer = await declineConsent(browser, authorizationUrl ?? '', agent.callbackUrl);
  const page = await browser.step(answer.url);
  expect(page.status).toBe(200);
  expect(page.html).toContain('Access was not granted');
  expect(page.html).toContain('error=access_denied');
  expect((await browser.step(answer.url)).html).toContain('Access was not granted');
  expect((await new Browser().step(answer.url)).html).toContain('could not be verified');
  expect(await agent.ask(token, { sessionUri })).toMatchObject({ sessionStatus: 'FAILED' });
  await expect(agent.complete(sessionUri, { userId: 'ana' })).rejects.toMatchObject(refusal);
  const again = await agent.ask(token);
  expect(again).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
  expect(again.sessionUri).not.toBe(sessionUri);
});

describe('after the agent is deleted', () => {
  const remove = ({ name }: TestAgent) => world.control().deleteWorkloadIdentity({ name });

  it('the link says that it is no longer valid', async () => {
    const { agent, authorizationUrl, browser } = await begun();
    await remove(agent);
    const page = await browser.step(authorizationUrl ?? '');
    expect([page.status, page.html]).toEqual([410, expect.stringContaining('This link is no longer valid')]);
    expect((await world.audit()).at(-1)).toMatchObject({
      operation: 'Authorize',
      outcome: 'denied',
      reason: 'the workload identity was deleted',
    });
  });

  it('the callback returns 410 when the keys are no longer cached', async () => {
    const { agent, authorizationUrl, browser } = await begun();
    const answer = await authorizationResponseOf(agent, authorizationUrl, browser);
    await remove(agent);
    moveClock(301);
    expect((await browser.step(answer)).status).toBe(410);
  });
});

describe('after 10 minutes', () => {
  it('Complete is rejected, and a poll returns FAILED', async () => {
    const { agent, token, authorizationUrl, sessionUri } = await begun();
    const back = await agent.consent(authorizationUrl);
    moveClock(601);
    await expect(agent.complete(back, { userId: 'ana' })).rejects.toMatchObject(refusal);
    expect(await agent.ask(token, { sessionUri })).toMatchObject({ sessionStatus: 'FAILED' });
  });
});
