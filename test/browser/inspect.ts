/** What every page must be: without violations that axe finds, and not wider than the window. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { takeScreenshots } from './chromium';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly html?: string;
}

/** The page returns only the violations: Playwright would take seconds to read all that axe reports. */
const FIND_VIOLATIONS = `axe.run({ resultTypes: ['violations'] })
  .then(({ violations }) => violations.map(({ id, nodes: [first] }) => ({ id, html: first?.html })))`;

/** Checks the page as it is shown, in both color schemes and sizes, and saves screenshots. */
export async function inspect(page: Page, name: string): Promise<void> {
  await takeScreenshots(page, name);
  // In the debugger's world, which the page's content security policy does not restrict.
  await page.evaluate(AXE);
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      const violations = await page.evaluate<Violation[]>(FIND_VIOLATIONS);
      expect(violations.map(({ id, html }) => [name, colorScheme, width, id, html])).toEqual([]);
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      expect([name, width, overflow > 0]).toEqual([name, width, false]);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 800 });
}
