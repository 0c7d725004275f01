/** What a portal says about resources that it leaves out, for its owner. */
import { notConfigured } from '../../../lambda/domain/portal/configured-resources';

const leftOut = (name: string, id: string) => ({
  arn: `arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/${name}`,
  id,
  owner: 'arn:aws:iam::000000000000:role/partner',
});

const UUID = '5f0f6f3c-2b1e-4f0a-9d53-0a4c8a4f7f11';

it('names each resource with its owner and its ID', () => {
  const reason = notConfigured([leftOut('one', 'id-1'), leftOut('two', 'id-2')]);
  expect(reason).toContain('/one of arn:aws:iam::000000000000:role/partner (ID id-1), arn:');
  expect(reason).toContain('/two of arn:aws:iam::000000000000:role/partner (ID id-2). If it is');
});

it.each([
  ['as long as IAM allows', `arn:aws:iam::111122223333:user/${'p'.repeat(576)}`],
  ['that read as several', 'arn:aws:iam::111122223333:user/one,arn:aws:iam::000000000000:role/partner'],
])('names only the account of an owner whose path has words %s', (_, owner) => {
  const reason = notConfigured([{ ...leftOut('x'.repeat(255), UUID), owner }, leftOut('two', 'id-2')]);
  expect(reason).toContain(`xxx of a principal of account 111122223333 (ID ${UUID}), arn:`);
  expect(reason).toContain('(ID id-2). If it is');
  expect(reason.length).toBeLessThan(1024);
});

it('counts what has no room, and never cuts an ID', () => {
  const long = leftOut('x'.repeat(255), UUID);
  const reason = notConfigured([long, long, long]);
  expect(reason).toContain(`(ID ${UUID}), 2 more. If it is the right one`);
  expect(reason.length).toBeLessThan(1024);
});
