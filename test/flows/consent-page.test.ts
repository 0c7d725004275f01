/**
 * A deployment with the consent page: the authorization URL shows the agent, the provider, and the permissions, and only
 * the browser that saw the page continues to the provider or declines.
 */
import { Browser, type Page } from './support/browser';
import { workloadArn } from './support/audited-service';
import { RETURN_URL, World, type TestAgent } from './support/world';

process.env.CONSENT_PAGE = 'true';
const world = World.ofFile();
let agent: TestAgent;
beforeEach(async () => {
  agent = await world.agent();
});

const ana = { userId: 'ana' };

async function link(): Promise<{ token: string; authorizationUrl: string; sessionUri: string }> {
  const token = await agent.token(ana);
  const { authorizationUrl = '', sessionUri = '' } = await agent.ask(token);
  return { token, authorizationUrl, sessionUri };
}

/** The address of the link to the provider. */
function continuation({ html, url }: Page): string {
  const href = /href="(authorize\?[^"]*)"/.exec(html)?.[1] ?? '';
  return new URL(href.replaceAll('&amp;', '&'), url).href;
}

const decline = (browser: Browser, page: Page): Promise<Page> => browser.submit(page, {});

const statusOf = async (sessionUri: string, token: string) =>
  (await agent.ask(token, { sessionUri })).sessionStatus;

const operations = async () =>
  (await world.audit()).map(({ operation, outcome, result }) => ({ operation, outcome, result }));

it('says who asks, at which provider, for what, and where the user returns, and changes nothing', async () => {
  const { token, authorizationUrl, sessionUri } = await link();
  await world
    .control()
    .tagResource({ resourceArn: workloadArn(agent.name), tags: { displayName: 'Too late' } });
  const page = await new Browser().step(authorizationUrl);
  expect(page.status).toBe(200);
  for (const text of [agent.name, agent.providerName, 'Know which account you use', '<code>a</code>']) {
    expect(page.html).toContain(text);
  }
  expect(page.html).toContain(new URL(RETURN_URL).origin);
  expect(page.html).not.toContain(RETURN_URL);
  expect(page.headers.get('content-security-policy')).toContain("form-action 'self'");
  expect(await statusOf(sessionUri, token)).toBe('IN_PROGRESS');
  expect((await operations()).at(-1)).toMatchObject({
    operation: 'Authorize',
    outcome: 'allowed',
    result: 'CREATED',
  });
});

it('shows the display names of the agent and the provider', async () => {
  const displayName = 'Calendar assistant';
  await world.control().tagResource({ resourceArn: workloadArn(agent.name), tags: { displayName } });
  const { html } = await new Browser().step((await link()).authorizationUrl);
  expect(html).toContain('Calendar assistant asks to use your');
  expect(html).toContain(`<code>${agent.name}</code>`);
});

it('continues to the provider, and the agent gets the credential', async () => {
  const { token, authorizationUrl } = await link();
  const browser = new Browser();
  const page = await browser.step(authorizationUrl);
  const back = await agent.consent(continuation(page), 'ana', browser);
  await agent.complete(back, ana);
  expect(await agent.ask(token)).toHaveProperty('accessToken');
});

it('shows the page again to a user at the provider, whose response is still accepted', async () => {
  const { token, authorizationUrl } = await link();
  const browser = new Browser();
  const next = continuation(await browser.step(authorizationUrl));
  const toProvider = (await browser.step(next)).headers.get('location') ?? '';
  // The same link, in the same browser: the page, not the provider.
  expect((await browser.step(authorizationUrl)).status).toBe(200);
  expect((await browser.step(next)).status).toBe(200);
  const back = await agent.consent(toProvider, 'ana', browser);
  await agent.complete(back, ana);
  expect(await agent.ask(token)).toHaveProperty('accessToken');
});

it.each([
  ['without its cookie', () => new Browser()],
  [
    'in a browser that saw the page of another session',
    async () => {
      const browser = new Browser();
      const token = await agent.token({ userId: 'ben' });
      await browser.step((await agent.ask(token)).authorizationUrl ?? '');
      return browser;
    },
  ],
])('shows the page instead of following the confirming link %s', async (_name, other) => {
  const next = continuation(await new Browser().step((await link()).authorizationUrl));
  const browser = await other();
  const page = await browser.step(next);
  expect(page.status).toBe(200);
  expect(page.html).toContain('asks to use your');
});

it('shows the page for a link with a digest that someone made up', async () => {
  const { authorizationUrl } = await link();
  const browser = new Browser();
  await browser.step(authorizationUrl);
  for (const confirm of ['', 'yes', 'A'.repeat(43)]) {
    expect((await browser.step(`${authorizationUrl}&confirm=${confirm}`)).status).toBe(200);
  }
});

describe('a user who declines', () => {
  it('ends the session as access_denied, and returns to the application with the error', async () => {
    const { token, authorizationUrl, sessionUri } = await link();
    const browser = new Browser();
    const declined = await decline(browser, await browser.step(authorizationUrl));
    expect(declined.status).toBe(200);
    expect(declined.html).toContain('Access was not granted');
    const back = new URL(
      (/href="([^"]*connected[^"]*)"/.exec(declined.html)?.[1] ?? '').replaceAll('&amp;', '&'),
    );
    expect(back.searchParams.get('error')).toBe('access_denied');
    expect(await statusOf(sessionUri, token)).toBe('FAILED');
    await expect(agent.complete(back, ana)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(
      (await operations()).filter(({ operation }) => operation === 'DeclineAuthorization'),
    ).toContainEqual({
      operation: 'DeclineAuthorization',
      outcome: 'allowed',
      result: 'FAILED',
    });
  });

  it('cannot continue with the same link afterwards', async () => {
    const { authorizationUrl } = await link();
    const browser = new Browser();
    const page = await browser.step(authorizationUrl);
    await decline(browser, page);
    expect((await browser.step(continuation(page))).status).toBe(409);
  });

  it('declines while another tab is at the provider, whose response is then rejected', async () => {
    const { token, authorizationUrl, sessionUri } = await link();
    const browser = new Browser();
    const toProvider =
      (await browser.step(continuation(await browser.step(authorizationUrl)))).headers.get('location') ?? '';
    await decline(browser, await browser.step(authorizationUrl));
    const ended = await agent.consent(toProvider, 'ana', browser).catch((error: unknown) => error);
    expect(String(ended)).not.toContain('session_id');
    expect(await statusOf(sessionUri, token)).toBe('FAILED');
  });
});

describe('a stranger', () => {
  it('cannot decline without the cookie of the page, and the session continues', async () => {
    const { token, authorizationUrl, sessionUri } = await link();
    const page = await new Browser().step(authorizationUrl);
    const refused = await decline(new Browser(), page);
    expect(refused.status).toBe(400);
    expect(refused.html).not.toContain('href=');
    expect(await statusOf(sessionUri, token)).toBe('IN_PROGRESS');
  });

  it('cannot decline with a body that is not a form', async () => {
    const { authorizationUrl } = await link();
    const browser = new Browser();
    await browser.step(authorizationUrl);
    const { origin } = new URL(authorizationUrl);
    const page = await browser.send(`${origin}/identities/oauth2/authorize`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: new URL(authorizationUrl).search.slice(1),
    });
    expect(page.status).toBe(410);
  });
});
