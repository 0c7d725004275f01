/** Which principals of other accounts can become the owner of a resource. */
import { transferOwnership } from '../../../lambda/domain/operator/transfer-ownership';
import { createFakeSystem } from '../fake-system';
import { createInMemoryStores } from '../in-memory-stores';
import { ARN_PREFIX, sampleIdentity } from '../samples';

const OPERATOR = { arn: 'arn:aws:iam::123456789012:user/operator' };
/** Its principals can own resources. */
const LISTED = '111122223333';
/** A member of an organization whose principals can own resources. */
const MEMBER = '444455556666';

const roleOf = (account: string, name = 'team') => `arn:aws:iam::${account}:role/${name}`;

/** Transfers a resource. Returns its owner afterwards. */
async function transfer(owner: string, newOwner: string): Promise<string | undefined> {
  const stores = createInMemoryStores();
  const identity = sampleIdentity({ owner });
  await stores.identities.create(identity);
  const deps = {
    ...stores,
    audit: { record: () => undefined },
    system: createFakeSystem(),
    arnPrefix: ARN_PREFIX,
    ownerAccounts: [LISTED],
  };
  await transferOwnership(deps, OPERATOR, { resourceArn: identity.arn, newOwner });
  return (await stores.identities.get(identity.name))?.owner;
}

it.each([
  ['this account', roleOf('123456789012')],
  ['an account whose principals can own resources', roleOf(LISTED)],
])('a principal of %s becomes the owner', async (_what, newOwner) => {
  expect(await transfer(roleOf('123456789012', 'before'), newOwner)).toBe(newOwner);
});

it('a principal of the account of the present owner becomes the owner', async () => {
  const newOwner = roleOf(MEMBER, 'after');
  expect(await transfer(roleOf(MEMBER, 'before'), newOwner)).toBe(newOwner);
});

it.each([
  ['of an account that is not listed', roleOf(MEMBER)],
  ['of a listed account in another partition', roleOf(LISTED).replace('aws', 'aws-cn')],
  ['of a longer account number', `arn:aws:iam::${LISTED}4:role/team`],
])('a principal %s does not become the owner', async (_what, newOwner) => {
  await expect(transfer(roleOf('123456789012'), newOwner)).rejects.toThrow(
    /must be a role or user of the account of this service \(123456789012\)/,
  );
});
