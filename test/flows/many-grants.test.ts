/**
 * An agent stores very many and very large grants for a person, as it can without the person. The person's page in a portal
 * still works, with the end of each access, and so do the listings.
 */
import { createWorkloadIdentityStore } from '../../lambda/adapters/dynamodb/owned-resource-store';
import { grantKey } from '../../lambda/model/table-keys';
import { grantTarget } from '../../lambda/domain/grant/grant';
import { decodeGrantId, encodeGrantId } from '../../lambda/model/grant-id';
import { userHashOf } from '../../lambda/model/user';
import { Browser, type Page } from './support/browser';
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
async function copies(count: number, tokens: object | undefined): Promise<readonly string[]> {
  const identity = await createWorkloadIdentityStore(tableOf('Directory')).get(hostile.name);
  const workloadId = identity?.id ?? '';
  const userHash = userHashOf({ kind: 'jwt', issuer: identityProvider.issuer, subject: 'ana' });
  const vault = tableOf('Vault');
  const stored = (await vault.get(grantKey(workloadId, userHash, targetFor('')))) as { tokens: object };
  const servers = Array.from({ length: count }, (_, index) => `https://r.example/${index}`);
  for (const server of servers) {
    const { tokens: held, ...grant } = stored;
    const target = targetFor(server);
    const copy = { ...grant, target, resources: [server], ...(tokens && { tokens: { ...held, ...tokens } }) };
    await vault.put(grantKey(workloadId, userHash, target), copy);
  }
  return servers.map((server) => encodeGrantId({ workloadId, userHash, target: targetFor(server) }));
}

/** As many scopes as a provider can grant, of few characters. */
const SCOPES = Array.from({ length: 1_000 }, (_, index) => index.toString(36));

const CONNECTED = /Connected on\s+</;

const disconnects = ({ html }: { readonly html: string }) => [
  ...html.matchAll(/action="[^"]*\/disconnect"/g),
];

describe('a portal', () => {
  let browser: Browser;

  const first = () => browser.go(pages.address());
  const nextOf = ({ html }: { readonly html: string }): string | undefined =>
    /href="[^"]*(\?after=[^"]*)">More connections/.exec(html)?.[1];

  /** Returns the first page and those that follow it. */
  async function allPages(): Promise<readonly Page[]> {
    const all = [await first()];
    for (let next = nextOf(all[0]!); next !== undefined; next = nextOf(all.at(-1)!)) {
      all.push(await browser.go(pages.address(next)));
    }
    return all;
  }

  beforeAll(async () => {
    browser = new Browser();
    const page = await pages.signIn(browser, 'ana');
    expect(titleOf(await pages.connect(browser, page))).toContain(hostile.name);
  });

  it('shows the offered connections, and has a link to the others', async () => {
    const ids = await copies(60, { scopes: SCOPES });
    const all = await allPages();
    // One form of each page disconnects all accounts.
    expect(all.map((each) => disconnects(each).length)).toEqual([1 + 26, 1 + 25, 1 + 10]);
    for (const { status, html } of all) {
      expect(status).toBe(200);
      expect(html.length).toBeLessThan(900_000);
      expect(html).toContain('Further permissions: 990.');
    }
    expect(all[0]?.html).toContain(`<h2>${other.name}</h2>`);
    expect(all[1]?.html).not.toContain(`<h2>${other.name}</h2>`);
    // What tells them apart.
    expect(all[0]?.html).toContain('For <code>https://r.example/');
    for (const id of ids) expect(all.filter(({ html }) => html.includes(id))).toHaveLength(1);

    // A connection on another page is found by its key, too.
    const connection = ids.find((id) => !all[0]?.html.includes(id)) ?? '';
    const { csrf = '' } = membersOf(all[0]!, 'disconnect');
    const asked = await pages.post(browser, 'disconnect', { csrf, connection });
    const question = await browser.step(locationOf(asked));
    expect(titleOf(question)).toBe(`Disconnect ${hostile.providerName} from ${hostile.name}?`);
    const done = await pages.post(browser, 'disconnect', membersOf(question, 'disconnect'));
    expect(titleOf(await browser.go(locationOf(done)))).toContain('no longer has this access');
  });

  it('shows a connection behind any number of records without tokens', async () => {
    const padding = Array.from({ length: 90 }, () => 'https://r.example/'.padEnd(2_000, 'a'));
    const ids = await copies(130, { scopes: ['a'] });
    const identity = await createWorkloadIdentityStore(tableOf('Directory')).get(hostile.name);
    const [workloadId, vault] = [identity?.id ?? '', tableOf('Vault')];
    // All but the last one in the order of the keys become records of 180 KB without tokens.
    const grants = ids.map((id) => decodeGrantId(id)!).sort((a, b) => (a.target < b.target ? -1 : 1));
    for (const { userHash, target } of grants.slice(0, -1)) {
      const key = grantKey(workloadId, userHash, target);
      const grant = { ...((await vault.get(key)) as { tokens?: object }), resources: padding };
      delete grant.tokens;
      await vault.put(key, grant);
    }
    const all = await allPages();
    expect(all.length).toBeGreaterThan(1);
    expect(all.at(-1)?.html).toContain(encodeGrantId(grants.at(-1)!));
  });

  it('ends all access of the agent, however many records it holds, and no access of another one', async () => {
    const { csrf = '' } = membersOf(await first(), 'disconnect');
    expect((await allPages()).some(({ html }) => CONNECTED.test(html))).toBe(true);
    const done = await pages.post(browser, 'disconnect', { csrf, agent: hostile.name });
    expect(done.status).toBe(303);
    let progress = await browser.go(locationOf(done));
    while (titleOf(progress) === `${hostile.name} is losing access to your accounts`) {
      progress = await browser.go(locationOf(done));
    }
    expect(titleOf(progress)).toBe(`${hostile.name} no longer has access to your accounts`);
    for (const { html } of await allPages()) expect(html).not.toMatch(CONNECTED);
    const repeated = await pages.post(browser, 'disconnect', { csrf, agent: hostile.name });
    expect((await browser.go(locationOf(repeated))).html).toContain('might still be in progress');
    expect(titleOf(await pages.connect(browser, await first()))).toContain(hostile.name);
  });

  it('takes the address of another list for the first page', async () => {
    for (const after of [
      'x',
      encodeGrantId({ workloadId: crypto.randomUUID(), userHash: 'AGENT', target: targetFor('') }),
    ]) {
      expect((await browser.go(pages.address(`?after=${after}`))).html).toContain(`<h2>${other.name}</h2>`);
    }
  });
});

it.each(['ListGrants', 'ListResourceGrants'])(
  '%s ends a page before the response is too long',
  async (operation) => {
    // As many characters as a provider can grant, and resources of as many characters as a request can have, of 3 bytes each.
    const scopes = [...Array(1_000).keys()].map((index) => String(index).padStart(31, 's'));
    const ids = await copies(60, { scopes });
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
      expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(4_000_000);
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
