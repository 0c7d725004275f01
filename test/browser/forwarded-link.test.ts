/**
 * A user sends their consent link to another person, with the example application in two real browsers. The other person
 * consents, and the sender gets no access.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { itWithAllCases } from '../all-cases';
import { chromiumIsInstalled, launchChromium, openPage, takeScreenshots } from './chromium';
import { LocalProcess } from './local-process';
import { ask, goToAlmanac, heading, nameOf, signIn } from './steps';

const describeInBrowser = chromiumIsInstalled() ? describe : describe.skip;

describeInBrowser('a consent link that is passed on', () => {
  let browser: Browser;
  let local: LocalProcess;
  let dataDir: string;
  /** The sender's browser and the other person's. */
  let ben: Page;
  let ana: Page;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'agent-identity-browser-'));
    local = await LocalProcess.start(0, dataDir);
    [ben, ana] = [await openPage(browser), await openPage(browser)];
    await signIn(ben, local.ready.exampleApp, 'Ben');
  });
  afterEach(async () => {
    await Promise.all([ben.context().close(), ana.context().close()]);
    await local.end('SIGTERM');
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function linkOfBen(): Promise<string> {
    await ask(ben);
    return (await ben.getByRole('link', { name: 'Continue to Almanac' }).getAttribute('href')) ?? '';
  }

  /** Every attempt that the sender can make; each ends on a page without Ana's calendar. */
  async function expectNothingFor(link: string): Promise<void> {
    const answered = await ben.goto(link);
    expect(answered?.status()).toBe(409);
    await takeScreenshots(ben, '21-link-answered-elsewhere');
    expect(await ben.getByRole('link').count()).toBe(0);

    const requestUri = new URL(link).searchParams.get('request_uri') ?? '';
    const { exampleApp } = local.ready;
    const forged = `${exampleApp}/connected?session_id=${encodeURIComponent(requestUri)}&state=guess`;
    expect((await ben.goto(forged))?.status()).toBe(400);

    await ben.goto(exampleApp);
    expect(await ben.getByText('Orchard planning').count()).toBe(0);
    await ben.getByLabel('Your question').fill('And now?');
    await ask(ben);
    await heading(ben, 'Can the assistant read your calendar?').waitFor();
    expect(await ben.getByText('Orchard planning').count()).toBe(0);
  }

  it('connects neither user: the page tells the person who consented that they did not begin the request', async () => {
    const link = await linkOfBen();
    await signIn(ana, local.ready.exampleApp, 'Ana');
    await ana.goto(link);
    await ana.getByRole('button', { name: nameOf('Ana') }).click();
    await ana.getByRole('button', { name: 'Allow' }).click();
    await heading(ana, 'You did not ask this question here').waitFor();
    await takeScreenshots(ana, '20-consented-to-the-link-of-another');

    // In the same browser, the used link leads back, and names neither session nor state.
    expect((await ana.goto(link))?.status()).toBe(409);
    const back = ana.getByRole('link', { name: 'Back to the application' });
    expect(await back.getAttribute('href')).toBe(`${local.ready.exampleApp}/connected`);
    await back.click();
    await heading(ana, 'Hello, Ana').waitFor();
    await expectNothingFor(link);
  });

  // The same attack without a browser is in test/flows/session-binding.test.ts.
  itWithAllCases(
    'connects neither user if the provider remembers an earlier consent and only redirects',
    async () => {
      await signIn(ana, local.ready.exampleApp, 'Ana');
      await ask(ana);
      await goToAlmanac(ana, 'Ana');
      await ana.getByRole('button', { name: 'Allow' }).click();
      await ana.getByText('Orchard planning').waitFor();

      const link = await linkOfBen();
      // Ana does not click anything.
      await ana.goto(link);
      await heading(ana, 'You did not ask this question here').waitFor();
      await expectNothingFor(link);
    },
  );
});
