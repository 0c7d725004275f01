/** The custom resource function sets, changes, and removes the stack's tags, and never changes the mark. */
import { CloudFormation, IDENTITY, STACK_ID, type Change } from './support/cloudformation';

const cloudFormation = CloudFormation.ofFile();
const { world } = cloudFormation;

let names = 0;
const newName = () => `tagged-${(names += 1)}`;

const identity = (name: string, properties: object = {}) => ({
  name,
  configuration: '{"allowedResourceOauth2ReturnUrls":[]}',
  policy: '',
  ...properties,
});
const control = () => world.control('operator');
const tagsAt = async (resourceArn = '') => (await control().listTagsForResource({ resourceArn })).tags ?? {};
const create = (properties: object) => cloudFormation.ask('Create', IDENTITY, { properties });
const update = (physicalId: string, properties: object, change: Partial<Change> = {}) =>
  cloudFormation.ask('Update', IDENTITY, { properties, physicalId, ...change });

it("sets the stack's tags at creation, and changes and removes them at an update; other tags and the mark stay", async () => {
  const name = newName();
  const tags = { team: 'travel', stage: 'test' };
  const { Data } = await create(identity(name, { tags }));
  expect(await tagsAt(Data?.Arn)).toMatchObject({ ...tags, 'agent-identity:origin': 'created' });

  await control().tagResource({ resourceArn: Data?.Arn, tags: { cost: 'from elsewhere' } });
  const changed = { team: 'hotels' };
  await update(name, identity(name, { tags: changed }), { old: identity(name, { tags }) });
  const { 'agent-identity:stack': stack, ...others } = await tagsAt(Data?.Arn);
  expect(stack).toBe(STACK_ID);
  expect(others).toEqual({
    team: 'hotels',
    cost: 'from elsewhere',
    'agent-identity:resource': 'Resource',
    'agent-identity:origin': 'created',
    'agent-identity:request': expect.any(String) as string,
  });
});

it('rejects a request whose tags include the mark', async () => {
  const name = newName();
  const { Data } = await create(identity(name));
  const tags = { 'agent-identity:origin': 'adopted' };
  expect(await update(name, identity(name, { tags }))).toMatchObject({ Status: 'FAILED' });
  expect(await update(name, identity(name), { old: identity(name, { tags }) })).toMatchObject({
    Status: 'FAILED',
  });
  expect(await tagsAt(Data?.Arn)).toMatchObject({ 'agent-identity:origin': 'created' });
});
