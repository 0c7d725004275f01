/** Identity assertions (docs/cross-app-access.md): the service accepts them, and gets them for its agents. */
import { randomUUID } from 'node:crypto';
import { CLIENT, ID_JAG_TYP } from '../../flows/support/assertion-server';
import type { HttpResponse } from '../../local/handmade-request';
import { scenario, type Prepared, type Scenario } from '../scenario';
import { ASSERTIONS } from '../servers';
import type { Stage } from '../stage';
import { cool, newIdentity, type Agent } from './agents';
import { onBehalfOf } from './on-behalf-of';
import { call, called, json } from './request';

/** Seconds, the longest that the service accepts: longer than all tries of a case. */
const ASSERTION_LIFETIME = 900;

/** The last call of a request with an assertion. */
const USE = 'PutItem Sessions USED-ASSERTION';

async function newAssertion({ world: { issuer }, secrets }: Stage, user: string): Promise<string> {
  const assertion = await issuer.token(
    user,
    {
      aud: ASSERTIONS.audience,
      client_id: ASSERTIONS.client,
      jti: randomUUID(),
      exp: Math.floor(Date.now() / 1000) + ASSERTION_LIFETIME,
    },
    { typ: ID_JAG_TYP },
  );
  secrets.add(assertion);
  return assertion;
}

/** Creates the agent that the deployment names, unless an earlier case did. */
async function acceptingAgent(stage: Stage): Promise<string> {
  const { workloadName: name } = ASSERTIONS;
  const { status, body } = await call(stage, 'CreateWorkloadIdentity', { body: { name } });
  if (status !== 201 && status !== 409) throw new Error(`CreateWorkloadIdentity: ${status} ${body}`);
  return name;
}

/** Whether the service rejects an assertion because its use was recorded before. */
const isUsedUp = (response: HttpResponse): boolean =>
  response.status === 401 && json<{ message: string }>(response).message.includes('used before');

async function accepting(stage: Stage, workloadName: string): Promise<Prepared> {
  cool();
  const present = (userToken: string) =>
    call(stage, 'GetWorkloadAccessTokenForJWT', { body: { workloadName, userToken } });
  const user = stage.unique('user');
  const assertion = await newAssertion(stage, user);
  const expectNextAccepted = async (): Promise<void> => {
    const { status, body } = await present(await newAssertion(stage, user));
    if (status !== 200) throw new Error(`the next assertion: ${status} ${body.slice(0, 300)}`);
  };
  let isRetry = false;
  return {
    act: () => present(assertion),
    again() {
      isRetry = true;
      return present(assertion);
    },
    // The use was recorded, and no response to the write arrived. Anyone can be the sender of the second request.
    ends: (response, { label }) => isRetry && label === USE && isUsedUp(response),
    expectWayOn: expectNextAccepted,
    async verify() {
      const response = await present(assertion);
      if (!isUsedUp(response)) throw new Error(`a second token for an assertion: ${response.status}`);
      await expectNextAccepted();
    },
  };
}

const EXCHANGE = { grantType: 'TOKEN_EXCHANGE' } as const;

async function newProvider(
  stage: Stage,
  { discoveryUrl }: { readonly discoveryUrl: string },
  members: object,
): Promise<string> {
  const name = stage.unique('provider');
  await called(stage, 'CreateOauth2CredentialProvider', {
    body: {
      name,
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: { oauthDiscovery: { discoveryUrl }, ...members },
      },
    },
  });
  return name;
}

/** An agent with a provider that redeems the assertions that a second provider gets. */
async function assertingAgent(stage: Stage): Promise<Pick<Agent, 'name' | 'provider'>> {
  const { world, assertionServer } = stage;
  const credentialProviderName = await newProvider(stage, world.issuer, {
    ...CLIENT,
    clientAuthenticationMethod: 'CLIENT_SECRET_POST',
    onBehalfOfTokenExchangeConfig: EXCHANGE,
  });
  const { clientId, clientSecret } = assertionServer;
  const provider = await newProvider(stage, assertionServer, {
    clientId,
    clientSecret,
    onBehalfOfTokenExchangeConfig: {
      grantType: 'IDENTITY_ASSERTION',
      identityAssertionConfig: { credentialProviderName },
    },
  });
  return { name: await newIdentity(stage), provider };
}

async function asserting(stage: Stage, agent: Pick<Agent, 'name' | 'provider'>): Promise<Prepared> {
  const { issuer } = stage.world;
  const userToken = await issuer.token(stage.unique('user'), { aud: CLIENT.clientId });
  // Only the identity provider gets the ID token.
  return onBehalfOf(stage, { agent, userToken, receiver: issuer.issuer, server: stage.assertionServer });
}

export const IDENTITY_ASSERTIONS: readonly Scenario[] = [
  scenario({
    operation: 'GetWorkloadAccessTokenForJWT',
    variant: 'with an identity assertion',
    part: 'data plane',
    share: acceptingAgent,
    prepare: accepting,
  }),
  scenario({
    operation: 'GetResourceOauth2Token',
    variant: 'exchange by an identity assertion',
    part: 'data plane',
    share: assertingAgent,
    prepare: asserting,
  }),
];
