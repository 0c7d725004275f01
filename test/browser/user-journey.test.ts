/**
 * A user's path in a real browser: sign in, ask, consent, and get the answer; then mistakes. `npm run screenshots` saves
 * pictures of every page in test/screenshots.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { itWithAllCases } from '../all-cases';
import { chromiumIsInstalled, launchChromium, openPage, takeScreenshots } from './chromium';
import { freePorts } from '../local/free-ports';
import { LocalProcess, PYTHON } from './local-process';
import { ask, goToAlmanac, heading, nameOf, signIn } from './steps';

const CALLBACK_PATH = '/identities/oauth2/callback/';

const itWithPython = PYTHON === undefined ? it.skip : it;
const describeInBrowser = chromiumIsInstalled() ? describe : describe.skip;

describeInBrowser('a person in a browser', () => {
  let browser: Browser;
  let dataDir: string;
  const processes: LocalProcess[] = [];

  async function start(port: number): Promise<LocalProcess> {
    const local = await LocalProcess.start(port, dataDir);
    processes.push(local);
    return local;
  }

  beforeAll(async () => {
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
  });

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'agent-identity-browser-'));
  });

  afterEach(async () => {
    for (const local of processes.splice(0)) await local.end('SIGTERM');
    rmSync(dataDir, { recursive: true, force: true });
  });

  describe('with the service running', () => {
    let local: LocalProcess;

    beforeEach(async () => {
      local = await start(0);
    });

    it('a user signs in, asks, consents, and sees the events, and gets the second answer without consent', async () => {
      const page = await openPage(browser);
      const visited: string[] = [];
      page.on('request', (request) => visited.push(request.url()));

      await page.goto(local.ready.exampleApp);
      await takeScreenshots(page, '01-welcome');
      await page.getByRole('button', { name: 'Sign in with Fernhill ID' }).click();
      await takeScreenshots(page, '02-sign-in');
      await page.getByLabel('Username').fill('ana');
      await page.getByLabel('Password').fill('wrong');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('alert').waitFor();
      await takeScreenshots(page, '03-sign-in-failed');
      expect(await page.getByLabel('Username').inputValue()).toBe('ana');
      expect(await page.locator('input:focus').getAttribute('id')).toBe('password');
      await page.getByLabel('Password').fill('fern-and-moss');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await heading(page, 'Hello, Ana').waitFor();
      await takeScreenshots(page, '04-ask');

      await ask(page);
      await heading(page, 'Can the assistant read your calendar?').waitFor();
      await takeScreenshots(page, '05-consent-needed');
      await page.getByRole('link', { name: 'Continue to Almanac' }).click();
      await heading(page, 'Sign in to Almanac').waitFor();
      await takeScreenshots(page, '06-almanac-sign-in');
      await page.getByRole('button', { name: nameOf('Ana') }).click();
      await heading(page, /asks to use your Almanac/).waitFor();
      await takeScreenshots(page, '07-almanac-consent');
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByText('Orchard planning').waitFor();
      await takeScreenshots(page, '08-events');

      visited.length = 0;
      await page.getByLabel('Your question').fill('And tomorrow?');
      await ask(page);
      await page.getByText('“And tomorrow?”').waitFor();
      await takeScreenshots(page, '09-second-answer');
      expect(await page.getByText('Soil survey review').count()).toBe(1);
      expect(await page.getByText('Orchard planning').count()).toBe(0);
      expect(visited.filter((url) => !url.startsWith(local.ready.exampleApp))).toEqual([]);

      await page.getByRole('button', { name: 'Sign out' }).click();
      await heading(page, 'Sign out of Fernhill ID too?').waitFor();
      await takeScreenshots(page, '10-sign-out');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('button', { name: 'Sign in with Fernhill ID' }).waitFor();
      await page.context().close();
    });

    itWithAllCases(
      'a user who declines gets an explanation and a way back, and can consent with another account',
      async () => {
        const page = await openPage(browser);
        await signIn(page, local.ready.exampleApp, 'Ben');
        await ask(page);
        await goToAlmanac(page, 'Ben');
        await page.getByRole('button', { name: 'Deny' }).click();
        await page.waitForURL((url) => url.origin === new URL(local.ready.endpoint).origin);
        const said = await page.getByRole('heading', { level: 1 }).innerText();
        await page.reload();
        await heading(page, said).waitFor();
        await takeScreenshots(page, '11-denied-at-the-service');
        await page.getByRole('link').first().click();
        await heading(page, 'You denied access').waitFor();
        await page.reload();
        await heading(page, 'You denied access').waitFor();
        await takeScreenshots(page, '12-denied');

        await page.getByRole('button', { name: 'Ask again' }).click();
        await page.getByRole('link', { name: 'Continue to Almanac' }).click();
        await heading(page, /asks to use your Almanac/).waitFor();
        await page.getByRole('link', { name: 'Use another account' }).click();
        await page.getByRole('button', { name: nameOf('Ana') }).click();
        await page.getByText('ana@almanac.example').waitFor();
        await page.getByRole('button', { name: 'Allow' }).click();
        await page.getByText('Orchard planning').waitFor();
        await page.context().close();
      },
    );

    itWithPython(
      'asks the agent in Python, waits with it, and finds that each agent asks for itself',
      async () => {
        const page = await openPage(browser);
        await signIn(page, local.ready.exampleApp, 'Ana');
        await page.getByRole('radio', { name: /in Python/ }).check();
        await ask(page);
        await page.getByText("Fernhill's calendar agent in Python").waitFor();
        await goToAlmanac(page, 'Ana');
        await page.getByRole('button', { name: 'Allow' }).click();
        // The AWS SDK polls every 5 seconds; the page appears immediately, and grows.
        await page.getByText('You allowed access at Almanac').waitFor();
        expect(await page.getByText('Orchard planning').count()).toBe(0);
        await takeScreenshots(page, '19-while-the-agent-works');
        await page.getByText('Orchard planning').waitFor();

        await page.getByRole('radio', { name: /TypeScript/ }).check();
        await ask(page);
        await heading(page, 'Can the assistant read your calendar?').waitFor();
        await page.context().close();
      },
    );

    itWithAllCases('every user error ends on a page that says what to do', async () => {
      const page = await openPage(browser);
      const callbacks: string[] = [];
      page.on('request', (request) => {
        if (request.url().includes(CALLBACK_PATH)) callbacks.push(request.url());
      });
      await signIn(page, local.ready.exampleApp, 'Ana');
      await ask(page);
      await goToAlmanac(page, 'Ana');
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByText('Orchard planning').waitFor();
      const [callback] = callbacks;

      const replayed = await page.goto(callback ?? '');
      expect(replayed?.status()).toBeGreaterThanOrEqual(400);
      expect(replayed?.headers()['content-type']).toContain('text/html');
      await takeScreenshots(page, '13-callback-replayed');

      const unknown = 'urn:ietf:params:oauth:request_uri:00000000-0000-4000-8000-000000000000';
      const authorizeUrl = `${local.ready.endpoint}/identities/oauth2/authorize?request_uri=${encodeURIComponent(unknown)}`;
      const nowhere = await page.goto(authorizeUrl);
      expect(nowhere?.status()).toBeGreaterThanOrEqual(400);
      expect(nowhere?.headers()['content-type']).toContain('text/html');
      await takeScreenshots(page, '14-unknown-link');

      await page.goto(
        `${local.ready.exampleApp}/connected?session_id=${encodeURIComponent(unknown)}&state=guess`,
      );
      await heading(page, 'You did not ask this question here').waitFor();
      await takeScreenshots(page, '15-unknown-return');
      // The earlier grant is not affected.
      await page.getByRole('button', { name: 'Ask again' }).click();
      await page.getByText('Orchard planning').waitFor();

      const ben = await openPage(browser);
      await signIn(ben, local.ready.exampleApp, 'Ben');
      await ask(ben);
      await goToAlmanac(ben, 'Ben');
      await ben.getByRole('button', { name: 'Deny' }).click();
      const wayBack = new URL((await ben.getByRole('link').first().getAttribute('href')) ?? '');
      wayBack.searchParams.delete('error');
      await ben.goto(wayBack.href);
      await heading(ben, 'Your calendar was not connected').waitFor();
      await takeScreenshots(ben, '16-not-connected');
      await ben.context().close();

      const stranger = await openPage(browser);
      await stranger.goto(
        `${local.ready.exampleApp}/connected?session_id=${encodeURIComponent(unknown)}&state=guess`,
      );
      await heading(stranger, 'Please sign in first').waitFor();
      await takeScreenshots(stranger, '17-return-signed-out');
      await stranger.goto(`${local.ready.exampleApp}/signed-in?code=guess&state=guess`);
      await heading(stranger, 'You are not signed in').waitFor();
      await takeScreenshots(stranger, '18-sign-in-not-begun-here');
      await stranger.context().close();
      await page.context().close();
    });
  });

  itWithAllCases(
    'a user gets an answer without consent after the service was killed and restarted',
    async () => {
      const port = await freePorts();
      const first = await start(port);
      const page = await openPage(browser);
      await signIn(page, first.ready.exampleApp, 'Ana');
      await ask(page);
      await goToAlmanac(page, 'Ana');
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByText('Orchard planning').waitFor();
      await first.end('SIGKILL');

      const second = await start(port);
      // The application has lost the session; the identity provider has not, and signs the user in without a page.
      await page.goto(second.ready.exampleApp);
      await page.getByRole('button', { name: 'Sign in with Fernhill ID' }).click();
      await ask(page);
      await page.getByText('Orchard planning').waitFor();
      await page.context().close();
    },
  );
});
