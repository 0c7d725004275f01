/** A user's steps on the pages of the example application and its providers. */
import type { Locator, Page } from 'playwright-core';

export const heading = (page: Page, name: string | RegExp): Locator =>
  page.getByRole('heading', { level: 1, name });

/** The shortcut of a sign-in page, whose label begins with the user's name. */
export const nameOf = (person: string): RegExp => new RegExp(`^${person} `);

export async function signIn(page: Page, exampleApp: string, person: string): Promise<void> {
  await page.goto(exampleApp);
  await page.getByRole('button', { name: 'Sign in with Fernhill ID' }).click();
  await page.getByRole('button', { name: nameOf(person) }).click();
  await heading(page, `Hello, ${person}`).waitFor();
}

export async function ask(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
}

/** From the application to the consent page of the calendar provider, with a sign-in there. */
export async function goToAlmanac(page: Page, person: string): Promise<void> {
  await page.getByRole('link', { name: 'Continue to Almanac' }).click();
  await page.getByRole('button', { name: nameOf(person) }).click();
  await heading(page, /asks to use your Almanac/).waitFor();
}
