/** The pages of a consent portal, and the consent page that they lead to. */
import type { OperationName } from '../../../lambda/operations';
import { Browser, type Page } from '../../flows/support/browser';
import { TestPortal } from '../../flows/support/portal';
import { continueLink, locationOf, membersOf, PortalPages, titleOf } from '../../flows/support/portal-pages';
import { signInAndConsent } from '../../flows/support/provider';
import type { HttpResponse } from '../../local/handmade-request';
import { cool, newAgent } from './agents';
import { responseOf } from './consent';
import type { Site } from '../calls';
import { passTime } from '../passing-time';
import { scenario, type Prepared, type Scenario } from '../scenario';
import type { Stage } from '../stage';

interface Portal {
  readonly pages: PortalPages;
  readonly agent: string;
}

/** Seconds after which no function has a vault key in its cache. Consent sessions are still valid, and metadata is known. */
const KEYS_FORGOTTEN = 301;

const AGENTS = 'Your agents and their access';

async function newPortal(stage: Stage): Promise<Portal> {
  const { name, provider } = await newAgent(stage);
  const { identityProvider } = stage.reporters;
  const portal = await TestPortal.create(stage.world, {
    agents: [{ name }],
    identityProvider,
    change: {
      connections: [
        { workloadName: name, credentialProviderName: provider, scopes: ['openid', 'a'], purpose: 'Reads' },
      ],
    },
  });
  identityProvider.allowRedirect(portal.callbackUrl);
  return { pages: new PortalPages(`${stage.world.local.endpoint}/portals/${portal.id}`), agent: name };
}

/** A person that is signed in. */
interface Person extends Portal {
  readonly browser: Browser;
  readonly page: Page;
}

async function signedIn(stage: Stage, portal: Portal): Promise<Person> {
  const browser = new Browser();
  const page = await portal.pages.signIn(browser, stage.unique('person'));
  expectTitle(page, AGENTS);
  return { ...portal, browser, page };
}

async function connected(stage: Stage, portal: Portal): Promise<Person> {
  const person = await signedIn(stage, portal);
  const page = await portal.pages.connect(person.browser, person.page);
  if (!/Connected on\s+</.test(page.html)) throw new Error(`not connected: ${titleOf(page)}`);
  return { ...person, page };
}

/** The page of the person's agents says whether the agent is connected. */
async function expectConnected({ browser, pages }: Person, isConnected: boolean): Promise<void> {
  const page = await browser.go(pages.address());
  expectTitle(page, AGENTS);
  if (/Connected on\s+</.test(page.html) !== isConnected) throw new Error(`connected: ${!isConnected}`);
}

function expectTitle(page: Page, title: string): void {
  if (titleOf(page) !== title)
    throw new Error(`the page is "${titleOf(page)}" (${page.status}), not "${title}"`);
}

/** What a person does, and how its page or redirect begins. */
interface Act extends Omit<Prepared, 'act'> {
  readonly page: () => Promise<Page>;
}

const shows =
  (title: RegExp) =>
  ({ body }: HttpResponse): boolean =>
    title.test(/<h1>([^<]*)<\/h1>/.exec(body)?.[1] ?? '');

/** The person can sign in, or connect the agent, after all. */
const canConnect = (stage: Stage, portal: Portal) => async (): Promise<void> => {
  // A failed lookup of the issuer's keys is remembered for a while.
  passTime(KEYS_FORGOTTEN);
  await connected(stage, portal);
};

/** Names of the pages for people who are not signed in. */
const SIGNED_OUT = shows(
  /^(You are signed out|See what your agents can reach|Sign in to finish connecting)$/,
);

/** A session that seems not to exist is over for the browser, which then forgets it. */
const isSignedOut = (response: HttpResponse, { label }: Site): boolean =>
  label === 'GetItem Sessions PORTAL-SESSION' &&
  (SIGNED_OUT(response) || String(response.headers.location).endsWith('?error=session_expired'));

const pageOf = (
  operation: OperationName,
  prepare: (stage: Stage, portal: Portal) => Promise<Act>,
  variant?: string,
): Scenario =>
  scenario({
    operation,
    ...(variant !== undefined && { variant }),
    part: 'portal',
    share: newPortal,
    async prepare(stage, portal) {
      cool();
      const { page, ends, ...prepared } = await prepare(stage, portal);
      passTime(KEYS_FORGOTTEN);
      return {
        act: async () => responseOf(await page()),
        ends: (response, site) => isSignedOut(response, site) || ends?.(response, site) === true,
        expectWayOn: canConnect(stage, portal),
        ...prepared,
      };
    },
  });

/** A page with this title and a link to the person's agents. */
const leadsBack =
  (pages: PortalPages, status: number, title: string) =>
  (response: HttpResponse): boolean =>
    response.status === status &&
    shows(new RegExp(`^${title}$`))(response) &&
    response.body.includes(`href="${new URL(pages.address()).pathname}"`);

const redirectsTo =
  (address: string) =>
  ({ headers: { location = '' } }: HttpResponse): boolean =>
    location.startsWith(address);

/** The address of a form, opened without the form: it leads to the portal. */
const reopened = (operation: OperationName, path: string): Scenario =>
  pageOf(operation, (_stage, { pages }) =>
    Promise.resolve({
      page: () => new Browser().step(pages.address(path)),
      isSuccess: redirectsTo(pages.address()),
      repeatable: true,
    }),
  );

export const PORTAL: readonly Scenario[] = [
  pageOf('Portal', async (stage, portal) => {
    const { browser, pages } = await connected(stage, portal);
    return {
      page: () => browser.step(pages.address()),
      isSuccess: (response) =>
        shows(/^Your agents and their access$/)(response) && response.body.includes('Connected on'),
      repeatable: true,
    };
  }),
  pageOf('PortalSignIn', (stage, { pages }) =>
    Promise.resolve({
      page: () => new Browser().step(pages.address('/login')),
      isSuccess: redirectsTo(`${stage.reporters.identityProvider.issuer}/auth`),
      repeatable: true,
    }),
  ),
  pageOf('PortalSignInCallback', async (stage, portal) => {
    const { pages } = portal;
    const browser = new Browser();
    const login = stage.unique('person');
    let ended = '';
    const { url } = await signInAndConsent(
      browser,
      pages.address('/login'),
      login,
      pages.address('/callback'),
    );
    return {
      page: () => browser.step(url),
      isSuccess: ({ headers: { location = '' } }) => location !== '' && !location.includes('error='),
      // A code is redeemed once. The portal says so, and the person signs in again.
      ends: ({ headers: { location = '' } }) => {
        ended = location;
        return /\?error=login_(failed|unavailable)$/.test(location);
      },
      async expectWayOn() {
        const page = await browser.go(ended);
        if (!page.html.includes(`href="${new URL(pages.address('/login')).pathname}"`)) {
          throw new Error(`the page has no way to the sign-in: ${titleOf(page)}`);
        }
        // A failed lookup of the issuer's keys is remembered for a while.
        passTime(KEYS_FORGOTTEN);
        expectTitle(await pages.signIn(browser, login), AGENTS);
      },
    };
  }),
  pageOf('PortalConnect', async (stage, portal) => {
    const { browser, pages, page } = await signedIn(stage, portal);
    const members = membersOf(page, 'connect');
    return {
      page: () => pages.post(browser, 'connect', members),
      isSuccess: redirectsTo(`${stage.world.local.endpoint}/identities/oauth2/authorize`),
      repeatable: true,
    };
  }),
  pageOf(
    'Authorize',
    async (stage, portal) => {
      const { browser, pages, page } = await signedIn(stage, portal);
      const link = locationOf(await pages.post(browser, 'connect', membersOf(page, 'connect')));
      return {
        page: () => browser.step(link),
        isSuccess: shows(/^.+ asks to use your .+ account$/),
        repeatable: true,
      };
    },
    'with the consent page',
  ),
  pageOf('DeclineAuthorization', async (stage, portal) => {
    const { browser, pages, page } = await signedIn(stage, portal);
    const question = await pages.ask(browser, page);
    const back = pages.address('/connect/callback');
    return {
      page: () => browser.submit(question, {}, back),
      isSuccess: (response) =>
        redirectsTo(back)(response) && String(response.headers.location).includes('error=access_denied'),
      // The answer was stored, and the person opens the portal again.
      ends: ({ status }) => status === 409,
    };
  }),
  pageOf('PortalComplete', async (stage, portal) => {
    const person = await signedIn(stage, portal);
    const { browser, pages, page } = person;
    const isUsedUp = leadsBack(pages, 410, 'This step is no longer valid');
    const next = continueLink(await pages.ask(browser, page));
    const { url } = await signInAndConsent(browser, next, 'ana', pages.address('/connect/'));
    return {
      page: () => browser.go(url),
      isSuccess: shows(/can use .+ now$/),
      // A code is redeemed once. The page says so, and the person connects the agent again.
      ends: isUsedUp,
      isRepetitionResponse: isUsedUp,
      verify: () => expectConnected(person, true),
    };
  }),
  pageOf('PortalDisconnectQuestion', async (stage, portal) => {
    const { browser, pages, page } = await connected(stage, portal);
    const members = membersOf(page, 'disconnect');
    const question = locationOf(await pages.post(browser, 'disconnect', members));
    return { page: () => browser.step(question), isSuccess: shows(/^Disconnect .+\?$/), repeatable: true };
  }),
  pageOf('PortalDisconnect', async (stage, portal) => {
    const person = await connected(stage, portal);
    const { browser, pages, page } = person;
    const first = await pages.post(browser, 'disconnect', membersOf(page, 'disconnect'));
    const members = membersOf(await browser.go(locationOf(first)), 'disconnect');
    return {
      page: () => pages.post(browser, 'disconnect', members),
      isSuccess: redirectsTo(pages.address('/disconnections/')),
      // The connection was removed by the request whose response was an error.
      performed: [404],
      isRepetitionResponse: leadsBack(pages, 404, 'This connection does not exist'),
      verify: () => expectConnected(person, false),
    };
  }),
  pageOf(
    'PortalDisconnect',
    async (stage, portal) => {
      const person = await connected(stage, portal);
      const { agent, browser, pages, page } = person;
      const { csrf = '' } = membersOf(page, 'disconnect');
      return {
        page: () => pages.post(browser, 'disconnect', { csrf, agent }),
        isSuccess: redirectsTo(pages.address('/disconnections/')),
        verify: () => expectConnected(person, false),
        // The second request finds nothing more to revoke.
        repeatable: true,
        storesTokensAgain: true,
      };
    },
    'all accounts',
  ),
  pageOf('PortalDisconnection', async (stage, portal) => {
    const { browser, pages, page } = await connected(stage, portal);
    const first = await pages.post(browser, 'disconnect', membersOf(page, 'disconnect'));
    const members = membersOf(await browser.go(locationOf(first)), 'disconnect');
    const progress = locationOf(await pages.post(browser, 'disconnect', members));
    await stage.quiet();
    return {
      page: () => browser.step(progress),
      isSuccess: shows(/no longer has access/),
      expectWayOn: canConnect(stage, portal),
      repeatable: true,
    };
  }),
  pageOf('PortalSignOut', async (stage, portal) => {
    const { browser, pages, page } = await signedIn(stage, portal);
    const members = membersOf(page, 'logout');
    return { page: () => pages.post(browser, 'logout', members), isSuccess: ({ status }) => status === 303 };
  }),
  reopened('PortalSignOutReopened', '/logout'),
  reopened('PortalConnectReopened', '/connect'),
];
