/**
 * The consent portal of the examples in a real browser: a user connects an agent, sees it, and disconnects it, and a
 * forwarded link connects no one. axe finds no violation on any page, in both color schemes, on a desktop and a phone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { casesToRun, itWithAllCases } from '../all-cases';
import { chromiumIsInstalled, launchChromium, openPage } from './chromium';
import { inspect } from './inspect';
import { LocalProcess } from './local-process';
import { ask, heading, nameOf, signIn } from './steps';

const describeInBrowser = chromiumIsInstalled() ? describe : describe.skip;

describeInBrowser('the consent portal in a browser', () => {
  let browser: Browser;
  let local: LocalProcess;
  let dataDir: string;
  /** Keeps pages in memory for the way back, as the browsers of people do. */
  let keeping: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
    keeping = await launchChromium({ keepsPages: true });
    dataDir = mkdtempSync(join(tmpdir(), 'agent-identity-browser-'));
    local = await LocalProcess.start(0, dataDir);
  });
  afterAll(async () => {
    await local.end('SIGTERM');
    await Promise.all([browser.close(), keeping.close()]);
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function signInToPortal(page: Page, person: string): Promise<void> {
    await page.goto(local.ready.portal.url);
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: nameOf(person) }).click();
    await heading(page, 'Your agents and their access').waitFor();
  }

  const connect = (page: Page) =>
    page.getByRole('button', { name: 'Connect Almanac to Calendar assistant', exact: true });

  async function allow(page: Page, person: string): Promise<void> {
    await page.getByRole('link', { name: 'Continue to Almanac' }).click();
    await page.getByRole('button', { name: nameOf(person) }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
  }

  it('a user connects an agent, which then answers without asking, and disconnects it, and it has to ask again', async () => {
    const page = await openPage(browser);
    await page.goto(local.ready.portal.url);
    await heading(page, 'See what your agents can reach').waitFor();
    await inspect(page, '30-portal-sign-in');
    await signInToPortal(page, 'Ana');
    await inspect(page, '31-portal-agents');

    await connect(page).click();
    await heading(page, 'Calendar assistant asks to use your Almanac account').waitFor();
    await inspect(page, '32-portal-consent');
    await allow(page, 'Ana');
    await heading(page, 'Calendar assistant can use Almanac now').waitFor();
    await inspect(page, '33-portal-connected');

    // The identity provider remembers the sign-in, so the application shows no page of it.
    await page.goto(local.ready.exampleApp);
    await page.getByRole('button', { name: 'Sign in with Fernhill ID' }).click();
    await heading(page, 'Hello, Ana').waitFor();
    await ask(page);
    await page.getByText('Orchard planning').waitFor();
    await page.getByRole('link', { name: 'Your agents' }).click();
    await page.getByText('Last used on').waitFor();

    await page
      .getByRole('button', { name: 'Disconnect Almanac from Calendar assistant', exact: true })
      .click();
    await heading(page, 'Disconnect Almanac from Calendar assistant?').waitFor();
    await inspect(page, '34-portal-disconnect');
    await page.getByRole('button', { name: 'Disconnect Almanac' }).click();
    await heading(page, 'Calendar assistant no longer has access to Almanac').waitFor();
    while (await page.getByRole('link', { name: 'Check again' }).isVisible()) {
      await page.getByRole('link', { name: 'Check again' }).click();
    }
    await page.getByText('Almanac confirmed that the access ended there, too.').waitFor();
    await inspect(page, '35-portal-disconnected');
    await page.goBack();
    await heading(page, 'This connection does not exist').waitFor();
    await page.getByRole('link', { name: 'Back to your agents' }).click();
    await connect(page).waitFor();

    await page.goto(local.ready.exampleApp);
    await ask(page);
    await heading(page, 'Can the assistant read your calendar?').waitFor();

    await page.goto(local.ready.portal.url);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await heading(page, 'See what your agents can reach').waitFor();
    await page.context().close();
  });

  it('the way back from a disconnection shows no page on which the account is still connected', async () => {
    const page = await openPage(keeping);
    await signInToPortal(page, 'Ana');
    await connect(page).click();
    await allow(page, 'Ana');
    await heading(page, 'Calendar assistant can use Almanac now').waitFor();
    await page.getByRole('button', { name: 'Disconnect Almanac from Calendar assistant' }).click();
    await heading(page, 'Disconnect Almanac from Calendar assistant?').waitFor();
    await page.getByRole('button', { name: 'Disconnect Almanac' }).click();
    await heading(page, 'Calendar assistant no longer has access to Almanac').waitFor();
    // Pages that Chromium kept fire no load event. The question is kept: its answer leads to the truth.
    await page.goBack({ waitUntil: 'commit' });
    await heading(page, 'Disconnect Almanac from Calendar assistant?').waitFor();
    await page.goBack({ waitUntil: 'commit' });
    await heading(page, 'Your agents and their access').waitFor();
    await connect(page).waitFor();
    await page.context().close();
  });

  itWithAllCases('a user declines on the consent page', async () => {
    const page = await openPage(browser);
    await signInToPortal(page, 'Ana');
    await connect(page).click();
    await page.getByRole('button', { name: 'Not now' }).click();
    await heading(page, 'Access was not granted').waitFor();
    await inspect(page, '36-portal-declined');
    await connect(page).waitFor();
    await page.context().close();
  });

  itWithAllCases('a user who signed out signs in with another account', async () => {
    const page = await openPage(browser);
    await signInToPortal(page, 'Ana');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Use another account' }).click();
    await page.getByRole('button', { name: nameOf('Ben') }).click();
    await heading(page, 'Your agents and their access').waitFor();
    await page.getByText(nameOf('Ben')).first().waitFor();
    await page.context().close();
  });

  it('a forwarded link connects no one', async () => {
    const [ben, ana] = [await openPage(browser), await openPage(browser)];
    await signInToPortal(ben, 'Ben');
    await connect(ben).click();
    await heading(ben, /asks to use your Almanac account/).waitFor();
    await signInToPortal(ana, 'Ana');
    await ana.goto(ben.url());
    await allow(ana, 'Ana');
    await heading(ana, 'Nothing was connected').waitFor();
    await inspect(ana, '37-portal-not-yours');
    for (const page of [ben, ana]) {
      await page.goto(local.ready.portal.url);
      await connect(page).waitFor();
    }
    await Promise.all([ben.context().close(), ana.context().close()]);
  });

  it.each(
    casesToRun([
      ['38-home', '/'],
      ['39-not-found', '/no/such/page'],
      ['40-no-portal', '/portals/none-0123456789'],
      ['41-sign-in-failed', '?error=login_failed'],
      ['42-sign-in-rejected', '?error=login_rejected'],
    ] as const),
  )('%s is accessible', async (name, path) => {
    const page = await openPage(browser);
    await page.goto(path.startsWith('/') ? local.ready.endpoint + path : local.ready.portal.url + path);
    await inspect(page, name);
    await page.context().close();
  });

  it('the pages can be used with the keyboard alone', async () => {
    const page = await openPage(browser);
    await signIn(page, local.ready.exampleApp, 'Ben');
    await page.goto(local.ready.portal.url);
    // First the name in the header, then the sign-in.
    for (const key of ['Tab', 'Tab', 'Enter']) await page.keyboard.press(key);
    await heading(page, 'Your agents and their access').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').innerText()).toBe('Skip to the content');
    await page.context().close();
  });
});
