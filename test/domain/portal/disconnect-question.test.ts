/** What a person learns before a disconnection: what the provider can prove, and what else it ends. */
import { disconnectQuestion } from '../../../lambda/domain/portal/disconnect-question';
import { rowsOf } from '../../../lambda/domain/portal/rows';
import { ownerOf } from '../../../lambda/domain/portal/served-portal';
import { encodeGrantId } from '../../../lambda/model/grant-id';
import { grantTarget } from '../../../lambda/domain/grant/grant';
import type { Grant } from '../../../lambda/model/records/grant';
import { UnreadableGrant } from '../../../lambda/domain/grant/unreadable';
import type { GrantFilter } from '../../../lambda/domain/grant/selection';
import type { Oauth2Provider } from '../../../lambda/model/provider/record';
import { clientBindingDigest } from '../../../lambda/domain/provider/oauth2-provider';
import { createFakeSystem } from '../fake-system';
import { sampleDetails, sampleIdentity, samplePortal, sampleProvider } from '../samples';

const USER = 'u'.repeat(43);
const system = createFakeSystem();
const identity = sampleIdentity();

function grantAt(provider: Oauth2Provider, refreshable = true): Grant {
  const { name: providerName } = provider;
  const narrowing = { resources: [], audiences: [], scopes: [] };
  return {
    workloadId: identity.id,
    userHash: USER,
    ...sampleDetails(),
    target: grantTarget({ flow: 'USER_FEDERATION', providerName, ...narrowing }),
    providerId: provider.id,
    generation: 1,
    epoch: 0,
    tokens: {
      sealed: 'sealed',
      scopes: ['a'],
      requestedScopes: ['a'],
      obtainedAt: Math.floor(system.now() / 1000),
      refreshable,
      client: clientBindingDigest(provider),
    },
  };
}

/** A grant of the same person to an agent that the portal does not show. */
const hiddenAt = (provider: Oauth2Provider, change: Partial<Grant> = {}): Grant => ({
  ...grantAt(provider),
  workloadId: 'an agent of another owner',
  ...change,
});

/**
 * Returns what is said about the disconnection at the first provider.
 *
 * @param hidden what the person granted to agents that the portal does not show, at any of the known providers
 */
async function reachAt(
  providers: readonly Oauth2Provider[],
  endpoints: object = {},
  refreshable = true,
  {
    hidden = [],
    unreadable = [],
    known = providers,
    beforePage = () => undefined,
  }: {
    hidden?: readonly Grant[];
    unreadable?: readonly UnreadableGrant[];
    known?: readonly Oauth2Provider[];
    beforePage?: () => void;
  } = {},
) {
  const portal = samplePortal({ status: 'ACTIVE', connections: [], owner: identity.owner });
  const grants = providers.map((provider) => grantAt(provider, refreshable));
  const deps = {
    providers: { get: (name: string) => Promise.resolve(known.find((each) => each.name === name)) },
    grantIndex: {
      ofAgentAndUser: () => Promise.resolve({ grants }),
      // Pages of two grants.
      async page({ userHash }: GrantFilter, { after = '0' }: { readonly after?: string | undefined }) {
        await Promise.resolve();
        beforePage();
        const all = userHash === USER ? [...grants, ...hidden] : [];
        const next = Number(after) + 2;
        return {
          grants: [...all.slice(Number(after), next), ...unreadable],
          ...(next < all.length && { next: String(next) }),
        };
      },
    },
    audit: { record: () => undefined },
    report: () => undefined,
    metadata: { read: () => Promise.resolve({ issuer: 'https://provider.example', ...endpoints }) },
    system,
  };
  const served = {
    portal,
    owner: ownerOf(portal),
    signInProvider: providers[0]!,
    appearance: { portalId: portal.id, name: portal.name, signInProvider: 'sign-in' },
  };
  const agent = { identity, restrictions: { agent: undefined, user: undefined }, suspended: false };
  const person = {
    userHash: USER,
    userToken: { issuedAt: 0 },
    agents: [agent],
    hiddenIds: [],
  };
  expect((await rowsOf(deps, served, person)).rows).toHaveLength(providers.length);
  const key = encodeGrantId(grants[0]!);
  const { question } = await disconnectQuestion(deps, served, person, { key, annotate: () => undefined });
  return { ...question, alsoLose: question.alsoLose.map(({ provider }) => provider.name) };
}

const named = (name: string, change: Partial<Oauth2Provider> = {}) => sampleProvider({ name, ...change });

it.each([
  [{ revocation_endpoint: 'https://provider.example/revoke' }, true, 'provable'],
  [{ revocation_endpoint: 'https://provider.example/revoke' }, false, 'not-provable'],
  [
    {
      revocation_endpoint: 'https://provider.example/revoke',
      introspection_endpoint: 'https://provider.example/introspect',
    },
    false,
    'provable',
  ],
  [{}, true, 'none'],
])('with %j and a refresh token: %s, a revocation is %s', async (endpoints, refreshable, revocation) => {
  expect(await reachAt([named('one')], endpoints, refreshable)).toMatchObject({ revocation });
});

it('names no other connection at a server that ends one consent', async () => {
  expect(await reachAt([named('one'), named('two')])).toMatchObject({ alsoLose: [] });
});

it('names the connections of the same client, where the vendor ends all of them for the person', async () => {
  const vendor = { vendor: 'FacebookOauth2' } as const;
  const providers = [
    named('one', vendor),
    named('same-client', vendor),
    named('another-client', { ...vendor, clientId: 'another' }),
    named('another-vendor'),
  ];
  expect(await reachAt(providers)).toMatchObject({ alsoLose: ['same-client'] });
});

it('names the connections of all clients, where the vendor ends those of the project', async () => {
  const google = { vendor: 'GoogleOauth2' } as const;
  const providers = [named('one', google), named('two', { ...google, clientId: 'another' }), named('three')];
  expect(await reachAt(providers)).toMatchObject({ alsoLose: ['two'] });
});

it('counts the connections that the portal does not show, without their names', async () => {
  const vendor = { vendor: 'FacebookOauth2' } as const;
  const [own, same, another] = [
    named('one', vendor),
    named('of-another-owner', vendor),
    named('another-client', { ...vendor, clientId: 'another' }),
  ];
  const withoutTokens = hiddenAt(same, { workloadId: 'another' });
  Reflect.deleteProperty(withoutTokens, 'tokens');
  const reach = await reachAt([own], {}, true, {
    known: [own, same, another],
    hidden: [
      ...[hiddenAt(own), hiddenAt(same), hiddenAt(another)],
      // No tokens, and a provider that was deleted and created again.
      withoutTokens,
      hiddenAt(same, { workloadId: 'a third', providerId: 'deleted' }),
    ],
  });
  expect(reach).toMatchObject({ alsoLose: [], notShown: 2, shared: false });
  expect(JSON.stringify(reach)).not.toMatch(/another/);
});

it('counts all of them on every page, and says if there can be more', async () => {
  const own = named('one', { vendor: 'FacebookOauth2' });
  const hidden = (count: number) =>
    Array.from({ length: count }, (_, place) => hiddenAt(own, { workloadId: `agent ${place}` }));
  const few = await reachAt([own], {}, true, { hidden: hidden(9) });
  expect(few).toMatchObject({ notShown: 9 });
  expect(few).not.toHaveProperty('notShownIsMinimum');
  // A hundred reads.
  const many = await reachAt([own], {}, true, { hidden: hidden(300) });
  expect(many).toMatchObject({ notShown: 199, notShownIsMinimum: true });
});

it('counts for two seconds, and needs no number if a read fails', async () => {
  const own = named('one', { vendor: 'FacebookOauth2' });
  const hidden = Array.from({ length: 9 }, (_, place) => hiddenAt(own, { workloadId: `agent ${place}` }));
  const slow = await reachAt([own], {}, true, { hidden, beforePage: () => system.advance(1) });
  expect(slow).toMatchObject({ notShown: 3, notShownIsMinimum: true });
  const beforePage = () => {
    throw new Error('no response');
  };
  expect(await reachAt([own], {}, true, { hidden, beforePage })).toMatchObject({
    notShown: 0,
    notShownIsMinimum: true,
  });
});

it('says that there can be more if a record is not valid at a provider whose connections also end', async () => {
  const vendor = { vendor: 'FacebookOauth2' } as const;
  const [own, same, another] = [
    named('one', vendor),
    named('same-client', vendor),
    named('another-client', { ...vendor, clientId: 'another' }),
  ];
  const reachWith = (...providers: Oauth2Provider[]) =>
    reachAt([own], {}, true, {
      known: [own, same, another],
      unreadable: providers.map(
        (provider) => new UnreadableGrant(hiddenAt(provider), new Error('not valid')),
      ),
    });
  expect(await reachWith(same)).toMatchObject({ notShown: 0, notShownIsMinimum: true });
  expect(await reachWith(another)).not.toHaveProperty('notShownIsMinimum');
});

it('counts none at a server that ends one consent', async () => {
  const own = named('one');
  expect(await reachAt([own], {}, true, { hidden: [hiddenAt(own)] })).toMatchObject({ notShown: 0 });
});

it('says that other people lose their access, where the vendor ends that of a workspace', async () => {
  const own = named('one', { vendor: 'SlackOauth2' });
  expect(await reachAt([own])).toMatchObject({ notShown: 0, shared: true });
});
