/** What a person learns after a disconnection about tokens that the provider does not end. */
import { grantTarget } from '../../../lambda/domain/grant/grant';
import { disconnection } from '../../../lambda/domain/portal/disconnection';
import { ownerOf } from '../../../lambda/domain/portal/served-portal';
import type {
  ItemState,
  Revocation,
  RevocationFilter,
} from '../../../lambda/model/records/revocation-outbox';
import { createFakeSystem } from '../fake-system';
import { sampleIdentity, samplePortal, sampleProvider } from '../samples';

const USER = 'u'.repeat(43);
const REVOCATION = '11111111-2222-4333-8444-555555555555';
const identity = sampleIdentity();
const portal = samplePortal();
const target = grantTarget({
  flow: 'USER_FEDERATION',
  providerName: 'calendar',
  resources: [],
  audiences: [],
  scopes: [],
});
const grantId = { workloadId: identity.id, userHash: USER, target };

const served = {
  portal,
  owner: ownerOf(portal),
  signInProvider: sampleProvider(),
  appearance: { portalId: portal.id, name: portal.name, signInProvider: 'sign-in' },
};

const person = {
  userHash: USER,
  userToken: { issuedAt: 0 },
  session: {
    hash: '',
    portalId: portal.id,
    userHash: USER,
    issuedAt: 0,
    client: '',
    admittedBy: [],
    expiresAt: Infinity,
  },
  agents: [{ identity, restrictions: { agent: undefined, user: undefined }, suspended: false }],
  hiddenIds: [],
};

const progressOf = async (
  filter: RevocationFilter,
  vendor: string,
  state: ItemState,
  id = 'at-revocation',
) => {
  const provider = sampleProvider({
    name: 'calendar',
    id: 'at-revocation',
    vendor: vendor as 'CustomOauth2',
  });
  const revocation: Revocation = {
    revocationId: REVOCATION,
    requestedBy: served.owner.arn,
    cause: 'user',
    filter,
    createdTime: 1,
    revision: 2,
    matched: 1,
  };
  const result = await disconnection(
    {
      revocations: {
        get: () => Promise.resolve(revocation),
        items: () =>
          Promise.resolve({
            items: [{ grantId, provider: { name: 'calendar', id }, state, attempts: 1 }],
          }),
      },
      providers: { get: () => Promise.resolve(provider) },
      grantIndex: { ofAgentAndUser: () => Promise.resolve({ grants: [] }) },
      system: createFakeSystem(),
    },
    served,
    person,
    { revocationId: REVOCATION, annotate: () => undefined },
  );
  return result.disconnection;
};

describe.each<[string, RevocationFilter]>([
  ['one account', { grantId }],
  ['all accounts', { workloadId: identity.id, userHash: USER }],
])('after a disconnection of %s', (_what, filter) => {
  it('access tokens live on at a vendor that ends only refresh tokens', async () => {
    expect(await progressOf(filter, 'Auth0Oauth2', 'CONFIRMED')).toHaveProperty('accessTokensLive', true);
  });

  it.each<[string, string, ItemState, string]>([
    ['a vendor that ends them', 'CustomOauth2', 'CONFIRMED', 'at-revocation'],
    ['a vendor that confirmed nothing', 'Auth0Oauth2', 'NOT_PROVABLE', 'at-revocation'],
    ['another provider of the same name', 'Auth0Oauth2', 'CONFIRMED', 'before'],
  ])('nothing is said of access tokens at %s', async (_which, vendor, state, id) => {
    expect(await progressOf(filter, vendor, state, id)).not.toHaveProperty('accessTokensLive');
  });
});
