/** A consent portal on the deployed functions: its operations, and a person in a browser on its pages. */
import { match, ok, strictEqual } from 'node:assert';
import { setTimeout as pause } from 'node:timers/promises';
import { REFUSED_OPERATIONS } from '../../lambda/operations/refused-operations';
import { Browser } from '../flows/support/browser';
import { locationOf, membersOf, PortalPages, titleOf } from '../flows/support/portal-pages';
import type { Checks } from './checks';
import type { FlowWorld, RegisteredAgent } from './registration';

/** Reads of a portal's status, and the milliseconds between them. */
const READS = 40;
const READ_INTERVAL_MS = 250;

interface Described {
  readonly consentPortalId: string;
  readonly portalUrl?: string;
  readonly status: string;
}

export async function checkPortal(
  checks: Checks,
  { callers, front, provider }: FlowWorld,
  { agent, workloadIdentityArn }: RegisteredAgent,
): Promise<void> {
  const perform = async (operation: string, status: number, input: object): Promise<Described> => {
    const call = () => callers.post(`/identities/${operation}`, input, front.principals.agent);
    let response = await call();
    // The verification writes the portal, too. AWS SDK clients repeat such a call.
    for (let reads = 0; response.status === 429 && reads < READS; reads += 1) {
      await pause(READ_INTERVAL_MS);
      response = await call();
    }
    strictEqual(response.status, status, response.body);
    return JSON.parse(response.body || '{}') as Described;
  };
  const active = async (consentPortalIdentifier: string): Promise<Described> => {
    for (let reads = 0; reads < READS; reads += 1) {
      const portal = await perform('GetConsentPortal', 200, { consentPortalIdentifier });
      if (portal.status === 'ACTIVE') return portal;
      ok(['CREATING', 'UPDATING'].includes(portal.status), JSON.stringify(portal));
      await pause(READ_INTERVAL_MS);
    }
    throw new Error('the portal did not become ACTIVE');
  };

  const { consentPortalId, portalUrl = '' } = await checks.step(
    'a portal is created, verified, changed, and listed',
    async () => {
      const prefix = workloadIdentityArn.slice(
        0,
        workloadIdentityArn.indexOf(':workload-identity-directory'),
      );
      const created = await perform('CreateConsentPortal', 202, {
        name: 'connections',
        executionRoleArn: 'arn:aws:iam::000000000000:role/portal',
        idpConfig: {
          credentialProviderArn: `${prefix}:token-vault/default/oauth2credentialprovider/${agent.providerName}`,
          scopes: ['openid'],
        },
        sources: [{ type: 'workload-identity', identifier: agent.name }],
        connections: [
          { workloadName: agent.name, credentialProviderName: agent.providerName, scopes: ['openid'] },
        ],
      });
      const { consentPortalId: consentPortalIdentifier } = created;
      await active(consentPortalIdentifier);
      await perform('UpdateConsentPortal', 202, { consentPortalIdentifier, description: 'changed' });
      const listed = await perform('ListConsentPortals', 200, {});
      ok(JSON.stringify(listed).includes(consentPortalIdentifier));
      return active(consentPortalIdentifier);
    },
  );
  provider.allowRedirect(`${portalUrl}/callback`);
  const pages = new PortalPages(portalUrl);

  await checks.check('a person signs in, connects an agent, and disconnects it', async () => {
    const browser = new Browser();
    strictEqual((await browser.step(pages.address())).status, 200);
    const connected = await pages.connect(browser, await pages.signIn(browser));
    strictEqual(titleOf(connected), `${agent.name} can use ${agent.providerName} now`);
    const asked = await pages.post(browser, 'disconnect', membersOf(connected, 'disconnect'));
    const question = await browser.go(locationOf(asked));
    const done = await pages.post(browser, 'disconnect', membersOf(question, 'disconnect'));
    const progress = await browser.go(locationOf(done));
    match(titleOf(progress), /no longer has access/);
    for (const form of ['connect', 'disconnect', 'logout']) {
      strictEqual((await browser.go(pages.address(`/${form}`))).url, pages.address());
    }
  });

  await checks.check('a person declines, signs out, and is then signed out', async () => {
    const browser = new Browser();
    const page = await pages.signIn(browser, 'ben');
    const declined = await browser.submit(await pages.ask(browser, page), {});
    match(declined.html, /not granted/);
    strictEqual((await pages.post(browser, 'logout', membersOf(page, 'logout'))).status, 303);
    ok(!(await browser.step(pages.address())).html.includes('/logout"'));
  });

  await checks.check(
    'the service has a page for its root, an icon, and a page for other addresses',
    async () => {
      const html = { headers: { accept: 'text/html' } };
      strictEqual((await fetch(`${front.endpoint}/`, html)).status, 200);
      strictEqual((await fetch(`${front.endpoint}/favicon.ico`)).status, 200);
      strictEqual((await fetch(`${front.endpoint}/no/such/page`, html)).status, 404);
    },
  );

  await checks.check('an operation of AWS that the service does not have returns the reason', async () => {
    const post = (path: string) => fetch(front.endpoint + path, { method: 'POST', body: '{}' });
    strictEqual((await post('/no/such/operation')).status, 404);
    for (const [name, { method, path }] of Object.entries(REFUSED_OPERATIONS)) {
      const body = method === 'GET' ? null : '{}';
      const response = await fetch(front.endpoint + path.replaceAll(/[{}]/g, ''), { method, body });
      const { __type: type, message = '' } = (await response.json()) as Record<string, string>;
      strictEqual(type, 'ValidationException', name);
      ok(message.startsWith(`${name} is not supported by this service: `), message);
    }
  });

  await checks.check('a deleted portal has no pages', async () => {
    await perform('DeleteConsentPortal', 204, { consentPortalIdentifier: consentPortalId });
    strictEqual((await new Browser().step(pages.address())).status, 404);
  });
}
