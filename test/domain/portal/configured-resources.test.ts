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

it('counts what has no room, and never cuts an ID', () => {
  const long = leftOut('x'.repeat(255), UUID);
  const reason = notConfigured([long, long, long]);
  expect(reason).toContain(`(ID ${UUID}), 2 more. If it is the right one`);
  expect(reason.length).toBeLessThan(1024);
});
