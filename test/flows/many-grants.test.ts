/**
 * An agent stores very many and very large grants for a person, as it can without the person. The person's page in a portal
 * still works, with the end of each access, and so do the listings.
 */
import { createWorkloadIdentityStore } from '../../lambda/adapters/dynamodb/workload-identity-store';
import { grantKey } from '../../lambda/contract/table-keys';
import { grantTarget } from '../../lambda/domain/grant/grant';
import { encodeGrantId } from '../../lambda/domain/grant/grant-id';
import { userHashOf } from '../../lambda/domain/identity/user';
import { Browser } from './support/browser';
import { tableOf, TestPortal } from './support/portal';
import { locationOf, membersOf, PortalPages, titleOf } from './support/portal-pages';
import { startProvider, type TestProvider } from './support/provider';
import { World, type TestAgent } from './support/world';

let identityProvider: TestProvider;
let world: World;
let hostile: TestAgent;
let other: TestAgent;
let portal: TestPortal;
let pages: PortalPages;

const targetFor = (resource: string) =>
  grantTarget({
    flow: 'USER_FEDERATION',
    providerName: hostile.providerName,
    resources: resource === '' ? [] : [resource],
    audiences: [],
    scopes: [],
  });

beforeAll(async () => {
  identityProvider = await startProvider();
  const { discoveryUrl, clientId } = identityProvider;
  world = await World.start({}, () => [{ discoveryUrl, allowedAudience: [clientId] }]);
  hostile = await world.agent('agent', []);
  other = await world.agent('agent', []);
  portal = await TestPortal.create(world, {
    agents: [hostile, other],
    identityProvider,
    change: {
      connections: [hostile, other].map(({ name: workloadName, providerName: credentialProviderName }) => ({
        workloadName,
        credentialProviderName,
        scopes: ['openid', 'a'],
      })),
    },
  });
  identityProvider.allowRedirect(portal.callbackUrl);
  pages = new PortalPages(`${world.local.endpoint}/portals/${portal.id}`);
});
afterAll(async () => {
  await world.stop();
  await identityProvider.close();
});

/** Copies the grant of the agent's connected account. @returns the IDs of the copies */
async function copies(count: number, scopes: readonly string[]): Promise<readonly string[]> {
  const identity = await createWorkloadIdentityStore(tableOf('Directory')).get(hostile.name);
  const workloadId = identity?.id ?? '';
  const userHash = userHashOf({ kind: 'jwt', issuer: identityProvider.issuer, subject: 'ana' });
  const vault = tableOf('Vault');
  const stored = (await vault.get(grantKey(workloadId, userHash, targetFor('')))) as {
    tokens: object;
  };
  const targets = Array.from({ length: count }, (_, index) => targetFor(`https://r.example/${index}`));
  for (const target of targets) {
    const copy = { ...stored, target, tokens: { ...stored.tokens, scopes } };
    await vault.put(grantKey(workloadId, userHash, target), copy);
  }
  return targets.map((target) => encodeGrantId({ workloadId, userHash, target }));
}

it('a portal shows the offered connections, and as many others as fit; the rest follows when some are disconnected', async () => {
  const browser = new Browser();
  const page = await pages.signIn(browser, 'ana');
  expect(titleOf(await pages.connect(browser, page))).toContain(hostile.name);
  // As many as a provider can grant, of as few characters as possible.
  const scopes = Array.from({ length: 1_000 }, (_, index) => index.toString(36));
  const ids = await copies(120, scopes);

  const full = await browser.go(pages.address());
  expect(full.status).toBe(200);
  expect(full.html.length).toBeLessThan(400_000);
  expect(full.html).toContain('more connections than this page shows');
  expect(full.html).toContain('has 1000 permissions there, which are too many for this page');
  expect(full.html).toContain(`<h2>${other.name}</h2>`);
  const rows = [...full.html.matchAll(/action="[^"]*\/disconnect"/g)];
  expect(rows).toHaveLength(31);

  // A row that the page has no room for is found by its key, too.
  const hidden = ids.filter((id) => !full.html.includes(id));
  expect(hidden).toHaveLength(90);
  const { csrf = '' } = membersOf(full, 'disconnect');
  const asked = await pages.post(browser, 'disconnect', { csrf, connection: hidden[0] ?? '' });
  const question = await browser.step(locationOf(asked));
  expect(titleOf(question)).toBe(`Disconnect ${hostile.providerName} from ${hostile.name}?`);
  const done = await pages.post(browser, 'disconnect', membersOf(question, 'disconnect'));
  expect(titleOf(await browser.go(locationOf(done)))).toContain('no longer has access');
});

it.each(['ListGrants', 'ListResourceGrants'])(
  '%s ends a page before the response is too long',
  async (operation) => {
    // As many characters as a provider can grant.
    const ids = await copies(
      60,
      [...Array(1_000).keys()].map((index) => String(index).padStart(31, 's')),
    );
    const userToken = String(identityProvider.exchanges.at(-1)?.answer.id_token);
    const members =
      operation === 'ListGrants'
        ? { workloadName: hostile.name }
        : { workloadIdentityToken: await hostile.token({ userToken }) };
    const listed: string[] = [];
    let nextToken: string | undefined;
    let pagesRead = 0;
    do {
      const input = { ...members, maxResults: 100, nextToken };
      const { status, body } = await (operation === 'ListGrants'
        ? world.operate(operation, input)
        : world.post(operation, input));
      expect(status).toBe(200);
      expect(JSON.stringify(body).length).toBeLessThan(5_000_000);
      const page = JSON.parse(body) as { grants: { grantId: string }[]; nextToken?: string };
      listed.push(...page.grants.map(({ grantId }) => grantId));
      ({ nextToken } = page);
      pagesRead += 1;
    } while (nextToken !== undefined);
    expect(pagesRead).toBeGreaterThan(1);
    expect(listed).toEqual(expect.arrayContaining([...ids]));
    expect(new Set(listed).size).toBe(listed.length);
  },
);
