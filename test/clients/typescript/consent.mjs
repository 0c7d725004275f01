/** A user's consent at the calendar provider. */
import { URL } from 'node:url';
import { Browser } from '../../flows/support/browser.ts';

/** Nothing listens there, so the browser stops when it is redirected to this URL. */
export const RETURN_URL = 'http://127.0.0.1:9/connected?from=test';

/**
 * Signs in at the calendar provider, consents, and returns to the application's return URL.
 *
 * @param user user names and passwords from the ready line
 * @returns the parameters of the return URL
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
