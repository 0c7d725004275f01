/** A consent, step by step: the link, the browser's way to the provider and back, and the completion. */
import { Browser, type Page } from '../../flows/support/browser';
import { signInAndConsent } from '../../flows/support/provider';
import { RETURN_URL } from '../../flows/support/world';
import type { HttpResponse } from '../../local/handmade-request';
import { passTime } from '../passing-time';
import { scenario, type Prepared, type Scenario } from '../scenario';
import type { Stage } from '../stage';
import {
  askFor,
  cool,
  expectUsable,
  grantedAgent,
  hasLink,
  newAgent,
  tokenOf,
  tokenRequest,
  type Agent,
} from './agents';
import { call, open } from './request';

/** An agent, and a person whose browser is signed in at the provider. */
interface Visitor {
  readonly agent: Agent;
  readonly browser: Browser;
}

async function newVisitor(stage: Stage): Promise<Visitor> {
  const agent = await newAgent(stage);
  const browser = new Browser();
  const { link } = await newLink(stage, agent);
  await signInAndConsent(browser, link, 'ana', 'http://127.0.0.1:9/');
  return { agent, browser };
}

/** A link for another user of the application. */
async function newLink(stage: Stage, agent: Agent): Promise<{ link: string; userId: string }> {
  const userId = stage.unique('user');
  const { authorizationUrl = '' } = await askFor(stage, agent, await tokenOf(stage, agent.name, userId));
  return { link: authorizationUrl, userId };
}

/** Returns a page as the response to a request. */
export const responseOf = ({ status, html, headers, url }: Page): HttpResponse => ({
  status,
  headers: {
    ...Object.fromEntries(headers),
    ...(headers.has('location') && { location: new URL(headers.get('location') ?? '', url).href }),
  },
  body: html,
  bytes: Buffer.from(html),
});

/** A redirect to an address that begins with one of these. */
const leadsTo =
  (...addresses: string[]) =>
  ({ headers: { location = '' } }: HttpResponse): boolean =>
    addresses.some((address) => location.startsWith(address));

/** Steps through redirects up to an address that is not opened. */
async function stepTo(browser: Browser, link: string, address: string): Promise<string> {
  const { url } = await browser.go(link, { until: address });
  if (!url.startsWith(address)) throw new Error(`the browser is not at ${address}`);
  return url;
}

/** Seconds after which a link that was used is no longer waited for. */
const LEFT_BEHIND = 61;

/** @throws Error if the next request does not get another link */
async function expectLink(stage: Stage, agent: Agent, userId: string, old: string): Promise<void> {
  passTime(LEFT_BEHIND);
  const { authorizationUrl } = await askFor(stage, agent, await tokenOf(stage, agent.name, userId));
  if (authorizationUrl === undefined) throw new Error('the next request gets no link');
  if (authorizationUrl === old) throw new Error('the next request gets the same link');
}

/** @throws Error unless the next request gets another link, or a token, if the grant was stored before the failure */
async function expectLinkOrToken(stage: Stage, agent: Agent, userId: string, old: string): Promise<void> {
  passTime(LEFT_BEHIND);
  const { accessToken } = await askFor(stage, agent, await tokenOf(stage, agent.name, userId));
  if (accessToken === undefined) await expectLink(stage, agent, userId, old);
  else await expectUsable(stage, agent, {}, userId);
}

const metadata = (operation: 'Jwks' | 'IssuerMetadata', path: string): Scenario =>
  scenario({
    operation,
    part: 'consent',
    prepare(stage): Promise<Prepared> {
      cool();
      return Promise.resolve({ act: () => open(stage.world.local.endpoint + path), repeatable: true });
    },
  });

const part = 'consent';

export const CONSENT: readonly Scenario[] = [
  scenario({
    operation: 'GetResourceOauth2Token',
    variant: 'the first request for a user',
    part,
    share: newAgent,
    async prepare(stage, agent) {
      cool();
      const token = await tokenOf(stage, agent.name, stage.unique('user'));
      return {
        act: () => call(stage, 'GetResourceOauth2Token', tokenRequest(agent, token)),
        isSuccess: hasLink,
        repeatable: true,
      };
    },
  }),
  scenario({
    operation: 'GetResourceOauth2Token',
    variant: 'forceAuthentication',
    part,
    share: grantedAgent,
    async prepare(stage, { agent, userId }) {
      cool();
      const token = await tokenOf(stage, agent.name, userId);
      return {
        act: () =>
          call(stage, 'GetResourceOauth2Token', tokenRequest(agent, token, { forceAuthentication: true })),
        isSuccess: hasLink,
        async verify() {
          const { accessToken } = await askFor(stage, agent, await tokenOf(stage, agent.name, userId));
          if (accessToken !== undefined) throw new Error('the old token is returned');
        },
      };
    },
  }),
  scenario({
    operation: 'Authorize',
    part,
    share: newVisitor,
    async prepare(stage, { agent }) {
      cool();
      const { link, userId } = await newLink(stage, agent);
      const browser = new Browser();
      return {
        act: async () => responseOf(await browser.step(link)),
        isSuccess: leadsTo(`${stage.world.provider.issuer}/auth`),
        // A response that no server should send ends the session. The page says so.
        ends: ({ status, body }) => status === 502 && body.includes('this link no longer works'),
        expectWayOn: () => expectLink(stage, agent, userId, link),
      };
    },
  }),
  scenario({
    operation: 'Callback',
    part,
    share: newVisitor,
    async prepare(stage, { agent, browser }) {
      const { link, userId } = await newLink(stage, agent);
      const callback = await stepTo(browser, link, agent.callbackUrl);
      return {
        act: async () => responseOf(await browser.step(callback)),
        isSuccess: leadsTo(RETURN_URL),
        // The response was stored, and the browser did not learn the completion URI.
        ends: ({ status }) => status === 409,
        expectWayOn: () => expectLink(stage, agent, userId, link),
      };
    },
  }),
  scenario({
    operation: 'CompleteResourceTokenAuth',
    part,
    share: newVisitor,
    async prepare(stage, { agent, browser }) {
      const { link, userId } = await newLink(stage, agent);
      const back = await stepTo(browser, link, 'http://127.0.0.1:9/');
      const sessionUri = new URL(back).searchParams.get('session_id') ?? '';
      stage.secrets.add(sessionUri);
      const body = { sessionUri, userIdentifier: { userId } };
      return {
        act: () => call(stage, 'CompleteResourceTokenAuth', { body }),
        // A code is redeemed once.
        ends: ({ status = 0 }) => status === 400 || status === 403,
        expectWayOn: () => expectLinkOrToken(stage, agent, userId, link),
        verify: () => expectUsable(stage, agent, {}, userId),
      };
    },
  }),
  metadata('Jwks', '/.well-known/jwks.json'),
  metadata('IssuerMetadata', '/.well-known/openid-configuration'),
];
