/**
 * The console in a real browser: its link works once, axe finds no violation on any page, an operator suspends,
 * resumes, and revokes, and neither a foreign request nor hostile text gets anything.
 */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { runCommand } from '../cli/command-under-test';
import { chromiumIsInstalled, launchChromium, openPage } from './chromium';
import { inspect } from './inspect';
import { LocalProcess } from './local-process';
import { goToAlmanac, heading, nameOf } from './steps';

const describeInBrowser = chromiumIsInstalled() ? describe : describe.skip;

const HOSTILE = '<script>document.title="owned"</script>" onfocus=x';
/** Right-to-left override. */
const HIDING = '\u202e';
const USER = 'u'.repeat(43);

describeInBrowser('the console in a browser', () => {
  let browser: Browser;
  let local: LocalProcess;
  let dataDir: string;
  let page: Page;
  let link: string;
  /** Address of the folder of the session's pages. */
  let session: string;
  /** What the responses of the console set. */
  const cookies: (string | null)[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
    dataDir = mkdtempSync(join(tmpdir(), 'agent-identity-console-'));
    local = await LocalProcess.start(0, dataDir);
    await connectAna();
    page = await openPage(browser);
    page.on('response', (response) => {
      void response.headerValue('set-cookie').then((cookie) => cookies.push(cookie));
    });
    link = local.ready.consoleUrl;
    await page.goto(link);
    await page.reload();
    await page.getByRole('button', { name: 'Open the console' }).click();
    await heading(page, 'Overview').waitFor();
    session = page.url().slice(0, page.url().lastIndexOf('/'));
  });
  afterAll(async () => {
    await local.end('SIGTERM');
    await browser.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** Ana lets the example's agent use her account at the example's provider. */
  async function connectAna(): Promise<void> {
    const ana = await openPage(browser);
    await ana.goto(local.ready.portal.url);
    await ana.getByRole('link', { name: 'Sign in' }).click();
    await ana.getByRole('button', { name: nameOf('Ana') }).click();
    await ana.getByRole('button', { name: 'Connect Almanac to Calendar assistant', exact: true }).click();
    await goToAlmanac(ana, 'Ana');
    await ana.getByRole('button', { name: 'Allow' }).click();
    await heading(ana, 'Calendar assistant can use Almanac now').waitFor();
    await ana.context().close();
  }

  /** Writes failures to the log whose every text is hostile. */
  function logHostileFailures(count: number): void {
    const text = HOSTILE + HIDING;
    const names = { workloadIdentity: text, provider: text, user: text, requestId: text };
    const audit = { operation: text, outcome: 'failed', reason: text, ...names };
    const line = JSON.stringify({ message: 'audit', timestamp: new Date().toISOString(), audit });
    appendFileSync(join(dataDir, 'service.log'), `${line}\n`.repeat(count));
  }

  async function expectNoMarkupOf(path: string): Promise<void> {
    await page.goto(at(path));
    expect(await page.textContent('main')).toContain('<script>do');
    expect(await page.title()).not.toContain('owned');
    expect(await page.locator('script:not([src]), [onfocus]').count()).toBe(0);
    expect(await page.content()).not.toContain(HIDING);
  }

  const region = (name: string) => page.getByRole('region', { name });

  const at = (path: string): string => `${session}/${path}`;

  const post = async (headers: Record<string, string>, url = at('act')): Promise<number> => {
    const body = new URLSearchParams({ action: 'suspend-user', target: USER });
    return (await fetch(url, { method: 'POST', headers, body, redirect: 'manual' })).status;
  };

  const isSuspended = async (): Promise<boolean> => {
    await page.goto(at('people'));
    return region('Suspended people')
      .getByRole('link', { name: /^u{10}…$/ })
      .isVisible();
  };

  it('a link opens the console once, by its button, without a cookie, and no page contains a secret', async () => {
    const secret = new URL(link).searchParams.get('secret') ?? '';
    await page.goto(at('overview'));
    for (const hidden of [secret, session.slice(-43)]) expect(await page.content()).not.toContain(hidden);
    const again = await fetch(new URL('/console/open', link), {
      method: 'POST',
      body: new URLSearchParams({ secret }),
      redirect: 'manual',
    });
    for (const response of [
      again,
      await fetch(link),
      await fetch(at('agents').replace(/.(?=\/agents$)/, '~')),
    ]) {
      expect(response.status).toBe(403);
      expect(await response.text()).toContain('run agent-identity console again');
    }
    expect(cookies.filter((cookie) => cookie !== null)).toEqual([]);
    expect(await page.context().cookies()).toEqual([]);
    expect(readFileSync(join(dataDir, 'service.log'), 'utf8')).not.toContain(session.slice(-43));
  });

  it('every page is without violations', async () => {
    await page.goto(at('agents'));
    const agent = await page.locator('td a').first().getAttribute('href');
    await page.goto(at('providers'));
    const provider = await page.locator('td a').first().getAttribute('href');
    const paths = [
      ...['overview', 'agents', 'people', 'providers', 'grants', 'audit', 'steps'],
      ...[agent, provider].map((href) => href ?? ''),
      `act?action=suspend-user&target=${USER}`,
    ];
    for (const path of paths) {
      const response = await page.goto(at(path));
      expect([path, response?.status()]).toEqual([path, 200]);
      await inspect(page, `console-${path.replaceAll(/\W/g, '-').slice(0, 20)}`);
    }
  });

  it('does nothing for a foreign Host, a foreign origin, a browser that names none, or another session', async () => {
    const own = { origin: local.ready.endpoint };
    const headers = { host: `rebound.example:${new URL(local.ready.endpoint).port}` };
    const status = await new Promise((resolve) => {
      httpRequest(at('overview'), { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
    expect(status).toBe(403);
    expect(await post({ origin: 'https://other.example' })).toBe(403);
    expect(await post({ origin: 'null' })).toBe(403);
    expect(await post({ ...own, 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await post({})).toBe(403);
    expect(await post(own, at('act').replace(/.(?=\/act$)/, '~'))).toBe(403);
    expect(await isSuspended()).toBe(false);
  });

  it('shows who can reach what, and revokes a grant, and says what the provider confirmed', async () => {
    await page.goto(at('overview'));
    const [agent = '', provider = '', people] = await region('Who can reach what')
      .locator('tbody tr')
      .first()
      .locator('td')
      .allTextContents();
    expect(people?.trim()).toBe('1');
    const drawn = (await page.locator('svg.picture text').allTextContents()).map((text) => text.trim());
    expect(drawn).toEqual(['1 person', agent.trim(), provider.trim()]);

    await region('Who can reach what').getByRole('link', { name: agent.trim() }).click();
    await region('What the agent holds').locator('a[href^="people?"]').click();
    await heading(page, 'Person').waitFor();
    const person = page.url();
    await page.reload();
    expect(await region('Last audit entries').textContent()).not.toContain('ListGrants');
    const held = region('What agents can reach for this person');
    expect(await held.locator('tbody tr').count()).toBe(1);
    await inspect(page, 'console-person');

    await held.getByRole('link', { name: 'Revoke' }).click();
    await heading(page, 'Revoke this grant?').waitFor();
    await page.getByRole('button', { name: 'Revoke' }).click();
    await heading(page, /^The revocation/).waitFor();
    while (await page.getByRole('link', { name: 'Show the present state' }).isVisible()) {
      await page.getByRole('link', { name: 'Show the present state' }).click();
    }
    await heading(page, 'The revocation is done').waitFor();
    expect(await region('Grants of the revocation').textContent()).toContain('CONFIRMED');
    await inspect(page, 'console-revocation');
    await page.goto(person);
    await page.getByText('What agents can reach for this person: none.').waitFor();
  });

  it('shows hostile names in every list as text, and all failures behind their number', async () => {
    logHostileFailures(11);
    const request = encodeURIComponent(HOSTILE + HIDING);
    for (const path of ['overview', 'people', 'audit', `steps?request=${request}`])
      await expectNoMarkupOf(path);
    await page.goto(at('overview'));
    const number = await page.locator('.numbers li', { hasText: 'failures' }).locator('strong').textContent();
    await page.getByRole('link', { name: 'All failures' }).click();
    await heading(page, 'Audit').waitFor();
    expect(String(await page.locator('#live tbody tr').count())).toBe(number);
  });

  it('suspends and resumes a person after a question, and shows hostile text as text', async () => {
    await page.goto(at(`people?name=${USER}`));
    await page.getByRole('link', { name: 'Suspend' }).click();
    await heading(page, 'Suspend this person?').waitFor();
    expect(await page.textContent('main')).toContain(`agent-identity user suspend --user-hash ${USER}`);
    await page.getByLabel('Reason').fill(HOSTILE);
    await page.getByRole('button', { name: 'Suspend' }).click();
    await page.getByText('Suspended: no token from the next request on.').waitFor();
    for (const path of [
      'people',
      'audit?operation=SuspendUser',
      `agents?q=${encodeURIComponent(HOSTILE + HIDING)}`,
    ]) {
      await page.goto(at(path));
      expect(await page.title()).not.toContain('owned');
      expect(await page.content()).not.toMatch(/<script>document|\u202e/);
    }
    await page.goto(at('people'));
    expect(await page.textContent('main')).toContain('<script>document.title=');
    expect(await isSuspended()).toBe(true);
    await page.goto(at(`people?name=${USER}`));
    await page.getByRole('link', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('Resumed.').waitFor();
    expect(await isSuspended()).toBe(false);
  });

  it('shows a request as steps, and new audit entries while it is open', async () => {
    await page.goto(at('audit?operation=SuspendUser&live=1'));
    const entries = page.locator('#live tbody tr');
    const before = await entries.count();
    expect(before).toBeGreaterThan(0);
    await entries.getByRole('link', { name: 'Steps' }).first().click();
    await page.getByRole('heading', { name: 'SuspendUser' }).waitFor();
    await inspect(page, 'console-steps');
    await page.goto(at('audit?operation=SuspendUser&live=1'));
    expect(await post({ origin: local.ready.endpoint })).toBe(303);
    await entries.nth(before).waitFor();
  });

  it('a file opens the console that only its owner can read, and is removed', async () => {
    const file = join(dataDir, 'console.html');
    const { status } = await runCommand(['console', '--data-dir', dataDir], {
      openFile: async (path) => {
        expect(path).toBe(file);
        expect(statSync(path).mode & 0o777).toBe(0o600);
        await page.goto(pathToFileURL(path).href);
        await heading(page, 'Overview').waitFor();
        return true;
      },
    });
    expect(status).toBe(0);
    expect(existsSync(file)).toBe(false);
    expect(page.url()).not.toBe(at('overview'));
    expect((await fetch(at('agents'))).status).toBe(200);
  });

  it('a session ends with the sign-out', async () => {
    await page.goto(at('overview'));
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/console');
    await heading(page, 'Open the console with a new link').waitFor();
    expect((await fetch(at('agents'))).status).toBe(403);
  });
});
