/** A person's consent at the calendar provider, as all tests here need it. */
import { URL } from 'node:url';
import { Browser } from '../../flows/support/browser.ts';

/** Nothing answers there: a walk ends when the browser is sent to it. */
export const RETURN_URL = 'http://127.0.0.1:9/connected?from=test';

/**
 * Signs in at the calendar provider, allows, and comes back to the application's return URL.
 *
 * @param user names and passwords as the ready line has them
 * @returns the parameters that the browser brings back
 */
export async function consent(authorizationUrl, user) {
  const browser = new Browser();
  const until = 'http://127.0.0.1:9/';
  let page = await browser.go(authorizationUrl, { until });
  while (!page.url.startsWith(until)) {
    const fields = page.html.includes('name="decision"') ? { decision: 'allow' } : user;
    page = await browser.submit(page, fields, until);
  }
  return Object.fromEntries(new URL(page.url).searchParams);
}
