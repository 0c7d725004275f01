/** Users who sign in at Keycloak: their form input, and the tokens that an application gets for them. */
import { Browser, type Page } from '../../examples/demo/browser';
import type { ClientSettings, Realm } from './admin';

export const USERNAME = 'ana';
export const PASSWORD = 'correct horse battery staple';

/** Header and payload of a JWT, unverified. */
export function decoded(token: string): { header: Claims; payload: Claims } {
  const [header, payload] = token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Claims);
  if (!header || !payload) throw new Error('not a JWT');
  return { header, payload };
}

type Claims = Readonly<Record<string, unknown>>;

/** An application that gets user tokens with their passwords, without a browser. */
export const application = (clientId: string, more: Partial<ClientSettings> = {}): ClientSettings => ({
  clientId,
  publicClient: true,
  directAccessGrantsEnabled: true,
  ...more,
});

/** An access token of the user, as the application gets it. */
export async function userToken(realm: Realm, clientId: string): Promise<string> {
  const response = await fetch(realm.endpoint('token'), {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: clientId,
      username: USERNAME,
      password: PASSWORD,
      scope: 'openid',
    }),
  });
  const answer = (await response.json()) as { access_token?: string; error?: string };
  if (answer.access_token === undefined) throw new Error(`no user token: ${answer.error ?? 'no error code'}`);
  return answer.access_token;
}

const SIGN_IN = 'id="kc-form-login"';
const CONSENT = 'name="accept"';

function expectForm({ html, status, url }: Page, mark: string, what: string): void {
  if (html.includes(mark)) return;
  throw new Error(`${what} expected at ${url}, which returned ${status}: ${html.slice(0, 500)}`);
}

/**
 * Opens the link in a new browser, signs in and consents.
 *
 * @param until prefix of the application's return URL
 * @returns the URL to which the browser is redirected
 */
export async function signInAndConsent(link: string, until: string): Promise<URL> {
  const browser = new Browser();
  const signIn = await browser.go(link);
  expectForm(signIn, SIGN_IN, 'a sign-in page');
  const consent = await browser.submit(signIn, { username: USERNAME, password: PASSWORD }, until);
  expectForm(consent, CONSENT, 'a consent page');
  const { url } = await browser.submit(consent, { accept: 'Yes' }, until);
  return new URL(url);
}
