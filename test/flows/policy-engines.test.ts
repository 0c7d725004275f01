/** The resources of a policy engine and its policies, with the AWS SDK: what they take, and who can change them. */
import {
  paginateListPolicies,
  paginateListPolicyEngines,
  type BedrockAgentCoreControl,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { enginePoliciesKey } from '../../lambda/model/table-keys';
import { openGateway } from './gateway/gateways';
import { TestMcpServer } from './gateway/mcp-server';
import { decideWith, TestEngine } from './gateway/policies';
import { tableOf } from './support/portal';
import { World } from './support/world';

const PREFIX = 'arn:aws:bedrock-agentcore:us-east-1:000000000000';
const ANYTHING = 'permit(principal, action, resource is AgentCore::Gateway);';

const world = World.ofFile();
const mail = TestMcpServer.ofFile('list', 'send');
let control: BedrockAgentCoreControl;
let stranger: BedrockAgentCoreControl;
beforeAll(() => {
  control = world.control();
  stranger = world.control('stranger');
});

let names = 0;
const newName = () => `engine_of_test_${(names += 1)}`;
const cedar = (statement: string) => ({ cedar: { statement } });

const created = async (as = control) => {
  const { policyEngineId = '', policyEngineArn = '' } = await as.createPolicyEngine({ name: newName() });
  return { policyEngineId, policyEngineArn };
};
const withPolicy = async (policyEngineId: string, statement = ANYTHING) => {
  const { policyId = '' } = await control.createPolicy({
    policyEngineId,
    name: newName(),
    definition: cedar(statement),
  });
  return { policyEngineId, policyId };
};

const missing = { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } };
const denied = { name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } };
const conflict = { name: 'ConflictException', $metadata: { httpStatusCode: 409 } };
const invalid = (name: string, message: RegExp) => ({
  name: 'ValidationException',
  fieldList: [{ name, message: expect.stringMatching(message) as string }],
});

describe('a policy engine', () => {
  it('is created, returned, changed, listed, and deleted', async () => {
    const name = newName();
    const engine = await control.createPolicyEngine({ name, description: 'first' });
    const { policyEngineId = '' } = engine;
    expect(engine).toMatchObject({
      policyEngineId: expect.stringMatching(new RegExp(`^${name}-[a-z0-9]{10}$`)) as string,
      policyEngineArn: `${PREFIX}:policy-engine/${policyEngineId}`,
      name,
      status: 'ACTIVE',
      statusReasons: [],
      createdAt: expect.any(Date) as Date,
      $metadata: { httpStatusCode: 202 },
    });
    await control.updatePolicyEngine({ policyEngineId, description: { optionalValue: 'second' } });
    await control.updatePolicyEngine({ policyEngineId });
    expect(await control.getPolicyEngine({ policyEngineId })).toMatchObject({ description: 'second' });
    const removed = await control.updatePolicyEngine({ policyEngineId, description: {} });
    expect(removed.description).toBeUndefined();
    const listed: (string | undefined)[] = [];
    for await (const page of paginateListPolicyEngines({ client: control, pageSize: 1 }, {})) {
      listed.push(...(page.policyEngines ?? []).map((one) => one.policyEngineId));
    }
    expect(listed).toContain(policyEngineId);
    expect(await control.deletePolicyEngine({ policyEngineId })).toMatchObject({ status: 'DELETING' });
    await expect(control.getPolicyEngine({ policyEngineId })).rejects.toMatchObject(missing);
  });

  it('is returned for a repeated request with its clientToken, and its name is taken for another one', async () => {
    const request = { name: newName(), clientToken: 'a'.repeat(33) };
    const first = await control.createPolicyEngine(request);
    expect((await control.createPolicyEngine(request)).policyEngineId).toBe(first.policyEngineId);
    await expect(control.createPolicyEngine({ name: request.name })).rejects.toMatchObject(conflict);
    await expect(stranger.createPolicyEngine(request)).rejects.toMatchObject(conflict);
  });

  it('has tags', async () => {
    const { policyEngineArn: resourceArn } = await created();
    await control.tagResource({ resourceArn, tags: { team: 'travel' } });
    expect(await control.listTagsForResource({ resourceArn })).toMatchObject({ tags: { team: 'travel' } });
  });

  it('has none of the policies of an engine that had its name before', async () => {
    const { policyEngineId } = await created();
    await withPolicy(policyEngineId);
    const name = policyEngineId.slice(0, -11);
    const directory = tableOf('Directory');
    const left = await directory.get(enginePoliciesKey(name));
    await control.deletePolicyEngine({ policyEngineId });
    // As an interrupted deletion leaves it.
    await directory.put(enginePoliciesKey(name), left ?? {});
    const again = await control.createPolicyEngine({ name });
    const { policies } = await control.listPolicies({ policyEngineId: again.policyEngineId });
    expect(policies).toEqual([]);
    await withPolicy(again.policyEngineId ?? '');
    expect((await control.listPolicies({ policyEngineId: again.policyEngineId })).policies).toHaveLength(1);
  });

  it('belongs to the principal that created it, with its policies', async () => {
    const { policyEngineId, policyEngineArn } = await created();
    const policy = await withPolicy(policyEngineId);
    const attempts = [
      stranger.getPolicyEngine({ policyEngineId }),
      stranger.updatePolicyEngine({ policyEngineId, description: {} }),
      stranger.deletePolicyEngine({ policyEngineId }),
      stranger.createPolicy({ policyEngineId, name: newName(), definition: cedar(ANYTHING) }),
      stranger.listPolicies({ policyEngineId }),
      stranger.getPolicy(policy),
      stranger.updatePolicy({ ...policy, definition: cedar(ANYTHING) }),
      stranger.deletePolicy(policy),
      stranger.tagResource({ resourceArn: policyEngineArn, tags: { a: 'b' } }),
    ];
    for (const attempt of attempts) await expect(attempt).rejects.toMatchObject(denied);
    const { policyEngines } = await stranger.listPolicyEngines({});
    expect(policyEngines?.map((one) => one.policyEngineId)).not.toContain(policyEngineId);
  });
});

describe('a gateway with a policy engine', () => {
  const create = (policyEngineConfiguration: { arn: string; mode: 'ENFORCE' }, as = control) =>
    as.createGateway({
      name: newName().replaceAll('_', '-'),
      roleArn: 'arn:aws:iam::000000000000:role/unused',
      authorizerType: 'AWS_IAM',
      policyEngineConfiguration,
    });

  it('keeps the engine from deletion until it has another one, or is deleted', async () => {
    const first = await created();
    const second = await created();
    const { gatewayId: gatewayIdentifier, name } = await create({
      arn: first.policyEngineArn,
      mode: 'ENFORCE',
    });
    await expect(control.deletePolicyEngine(first)).rejects.toMatchObject(conflict);
    const gateway = {
      gatewayIdentifier,
      name,
      roleArn: 'arn:aws:iam::000000000000:role/unused',
      authorizerType: 'AWS_IAM' as const,
    };
    const configuration = { arn: second.policyEngineArn, mode: 'LOG_ONLY' as const };
    await control.updateGateway({ ...gateway, policyEngineConfiguration: configuration });
    expect(await control.getGateway({ gatewayIdentifier })).toMatchObject({
      policyEngineConfiguration: configuration,
    });
    await control.deletePolicyEngine(first);
    await expect(control.deletePolicyEngine(second)).rejects.toMatchObject(conflict);
    await control.deleteGateway({ gatewayIdentifier });
    await control.deletePolicyEngine(second);
  });

  it('must have an engine of its owner', async () => {
    const { policyEngineArn: arn } = await created();
    const fault = invalid('policyEngineConfiguration.arn', /that you own/);
    await expect(create({ arn, mode: 'ENFORCE' }, stranger)).rejects.toMatchObject(fault);
    const other = `${PREFIX}:policy-engine/none-0123456789`;
    await expect(create({ arn: other, mode: 'ENFORCE' })).rejects.toMatchObject(fault);
  });
});

describe('a policy', () => {
  let policyEngineId: string;
  beforeEach(async () => {
    ({ policyEngineId } = await created());
  });

  it('is created, returned, changed, listed, and deleted', async () => {
    const name = newName();
    const request = { policyEngineId, name, definition: cedar(ANYTHING), clientToken: 'b'.repeat(33) };
    const policy = await control.createPolicy(request);
    const { policyId = '' } = policy;
    expect(policy).toMatchObject({
      policyArn: `${PREFIX}:policy-engine/${policyEngineId}/policy/${policyId}`,
      name,
      definition: cedar(ANYTHING),
      enforcementMode: 'ACTIVE',
      status: 'ACTIVE',
    });
    expect((await control.createPolicy(request)).policyId).toBe(policyId);
    await expect(control.createPolicy({ ...request, clientToken: undefined })).rejects.toMatchObject(
      conflict,
    );
    const forbidding = ANYTHING.replace('permit', 'forbid');
    await control.updatePolicy({
      policyEngineId,
      policyId,
      definition: cedar(forbidding),
      enforcementMode: 'LOG_ONLY',
      description: { optionalValue: 'changed' },
    });
    expect(await control.getPolicy({ policyEngineId, policyId })).toMatchObject({
      definition: cedar(forbidding),
      enforcementMode: 'LOG_ONLY',
      description: 'changed',
    });
    await withPolicy(policyEngineId);
    const listed: (string | undefined)[] = [];
    for await (const page of paginateListPolicies({ client: control, pageSize: 1 }, { policyEngineId })) {
      listed.push(...(page.policies ?? []).map((one) => one.policyId));
    }
    expect(listed).toHaveLength(2);
    await control.deletePolicy({ policyEngineId, policyId });
    await expect(control.getPolicy({ policyEngineId, policyId })).rejects.toMatchObject(missing);
  });

  it('must be one policy in Cedar, even if findings are ignored', async () => {
    for (const statement of [
      'this is not Cedar, whatever its length is',
      `${ANYTHING} ${ANYTHING}`,
      'permit(principal == ?principal, action, resource);',
    ]) {
      const request = { policyEngineId, name: newName(), definition: cedar(statement) };
      await expect(
        control.createPolicy({ ...request, validationMode: 'IGNORE_ALL_FINDINGS' }),
      ).rejects.toMatchObject(invalid('definition.cedar.statement', /^cannot be used: failed to parse/));
    }
  });

  it('nests expressions only as deeply as decisions can read, and other policies stay in force', async () => {
    const statement = `permit(principal, action, resource) when { ${'('.repeat(200)}true${')'.repeat(200)} };`;
    await expect(
      control.createPolicy({ policyEngineId, name: newName(), definition: cedar(statement) }),
    ).rejects.toMatchObject(
      invalid('definition.cedar.statement', /^must nest or chain up to 40 expressions/),
    );
    await withPolicy(policyEngineId);
  });

  it('fits into the record of its engine with the others', async () => {
    const statement = `${ANYTHING} // ${'a'.repeat(9_900)}`;
    const add = () => control.createPolicy({ policyEngineId, name: newName(), definition: cedar(statement) });
    for (let count = 0; count < 25; count += 1) await add();
    await expect(Promise.all([add(), add()])).rejects.toMatchObject({
      name: expect.stringMatching(/ServiceQuotaExceededException|ThrottlingException/) as string,
    });
  });
});

describe('the validation of a policy', () => {
  it('knows the tools of the gateways that the policy names, or that use the engine', async () => {
    const gateway = await openGateway(world, 'CUSTOM_JWT', { protocolType: 'MCP' });
    await gateway.mcpServer('mail', mail.endpoint);
    const engine = await TestEngine.create(gateway);
    const send = (resource: string, condition: string) =>
      `permit(principal, action == AgentCore::Action::"mail___send", ${resource}) when { ${condition} };`;
    const hasText = 'context.input has text && context.input.text like "Hello*"';
    await expect(engine.add(send('resource', hasText))).rejects.toMatchObject(
      invalid('definition.cedar.statement', /it must name a gateway/),
    );
    const named = `resource == AgentCore::Gateway::"${gateway.arn}"`;
    await engine.add(send(named, hasText));
    await decideWith(gateway, engine);
    await engine.add(send('resource', hasText));
    for (const [statement, finding] of [
      [send('resource', 'context.input.subject == "a"'), /`input\.subject`.* not found/],
      [send('resource', 'context.input has text && context.input.text < 1'), /expected Long but saw String/],
      [send('resource', hasText).replace('mail___send', 'mail___sned'), /unrecognized action .*mail___s/],
      [send(named.replace('gateway/', 'gateway/other'), hasText), /is not a gateway of yours/],
      ['permit(principal is AgentCore::User, action, resource);', /unrecognized entity type/],
      ['permit(principal, action, resource) when { 1 == 2 };', /impossible/],
    ] as const) {
      await expect(engine.add(statement)).rejects.toMatchObject(
        invalid('definition.cedar.statement', finding),
      );
      await engine.add(statement, { validationMode: 'IGNORE_ALL_FINDINGS' });
    }
  });

  it('says nothing of a gateway of another owner', async () => {
    const others = await openGateway(world, 'CUSTOM_JWT', { protocolType: 'MCP', owner: 'stranger' });
    await others.mcpServer('mail', mail.endpoint);
    const { policyEngineId } = await created();
    const statement = `permit(principal, action == AgentCore::Action::"mail___send", resource == AgentCore::Gateway::"${others.arn}");`;
    await expect(
      control.createPolicy({ policyEngineId, name: newName(), definition: cedar(statement) }),
    ).rejects.toMatchObject(
      invalid(
        'definition.cedar.statement',
        new RegExp(`^is not valid: ${others.arn} is not a gateway of yours`),
      ),
    );
  });
});
