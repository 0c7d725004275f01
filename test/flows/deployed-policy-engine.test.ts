/** Policy engines by requests as CloudFormation sends them: each has the policies that its stack states. */
import { CloudFormation, GATEWAY, POLICY_ENGINE } from './support/cloudformation';

const cloudFormation = CloudFormation.ofFile();
const { world } = cloudFormation;

const statement = (effect: 'permit' | 'forbid') =>
  `${effect}(principal, action, resource is AgentCore::Gateway);`;
const policy = (name: string, change: object = {}) => ({
  name,
  statement: statement('permit'),
  enforcementMode: 'ACTIVE',
  validationMode: 'IGNORE_ALL_FINDINGS',
  ...change,
});
const engine = (name: string, policies: object[]) => ({
  name,
  configuration: JSON.stringify({ policies }),
  policy: '',
});
const gateway = (name: string, policyEngine: string) => ({
  name,
  configuration: JSON.stringify({
    authorizerType: 'AWS_IAM',
    policyEngine: { name: policyEngine, mode: 'ENFORCE' },
    targets: [],
  }),
  policy: '',
});
const create = (type: typeof GATEWAY | typeof POLICY_ENGINE, properties: object) =>
  cloudFormation.ask('Create', type, { properties });

const control = () => world.control('operator');
const policiesOf = async (policyEngineId: string | undefined) =>
  ((await control().listPolicies({ policyEngineId })).policies ?? []).map(({ name, definition }) => [
    name,
    definition?.cedar?.statement,
  ]);

it('has the policies of its stack after each change, and is deleted after its gateway', async () => {
  const first = await create(POLICY_ENGINE, engine('rules', [policy('reading'), policy('writing')]));
  expect(first).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'rules' });
  const { PolicyEngineId = '', Arn = '' } = first.Data ?? {};
  expect(Arn.endsWith(`:policy-engine/${PolicyEngineId}`)).toBe(true);
  expect(await policiesOf(PolicyEngineId)).toEqual([
    ['reading', statement('permit')],
    ['writing', statement('permit')],
  ]);

  const changed = [policy('reading', { statement: statement('forbid') }), policy('paying')];
  const update = { properties: engine('rules', changed), physicalId: 'rules' };
  expect(await cloudFormation.ask('Update', POLICY_ENGINE, update)).toMatchObject({ Status: 'SUCCESS' });
  expect(await policiesOf(PolicyEngineId)).toEqual([
    ['paying', statement('permit')],
    ['reading', statement('forbid')],
  ]);

  const { Data = {} } = await create(GATEWAY, gateway('tools', 'rules'));
  expect(await control().getGateway({ gatewayIdentifier: Data.GatewayId })).toMatchObject({
    policyEngineConfiguration: { arn: Arn, mode: 'ENFORCE' },
  });
  const remove = { properties: engine('rules', []), physicalId: 'rules' };
  expect(await cloudFormation.ask('Delete', POLICY_ENGINE, remove)).toMatchObject({ Status: 'FAILED' });
  await cloudFormation.ask('Delete', GATEWAY, { properties: gateway('tools', 'rules'), physicalId: 'tools' });
  expect(await cloudFormation.ask('Delete', POLICY_ENGINE, remove)).toMatchObject({ Status: 'SUCCESS' });
});

it('adds what forbids first, and changes what forbade last', async () => {
  const forbidding = { statement: statement('forbid') };
  const before = [policy('closed', forbidding), policy('open'), policy('gone')];
  const { Data } = await create(POLICY_ENGINE, engine('ordered', before));
  const { Arn = '' } = Data ?? {};
  const after = [policy('closed'), policy('open', { description: 'narrow' }), policy('new', forbidding)];
  const update = { properties: engine('ordered', after), physicalId: 'ordered' };
  expect(await cloudFormation.ask('Update', POLICY_ENGINE, update)).toMatchObject({ Status: 'SUCCESS' });
  const made = (await world.audit())
    .map(({ operation, resource }) => [String(operation), String(resource)] as const)
    .filter(([operation, resource]) => operation.endsWith('Policy') && resource.startsWith(`${Arn}/`))
    .map(([operation, resource]) => `${operation} ${resource.split('/').at(-1)?.slice(0, -11)}`);
  expect(made.slice(-4)).toEqual([
    'CreatePolicy new',
    'UpdatePolicy open',
    'DeletePolicy gone',
    'UpdatePolicy closed',
  ]);
});

it('is not created with a statement that is not Cedar', async () => {
  const invalid = policy('broken', { statement: 'permit everything to everyone, please' });
  expect(await create(POLICY_ENGINE, engine('broken', [invalid]))).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringContaining('cannot be used: failed to parse') as string,
  });
  const { policyEngines = [] } = await control().listPolicyEngines({});
  expect(policyEngines.map(({ name }) => name)).not.toContain('broken');
});

it('keeps a gateway from its creation if it does not exist', async () => {
  expect(await create(GATEWAY, gateway('open', 'missing'))).toMatchObject({ Status: 'FAILED' });
  const { items = [] } = await control().listGateways({});
  expect(items.map(({ name }) => name)).not.toContain('open');
});
