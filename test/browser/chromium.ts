/** A headless Chromium for the tests, and pictures of what it sees. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Screenshots are for human review; no test compares them. `npm run screenshots` saves them. */
const TAKES_SCREENSHOTS = process.env.SCREENSHOTS !== undefined;
const SCREENSHOTS = join(__dirname, '..', 'screenshots');

const DOCUMENTATION = join(__dirname, '..', '..', 'docs', 'images');

/** The pictures in docs/images, by the screenshot that also saves them. */
export const DOCUMENTED = { 'console-overview': 'console.png', '33-portal-connected': 'portal.png' } as const;

const isDocumented = (name: string): name is keyof typeof DOCUMENTED => name in DOCUMENTED;

const DESKTOP = { width: 1280, height: 800 };
/** Two are next to each other on a page of the documentation. */
const PICTURE = { width: 860, height: 560 };
const PHONE = { width: 390, height: 844 };

/** Whether the browser tests can run here; prints a warning if they cannot. */
export function chromiumIsInstalled(): boolean {
  if (existsSync(EXECUTABLE)) return true;
  process.stderr.write(
    `\n*** BROWSER TESTS SKIPPED: no Chromium at ${EXECUTABLE}. Install it or set CHROMIUM to its path. ***\n\n`,
  );
  return false;
}

interface BrowserOptions {
  /** Whether it keeps pages in memory for the way back, as the browsers of people do. */
  readonly keepsPages?: boolean;
  /** Additional arguments of the command. */
  readonly additional?: readonly string[];
}

export function launchChromium({
  keepsPages = false,
  additional = [],
}: BrowserOptions = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    ...(keepsPages && { ignoreDefaultArgs: ['--disable-back-forward-cache'] }),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...additional,
    ],
  });
}

/** A separate browser without cookies. */
export async function openPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: DESKTOP, colorScheme: 'light' });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  return page;
}

/** Saves screenshots of the page on a desktop, on a phone, and in dark mode, and those of the documentation, if the run is for screenshots. */
export async function takeScreenshots(page: Page, name: string): Promise<void> {
  if (!TAKES_SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  const save = (variant: string): Promise<Buffer> =>
    page.screenshot({ path: join(SCREENSHOTS, `${name}-${variant}.png`), fullPage: true });
  await save('desktop');
  await page.emulateMedia({ colorScheme: 'dark' });
  await save('dark');
  await page.setViewportSize(PHONE);
  await page.emulateMedia({ colorScheme: 'light' });
  await save('phone');
  if (isDocumented(name)) {
    await page.setViewportSize(PICTURE);
    await page.screenshot({ path: join(DOCUMENTATION, DOCUMENTED[name]) });
  }
  await page.setViewportSize(DESKTOP);
}
