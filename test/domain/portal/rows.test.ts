/** How much a step reads of what agents hold for a person: an agent decides how many grants there are. */
import { grantTarget, targetsOf } from '../../../lambda/domain/grant/grant';
import type { Grant } from '../../../lambda/model/records/grant';
import { decodeGrantId, encodeGrantId } from '../../../lambda/model/grant-id';
import type { GrantIndex } from '../../../lambda/domain/grant/selection';
import { ownerOf } from '../../../lambda/domain/portal/served-portal';
import { rowsOf, rowWithKey } from '../../../lambda/domain/portal/rows';
import { clientBindingDigest } from '../../../lambda/domain/provider/oauth2-provider';
import { createFakeSystem } from '../fake-system';
import { sampleDetails, sampleIdentity, samplePortal, sampleProvider, sampleTokens } from '../samples';

const USER = 'u'.repeat(43);
const provider = sampleProvider();
const identities = ['hostile', 'hostile-too', 'honest'].map((name) => sampleIdentity({ name }));

const nameOf = (workloadId: string) => identities.find(({ id }) => id === workloadId)?.name ?? '';

const [target, prefix] = [
  grantTarget({
    flow: 'USER_FEDERATION',
    providerName: provider.name,
    resources: [],
    audiences: [],
    scopes: [],
  }),
  targetsOf('USER_FEDERATION', provider.name),
];

/** Target of the record after this one. */
const following = (after: string) =>
  prefix + String(Number(after.slice(prefix.length)) + 1).padStart(43, '0');

const endedGrant = (workloadId: string, ofTarget: string): Grant => ({
  workloadId,
  userHash: USER,
  ...sampleDetails(),
  target: ofTarget,
  providerId: provider.id,
  generation: 1,
  epoch: 0,
});

const grantOf = (workloadId: string): Grant => ({
  ...endedGrant(workloadId, target),
  tokens: sampleTokens({ client: clientBindingDigest(provider) }),
});

/** Pages of one record each. The records without tokens, of which there are any number, come first. */
function index() {
  const reads: string[] = [];
  const grantIndex: Pick<GrantIndex, 'ofAgentAndUser'> = {
    ofAgentAndUser({ workloadId, targets }, { afterTarget = prefix } = {}) {
      reads.push(nameOf(workloadId));
      if (targets === target || nameOf(workloadId) === 'honest') {
        return Promise.resolve({ grants: [grantOf(workloadId)] });
      }
      const ended = endedGrant(workloadId, following(afterTarget));
      return Promise.resolve({ grants: [ended], next: 'next' });
    },
  };
  return { reads, grantIndex };
}

const portal = samplePortal({
  status: 'ACTIVE',
  owner: identities[0]!.owner,
  connections: identities.map(({ name }) => ({
    workloadName: name,
    credentialProviderName: provider.name,
    scopes: ['a'],
  })),
});
const served = {
  portal,
  owner: ownerOf(portal),
  signInProvider: provider,
  appearance: { portalId: portal.id, name: portal.name, signInProvider: 'sign-in' },
};
const person = {
  userHash: USER,
  agents: identities.map((identity) => ({
    identity,
    restrictions: { agent: undefined, user: undefined },
    suspended: false,
  })),
};
const dependencies = (grantIndex: Pick<GrantIndex, 'ofAgentAndUser'>) => ({
  grantIndex,
  providers: { get: (name: string) => Promise.resolve(name === provider.name ? provider : undefined) },
  audit: { record: () => undefined },
  report: () => undefined,
  system: createFakeSystem(),
});

it('reads a limited number of pages for all agents together, and each connection that the portal offers', async () => {
  const { reads, grantIndex } = index();
  const { rows, after } = await rowsOf(dependencies(grantIndex), served, person);
  expect(rows.map(({ agent, connection }) => [agent.identity.name, connection.status])).toEqual(
    identities.map(({ name }) => [name, 'CONNECTED']),
  );
  // One of each agent, 10 more, and one for each offered connection that was not among them.
  expect(reads).toHaveLength(3 + 10 + 2);
  expect([...after.keys()].map(nameOf)).toEqual(['hostile', 'hostile-too']);
});

it('continues after the last record that it read', async () => {
  const { reads, grantIndex } = index();
  const { after } = await rowsOf(dependencies(grantIndex), served, person);
  const before = reads.length;
  const [{ id = '' } = {}] = identities;
  const next = await rowsOf(dependencies(grantIndex), served, person, { after: after.get(id) });
  expect(next).toMatchObject({ isContinued: true, rows: [] });
  expect(reads.slice(before)).toEqual(Array(1 + 10).fill('hostile'));
  const positions = [after, next.after].map((each) => decodeGrantId(each.get(id) ?? '')?.target);
  expect(positions.map((each) => Number(each?.slice(prefix.length)))).toEqual([6, 6 + 11]);
});

it('reads only the grant that a key names', async () => {
  const { reads, grantIndex } = index();
  const key = encodeGrantId(grantOf(identities[1]!.id));
  expect(await rowWithKey(dependencies(grantIndex), served, person, key)).toMatchObject({ key });
  expect(reads).toEqual(['hostile-too']);
});

it('reads only the offered connections for a key that names no grant', async () => {
  const { reads, grantIndex } = index();
  expect(await rowWithKey(dependencies(grantIndex), served, person, 'x')).toBeUndefined();
  expect(reads).toEqual(['hostile', 'hostile-too', 'honest']);
});

it('finds no grant of another person, or of an agent that the portal does not show', async () => {
  const { reads, grantIndex } = index();
  for (const change of [{ userHash: 'v'.repeat(43) }, { workloadId: crypto.randomUUID() }]) {
    const key = encodeGrantId({ ...grantOf(identities[2]!.id), ...change });
    expect(await rowWithKey(dependencies(grantIndex), served, person, key)).toBeUndefined();
  }
  expect(reads).not.toContain('');
});
