/** Audit entries of the custom resource function for requests that fail, whatever the cause. */
import type { AuditEntry } from '../../lambda/domain/audit';
import { CloudFormation, API_KEY, IDENTITY, FUNCTION_ARN } from './support/cloudformation';
import { RETURN_URL } from './support/world';

const cloudFormation = CloudFormation.ofFile();
const { world } = cloudFormation;

beforeEach(() => {
  cloudFormation.audit.length = 0;
});

const identity = (name: string) => ({
  name,
  configuration: JSON.stringify({ allowedResourceOauth2ReturnUrls: [RETURN_URL] }),
  policy: '',
});

const expectEntry = (entry: Partial<AuditEntry>) => {
  expect(cloudFormation.audit).toEqual([
    { operation: 'Invoke', resource: FUNCTION_ARN, requestId: 'request-of-lambda', ...entry },
  ]);
};

it('a request that does not match the schema is denied, and its audit entry does not repeat it', async () => {
  const properties = { ...identity('chosen-by-the-caller'), policy: 1 };
  const answer = await cloudFormation.ask('Create', IDENTITY, { properties });
  expect(answer.Status).toBe('FAILED');
  expectEntry({
    outcome: 'denied',
    error: 'ValidationException',
    reason: 'The event is not a CloudFormation request. Nothing was changed.',
  });
});

it('a resource of another stack is not changed, and the audit entry gives the reason', async () => {
  const name = 'of-a-stranger';
  await world.control('stranger').createWorkloadIdentity({ name });
  const answer = await cloudFormation.ask('Create', IDENTITY, { properties: identity(name) });
  expectEntry({ outcome: 'failed', reason: answer.Reason ?? '' });
  expect(answer.Reason).toContain('belongs to another IAM principal');
});

it('a secret that cannot be read causes an audit entry', async () => {
  const secret = { source: 'MANAGED', secretId: 'not-there' };
  const answer = await cloudFormation.ask('Create', API_KEY, {
    properties: { ...identity('without-its-secret'), configuration: '{}', secret },
  });
  expectEntry({ outcome: 'failed', reason: answer.Reason ?? '' });
  expect(answer.Reason).toContain('The secret not-there could not be read');
});

it('a request that succeeds has audit entries only in the service', async () => {
  const answer = await cloudFormation.ask('Create', IDENTITY, { properties: identity('made-by-the-stack') });
  expect(answer.Status).toBe('SUCCESS');
  expect(cloudFormation.audit).toEqual([]);
});
