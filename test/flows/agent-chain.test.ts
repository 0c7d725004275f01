/**
 * Chains of agents by requests of AWS clients: the token of a called agent gives it its own grants, until an agent before it
 * is suspended or deleted.
 */
import { decodeJwt } from 'jose';
import { principalOf } from '../../lambda/domain/principal';
import { agentWith, authorizerFor } from './support/authorizer';
import { World, type PrincipalName, type TestAgent } from './support/world';

const world = World.ofFile();

const agentThatAccepts = (...names: string[]) =>
  agentWith(
    world,
    authorizerFor(world.issuer, {
      ...(names.length > 0 && { allowedWorkloadConfiguration: { workloadIdentities: names } }),
    }),
  );

const arnOf = (name: string) => expect.stringMatching(new RegExp(`/workload-identity/${name}$`)) as string;

/** Gets the token of an agent that another agent calls, as the gate does. */
async function call(
  agent: TestAgent,
  callingAgent: object,
  { input = {}, principal = 'agent' }: { input?: object; principal?: PrincipalName } = {},
) {
  const { status, body, headers } = await world.post(
    'GetWorkloadAccessTokenForJWT',
    { workloadName: agent.name, callingAgent, ...input },
    principal,
  );
  return {
    status,
    concerns: headers['x-agent-identity-concerns'],
    ...(JSON.parse(body) as { workloadAccessToken: string; message: string }),
  };
}

function presenter(principal: PrincipalName = 'agent') {
  const { arn, id } = world.local.principals[principal];
  return { principalArn: principalOf(arn), principalId: id };
}

async function called(agent: TestAgent, workloadAccessToken: string): Promise<string> {
  const {
    status,
    workloadAccessToken: token,
    message,
  } = await call(agent, {
    workloadAccessToken,
    ...presenter(),
  });
  expect([status, message]).toEqual([200, undefined]);
  return token;
}

async function operate(operation: string, { name }: TestAgent): Promise<void> {
  expect(await world.operate(operation, { name })).toMatchObject({ status: 200 });
}

/** Three agents: the user calls the first, and each calls the next one. */
async function three() {
  const first = await agentThatAccepts();
  const second = await agentThatAccepts(first.name);
  const third = await agentThatAccepts(second.name);
  const token = await first.token({ userToken: await world.issuer.token('ana') });
  const between = await called(second, token);
  return { first, second, third, between, last: await called(third, between) };
}

it('names the chain in the token and in the audit entries of each credential request', async () => {
  const { first, second, third, last } = await three();
  expect(decodeJwt(last)).toMatchObject({
    sub: `${world.issuer.issuer}#ana`,
    act: { name: third.name, act: { name: second.name, act: { name: first.name } } },
  });
  const chain = [arnOf(second.name), arnOf(first.name)];
  expect((await world.audit()).at(-1)).toMatchObject({
    operation: 'GetWorkloadAccessTokenForJWT',
    workloadIdentity: arnOf(third.name),
    chain,
  });
  await third.ask(last, { oauth2Flow: 'M2M', scopes: ['a'] });
  expect((await world.audit()).at(-1)).toMatchObject({
    operation: 'GetResourceOauth2Token',
    outcome: 'allowed',
    workloadIdentity: arnOf(third.name),
    chain,
  });
});

it("gives an agent the user's grants to it, however it was called, and no grant of another agent", async () => {
  const { first, second, between } = await three();
  const userToken = await world.issuer.token('ana');
  const direct = await first.token({ userToken });
  const consented = await first.ask(direct);
  await first.complete(await first.consent(consented.authorizationUrl), { userToken });
  expect((await first.ask(direct)).accessToken).toEqual(expect.any(String));

  const unconsented = await second.ask(between);
  expect(unconsented.accessToken).toBeUndefined();
  await second.complete(await second.consent(unconsented.authorizationUrl), { userToken });
  const { accessToken } = await second.ask(between);
  expect(accessToken).toEqual(expect.any(String));
  expect((await second.ask(await second.token({ userToken }))).accessToken).toBe(accessToken);

  // The grants of the calling agent do not matter to the called one.
  const revoked = await world.post('RevokeResourceGrant', {
    workloadIdentityToken: direct,
    resourceCredentialProviderName: first.providerName,
  });
  expect(revoked.status).toBe(200);
  expect((await second.ask(between)).accessToken).toBe(accessToken);
});

it('gives nothing to the agents behind a suspended one, on any path, until it is resumed', async () => {
  const { first, second, third, between, last } = await three();
  const name = `key-of-${third.name}`;
  await world.control().createApiKeyCredentialProvider({ name, apiKey: 'k' });
  const requests: [string, () => Promise<unknown>][] = [
    ['USER_FEDERATION', () => third.ask(last)],
    ['M2M', () => third.ask(last, { oauth2Flow: 'M2M', scopes: ['a'] })],
    [
      'GetResourceApiKey',
      () =>
        third.client.getResourceApiKey({
          workloadIdentityToken: last,
          resourceCredentialProviderName: name,
        }),
    ],
  ];
  for (const [, request] of requests) await request();
  for (const suspended of [first, second]) {
    await operate('SuspendWorkloadIdentity', suspended);
    const denial = {
      name: 'AccessDeniedException',
      message: expect.stringContaining(`"${suspended.name}" is suspended`) as string,
    };
    for (const [path, request] of requests) {
      await expect(request().then(() => path)).rejects.toMatchObject(denial);
    }
    expect(await world.post('ListResourceGrants', { workloadIdentityToken: last })).toMatchObject({
      status: 403,
    });
    expect(await call(third, { workloadAccessToken: between, ...presenter() })).toMatchObject({
      status: 403,
    });
    // Without the suspended agent before it, the agent works.
    await third.ask(await third.token(), { oauth2Flow: 'M2M', scopes: ['a'] });
    await operate('ResumeWorkloadIdentity', suspended);
    for (const [, request] of requests) await request();
  }
});

it('gives no credential of a provider whose policy denies an agent of the chain', async () => {
  const { first, second, third, between, last } = await three();
  const control = world.control();
  const key = `guarded-key-of-${third.name}`;
  const { credentialProviderArn: apiKeyCredentialProviderArn = '' } =
    await control.createApiKeyCredentialProvider({ name: key, apiKey: 'k' });
  const { credentialProviderArn = '' } = await control.getOauth2CredentialProvider({
    name: third.providerName,
  });
  const identities = 'arn:aws:bedrock-agentcore:*:*:workload-identity-directory/default/workload-identity';
  for (const resourceArn of [apiKeyCredentialProviderArn, credentialProviderArn]) {
    const statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: '*',
      Resource: resourceArn,
      Condition: {
        'ForAnyValue:ArnLike': { 'bedrock-agentcore:CallingAgentArns': `${identities}/${first.name}` },
      },
    };
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    await control.putResourcePolicy({ resourceArn, policy });
  }
  const apiKey = (workloadIdentityToken: string) =>
    third.client.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName: key });
  const m2m = { oauth2Flow: 'M2M', scopes: ['a'] } as const;
  const requests: ((token: string) => Promise<unknown>)[] = [
    apiKey,
    (token) => third.ask(token),
    (token) => third.ask(token, { ...m2m, scopes: [...m2m.scopes] }),
  ];
  const shorter = await called(third, await second.token({ userToken: await world.issuer.token('ana') }));
  for (const request of requests) {
    await expect(request(last)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect((await world.audit()).at(-1)).toMatchObject({
      outcome: 'denied',
      chain: [arnOf(second.name), arnOf(first.name)],
      reason: expect.stringContaining('denies it') as string,
    });
    await request(shorter);
    await request(await third.token({ userToken: await world.issuer.token('ana') }));
  }
  // The providers of the agents before it have no such policy.
  await second.ask(between);
});

it('gives nothing to the agents behind a deleted one', async () => {
  const { first, third, last } = await three();
  await world.control().deleteWorkloadIdentity({ name: first.name });
  await expect(third.ask(last)).rejects.toMatchObject({
    name: 'UnauthorizedException',
    message: expect.not.stringContaining('expired') as string,
  });
});

it('rejects the token of an agent from a principal that is not authorized to use it, and alone', async () => {
  const { second, between, third } = await three();
  // From this mark, the endpoint knows that its caller can mend the error, and passes the message on.
  const concerns = 'calling-agent';
  expect(await call(third, { workloadAccessToken: between, ...presenter('stranger') })).toMatchObject({
    status: 403,
    concerns,
  });
  expect(await call(third, { workloadAccessToken: between })).toMatchObject({ status: 403, concerns });
  expect(await call(third, { workloadAccessToken: 'x', ...presenter() })).toMatchObject({
    status: 401,
    concerns,
  });
  const presented = { workloadAccessToken: between, ...presenter() };
  expect(await call(third, presented, { principal: 'stranger' })).toMatchObject({
    status: 403,
    concerns: undefined,
  });
  // The token of the called agent is of no use for another one.
  await expect(
    world.data('stranger').getResourceOauth2Token({
      workloadIdentityToken: between,
      resourceCredentialProviderName: second.providerName,
      scopes: ['a'],
      oauth2Flow: 'M2M',
    }),
  ).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

it('accepts the token of an agent with a user token of the same user only', async () => {
  const { second, third, between } = await three();
  const callingAgent = { workloadAccessToken: between };
  const withUserToken = async (subject: string) => ({
    input: { userToken: await world.issuer.token(subject) },
  });
  expect(await call(third, callingAgent, await withUserToken('ben'))).toMatchObject({
    status: 403,
    concerns: 'calling-agent',
  });
  const { workloadAccessToken } = await call(third, callingAgent, await withUserToken('ana'));
  expect(decodeJwt(workloadAccessToken)).toMatchObject({ act: { act: { name: second.name } } });
});
