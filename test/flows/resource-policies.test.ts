/**
 * Acceptance scenario 18 with resource policies: they decide which principals can act as an agent and which agents can
 * use a provider, and no policy locks out the owner.
 */
import {
  DeleteResourcePolicyCommand,
  DeleteWorkloadIdentityCommand,
  GetResourcePolicyCommand,
  GetWorkloadIdentityCommand,
  TagResourceCommand,
  UpdateWorkloadIdentityCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { TestAgent, World, type PrincipalName } from './support/world';

const world = World.ofFile();

const PREFIX = 'arn:aws:bedrock-agentcore';
const REFUSED = { name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } };

const arnOf = (resource: string): string => {
  const [, , , , account] = world.local.principals.stranger.arn.split(':');
  return `${PREFIX}:${world.local.region}:${account}:${resource}`;
};
const identityArn = ({ name }: TestAgent) =>
  arnOf(`workload-identity-directory/default/workload-identity/${name}`);
const providerArn = ({ providerName }: TestAgent) =>
  arnOf(`token-vault/default/oauth2credentialprovider/${providerName}`);

/** A statement about the stranger, with the given changes. */
const statement = (change: object) => ({
  Effect: 'Allow',
  Principal: { AWS: world.local.principals.stranger.arn },
  Resource: '*',
  ...change,
});

const policyOf = (...statements: object[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

const put = (resourceArn: string, policy: string, as: PrincipalName = 'agent') =>
  world.control(as).putResourcePolicy({ resourceArn, policy });

describe('a policy on a workload identity', () => {
  const requestToken = ({ name }: TestAgent, as: PrincipalName) =>
    world.data(as).getWorkloadAccessToken({ workloadName: name });

  it('is required for another principal, whose denied request is in the audit log', async () => {
    const agent = await world.agent();
    await expect(requestToken(agent, 'stranger')).rejects.toMatchObject(REFUSED);
    expect(await world.audit()).toContainEqual(
      expect.objectContaining({
        operation: 'GetWorkloadAccessToken',
        outcome: 'denied',
        principal: world.local.principals.stranger.arn,
        workloadIdentity: identityArn(agent),
      }),
    );
  });

  it('allows the principals and operations of an Allow statement until it is deleted', async () => {
    const agent = await world.agent();
    const resourceArn = identityArn(agent);
    const policy = policyOf(statement({ Action: 'bedrock-agentcore:GetWorkloadAccessToken' }));
    expect(await put(resourceArn, policy)).toMatchObject({ policy, $metadata: { httpStatusCode: 201 } });
    expect(await world.control().getResourcePolicy({ resourceArn })).toMatchObject({
      policy,
    });

    await expect(requestToken(agent, 'stranger')).resolves.toHaveProperty('workloadAccessToken');
    await expect(requestToken(agent, 'operator')).rejects.toMatchObject(REFUSED);
    const { name } = agent;
    const stranger = world.control('stranger');
    for (const command of [
      new GetWorkloadIdentityCommand({ name }),
      new UpdateWorkloadIdentityCommand({ name }),
      new DeleteWorkloadIdentityCommand({ name }),
      new GetResourcePolicyCommand({ resourceArn }),
      new TagResourceCommand({ resourceArn, tags: { a: 'b' } }),
    ]) {
      await expect(stranger.send(command as GetWorkloadIdentityCommand)).rejects.toMatchObject(REFUSED);
    }
    await expect(put(resourceArn, policy, 'stranger')).rejects.toMatchObject(REFUSED);

    // The owner's change of the resource keeps the policy.
    await world.control().updateWorkloadIdentity({ name });
    await expect(requestToken(agent, 'stranger')).resolves.toHaveProperty('workloadAccessToken');

    const deletion = new DeleteResourcePolicyCommand({ resourceArn });
    expect((await world.control().send(deletion)).$metadata.httpStatusCode).toBe(204);
    await expect(requestToken(agent, 'stranger')).rejects.toMatchObject(REFUSED);
    expect(await world.control().getResourcePolicy({ resourceArn })).not.toHaveProperty('policy');
    await world.control().send(deletion);
  });

  it('can deny the owner too, which can still change the policy; the audit log names the statement', async () => {
    const agent = await world.agent();
    const resourceArn = identityArn(agent);
    const deny = statement({ Sid: 'NobodyAtAll', Effect: 'Deny', Principal: '*', Action: '*' });
    await put(resourceArn, policyOf(deny, statement({ Action: '*' })));
    for (const principal of ['agent', 'stranger'] as const) {
      await expect(requestToken(agent, principal)).rejects.toMatchObject(REFUSED);
    }
    expect(await world.audit()).toContainEqual(
      expect.objectContaining({
        operation: 'GetWorkloadAccessToken',
        outcome: 'denied',
        reason: `statement NobodyAtAll of the resource policy of ${resourceArn} denies it`,
      }),
    );
    await expect(world.control().deleteWorkloadIdentity(agent)).rejects.toMatchObject(REFUSED);
    await put(resourceArn, policyOf(statement({ Action: 'bedrock-agentcore:GetWorkload*' })));
    await expect(requestToken(agent, 'agent')).resolves.toHaveProperty('workloadAccessToken');
    await expect(requestToken(agent, 'stranger')).resolves.toHaveProperty('workloadAccessToken');
  });

  it('can restrict access by user ID', async () => {
    const agent = await world.agent();
    await put(
      identityArn(agent),
      policyOf(
        statement({
          Action: 'bedrock-agentcore:GetWorkloadAccessTokenForUserId',
          Condition: { StringLike: { 'bedrock-agentcore:userid': 'tenant-a/*' } },
        }),
      ),
    );
    const mintFor = (userId: string) =>
      world.data('stranger').getWorkloadAccessTokenForUserId({ workloadName: agent.name, userId });
    await expect(mintFor('tenant-a/ana')).resolves.toHaveProperty('workloadAccessToken');
    await expect(mintFor('tenant-b/ana')).rejects.toMatchObject(REFUSED);
  });

  it('is rejected if it contains an unsupported element, which the error names', async () => {
    const agent = await world.agent();
    const resourceArn = identityArn(agent);
    const action = 'bedrock-agentcore:GetWorkloadAccessToken';
    const kept = policyOf(statement({ Action: action }));
    await put(resourceArn, kept);
    const conditional = statement({
      Action: action,
      Condition: { DateLessThan: { 'aws:CurrentTime': 'x' } },
    });
    await expect(put(resourceArn, policyOf(conditional))).rejects.toMatchObject({
      name: 'ValidationException',
      reason: 'FieldValidationFailed',
      fieldList: [
        {
          name: 'policy',
          message:
            'Statement.0.Condition.DateLessThan: is not a supported condition operator; use StringEquals, StringNotEquals, StringEqualsIgnoreCase, StringNotEqualsIgnoreCase, StringLike, StringNotLike, ArnEquals, ArnNotEquals, ArnLike, ArnNotLike, Bool, or Null',
        },
      ],
    });
    await expect(put(resourceArn, '{')).rejects.toMatchObject({ reason: 'CannotParse' });
    expect(await world.control().getResourcePolicy({ resourceArn })).toMatchObject({
      policy: kept,
    });
  });
});

describe('a policy on a credential provider', () => {
  const obtaining = 'bedrock-agentcore:GetResourceOauth2Token';

  /** A request of the stranger's agent for another principal's provider. */
  async function across() {
    const host = await world.agent();
    const guest = await world.agent('stranger');
    const visiting = new TestAgent(guest.client, guest.name, host.providerName, host.callbackUrl);
    return { host, guest, visiting };
  }

  it("allows another owner's agent by name, until the policy is deleted", async () => {
    const { host, guest, visiting } = await across();
    const resourceArn = providerArn(host);
    const token = await guest.token({ userId: 'ana' });
    await expect(visiting.ask(token)).rejects.toMatchObject(REFUSED);

    const condition = { ArnEquals: { 'bedrock-agentcore:WorkloadIdentityArn': identityArn(guest) } };
    await put(resourceArn, policyOf(statement({ Action: obtaining, Condition: condition })));
    await expect(visiting.connect('ana')).resolves.not.toBe('');

    const other = await world.agent('stranger');
    await expect(
      other.ask(await other.token({ userId: 'ana' }), {
        resourceCredentialProviderName: host.providerName,
      }),
    ).rejects.toMatchObject(REFUSED);

    await world.control().deleteResourcePolicy({ resourceArn });
    await expect(visiting.ask(token)).rejects.toMatchObject(REFUSED);
  });

  it('prevents completion if it changed to deny it after the request', async () => {
    const host = await world.agent();
    const token = await host.token({ userId: 'ben' });
    const { authorizationUrl } = await host.ask(token);
    const back = await host.consent(authorizationUrl, 'ben');
    const deny = { Effect: 'Deny', Principal: '*', Action: obtaining };
    await put(providerArn(host), policyOf(statement(deny)));
    await expect(host.complete(back, { userId: 'ben' })).rejects.toMatchObject({
      ...REFUSED,
      message: 'Invalid or expired session',
    });
  });

  it('prevents completion with custom parameters if it changed to deny them after the request', async () => {
    const host = await world.agent();
    const token = await host.token({ userId: 'dan' });
    const { authorizationUrl } = await host.ask(token, {
      customParameters: { optional_scope: 'b' },
    });
    const back = await host.consent(authorizationUrl, 'dan');
    const Condition = { 'ForAnyValue:StringEqualsIfExists': { 'bedrock-agentcore:Scopes': 'b' } };
    const deny = { Effect: 'Deny', Principal: '*', Action: obtaining, Condition };
    await put(providerArn(host), policyOf(statement(deny)));
    await expect(host.complete(back, { userId: 'dan' })).rejects.toMatchObject({
      ...REFUSED,
      message: 'Invalid or expired session',
    });
    expect((await world.audit()).at(-1)).toMatchObject({
      operation: 'CompleteResourceTokenAuth',
      reason: `statement Statement.0 of the resource policy of ${providerArn(host)} denies it`,
    });
  });

  it('applies to every scope of the stored token, not only to requested scopes', async () => {
    const host = await world.agent();
    await host.connect('cyd', { scopes: ['openid', 'a', 'b'] });
    await put(
      providerArn(host),
      policyOf(
        statement({
          Effect: 'Deny',
          Principal: '*',
          Action: obtaining,
          Condition: { 'ForAnyValue:StringEqualsIfExists': { 'bedrock-agentcore:Scopes': 'b' } },
        }),
      ),
    );
    const token = await host.token({ userId: 'cyd' });
    await expect(host.ask(token, { scopes: ['a'] })).rejects.toMatchObject(REFUSED);
    const again = await host.ask(token, { scopes: ['openid', 'a'], forceAuthentication: true });
    expect(again).toHaveProperty('authorizationUrl');
  });

  it('applies to API keys too', async () => {
    const guest = await world.agent('stranger');
    const name = 'shared-key';
    await world.control().createApiKeyCredentialProvider({ name, apiKey: 'k-123' });
    const ask = async () =>
      guest.client.getResourceApiKey({
        workloadIdentityToken: await guest.token(),
        resourceCredentialProviderName: name,
      });
    await expect(ask()).rejects.toMatchObject(REFUSED);
    const resourceArn = arnOf(`token-vault/default/apikeycredentialprovider/${name}`);
    await put(resourceArn, policyOf(statement({ Action: 'bedrock-agentcore:GetResourceApiKey' })));
    expect(await ask()).toMatchObject({ apiKey: 'k-123' });
  });
});
