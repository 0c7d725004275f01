/** A resource that left its stack and was kept: how a stack takes it over again, with its grants. */
import { CloudFormation, IDENTITY } from './support/cloudformation';
import { RETURN_URL } from './support/world';

const cloudFormation = CloudFormation.ofFile();

let names = 0;

const control = () => cloudFormation.world.control('operator');
const described = (name: string) => control().getWorkloadIdentity({ name });

const propertiesOf = (name: string, importExisting: boolean) => ({
  name,
  configuration: JSON.stringify({ allowedResourceOauth2ReturnUrls: [RETURN_URL] }),
  policy: '',
  importExisting: String(importExisting),
});

const create = (name: string, logicalId: string, importExisting = false) =>
  cloudFormation.ask('Create', IDENTITY, { properties: propertiesOf(name, importExisting), logicalId });

/** A resource of the construct `Agent`, which the stack has lost since: CloudFormation sent no request. */
async function retained(): Promise<string> {
  const name = `retained-${(names += 1)}`;
  expect(await create(name, 'Agent')).toMatchObject({ Status: 'SUCCESS' });
  return name;
}

it('under the same construct ID, the stack takes it over without a prop', async () => {
  const name = await retained();
  const { createdTime } = await described(name);
  expect(await create(name, 'Agent')).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: name });
  expect((await described(name)).createdTime).toEqual(createdTime);
});

it.each([
  ['succeeds, and the deployment is rolled back', undefined, 'SUCCESS'],
  ['fails', '{"not": "a policy"}', 'FAILED'],
])('under the same construct ID, the stack never deletes it if the request %s', async (_, policy, Status) => {
  const name = await retained();
  const { createdTime } = await described(name);
  const properties = { ...propertiesOf(name, false), ...(policy !== undefined && { policy }) };
  const request = { properties, logicalId: 'Agent', forged: { RequestId: 'a-later-request' } };
  // Lambda delivers it again after a failure to respond.
  for (const attempt of [1, 2]) {
    expect([attempt, await cloudFormation.ask('Create', IDENTITY, request)]).toMatchObject([
      attempt,
      { Status, PhysicalResourceId: name },
    ]);
  }
  await cloudFormation.ask('Delete', IDENTITY, { ...request, physicalId: name });
  expect((await described(name)).createdTime).toEqual(createdTime);
});

it('under another construct ID, the stack takes it over with importExisting, and never deletes it', async () => {
  const name = await retained();
  expect(await create(name, 'Renamed')).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringContaining('set importExisting so that this stack takes it over') as string,
  });
  const { createdTime, workloadIdentityArn: resourceArn } = await described(name);
  expect(await create(name, 'Renamed', true)).toMatchObject({ Status: 'SUCCESS' });

  await cloudFormation.ask('Delete', IDENTITY, {
    properties: propertiesOf(name, true),
    physicalId: name,
    logicalId: 'Renamed',
  });
  expect((await described(name)).createdTime).toEqual(createdTime);
  const { tags } = await control().listTagsForResource({ resourceArn });
  expect(tags).toEqual({});
});
