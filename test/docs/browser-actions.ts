/** What a reader does in the browser, one action a line. */
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';

export interface BrowserAction {
  readonly verb: 'open the URL after' | 'fill' | 'click' | 'see' | 'picture';
  /** A text of the terminal, the label of a field, the name of a button or link, a text of the page, or a file. */
  readonly what: string;
  /** For `fill`: what is typed. */
  readonly value?: string;
}

const ACTION =
  /^(?:fill (?<label>[^:]+): (?<value>.+)|(?<verb>open the URL after|click|see|picture) (?<what>.+))$/;

/**
 * @param text one action a line
 * @param unknown makes the error for a line that is no action
 */
export function parseBrowserActions(text: string, unknown: (line: string) => Error): BrowserAction[] {
  return text.split('\n').map((line) => {
    const found = ACTION.exec(line.trim())?.groups;
    if (found?.label !== undefined && found.value !== undefined) {
      return { verb: 'fill', what: found.label, value: found.value };
    }
    if (found?.verb === undefined || found.what === undefined) throw unknown(line.trim());
    return { verb: found.verb as BrowserAction['verb'], what: found.what };
  });
}

export interface BrowserWorld {
  /** Waits until the terminal of the last command has printed a URL after this text. */
  readonly urlAfter: (text: string) => Promise<string>;
  /** Where the pictures are saved, such as docs/images; undefined if this run does not take them. */
  readonly pictures: string | undefined;
}

export async function performAction(
  page: Page,
  { verb, what, value = '' }: BrowserAction,
  { urlAfter, pictures }: BrowserWorld,
): Promise<void> {
  switch (verb) {
    case 'open the URL after':
      await page.goto(await urlAfter(what));
      break;
    case 'fill':
      await page.getByLabel(what, { exact: true }).fill(value);
      break;
    case 'click':
      await clickable(page, what).first().click();
      break;
    case 'see':
      await page.getByText(what).first().waitFor();
      break;
    case 'picture':
      if (pictures !== undefined) await page.screenshot({ path: join(pictures, what) });
  }
}

const clickable = (page: Page, name: string): Locator =>
  page.getByRole('button', { name, exact: true }).or(page.getByRole('link', { name, exact: true }));
