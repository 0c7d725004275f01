/** What an agent calls. Before each request, all caches of the functions expire, so that it makes all its calls. */
import type { HttpResponse } from '../../local/handmade-request';
import type { Site } from '../calls';
import { itemsIn } from '../outbox';
import { passTime } from '../passing-time';
import { scenario, type Prepared, type Scenario } from '../scenario';
import type { Stage } from '../stage';
import {
  askFor,
  cool,
  expectUsable,
  consent,
  enterSigningPeriod,
  grantedAgent,
  hasLink,
  hasToken,
  isActive,
  M2M,
  newAgent,
  newIdentity,
  newProvider,
  tokenOf,
  tokenRequest,
  type Agent,
} from './agents';
import { call, called, json } from './request';

const API_KEY = 'an-api-key-that-no-log-line-has';

/** Seconds until an access token expires, and until its renewal window begins. */
const LIFETIME = 3600;
const WINDOW = LIFETIME - 200;

async function minting(
  stage: Stage,
  operation: 'GetWorkloadAccessToken' | 'GetWorkloadAccessTokenForJWT' | 'GetWorkloadAccessTokenForUserId',
  user: () => Promise<object>,
): Promise<Prepared> {
  const workloadName = await newIdentity(stage);
  cool();
  const body = { workloadName, ...(await user()) };
  return { act: () => call(stage, operation, { body }), repeatable: true };
}

/** Only the provider knows whether the refresh token of a request without a response was used. Then, the user consents again. */
const refreshTokenUsedUp = (response: HttpResponse, { label }: Site): boolean =>
  label === 'POST /token' && hasLink(response);

/** A request for a token of the agent or a user, from a grant of a certain age. */
async function reading(
  stage: Stage,
  { agent, userId }: { agent: Agent; userId?: string },
  { age, more = {} }: { age?: number; more?: object } = {},
): Promise<Prepared> {
  if (age === undefined) cool();
  else passTime(age);
  const token = await tokenOf(stage, agent.name, userId);
  return {
    act: () => call(stage, 'GetResourceOauth2Token', tokenRequest(agent, token, more)),
    again: async () => {
      const fresh = await tokenOf(stage, agent.name, userId);
      return call(stage, 'GetResourceOauth2Token', tokenRequest(agent, fresh, more));
    },
    isSuccess: hasToken,
    ends: refreshTokenUsedUp,
    repeatable: true,
    verify: () => expectUsable(stage, agent, more, userId),
  };
}

const operation = 'GetResourceOauth2Token';
const part = 'data plane';

export const DATA_PLANE: readonly Scenario[] = [
  scenario({
    operation: 'GetWorkloadAccessToken',
    part,
    prepare: (stage) => minting(stage, 'GetWorkloadAccessToken', () => Promise.resolve({})),
  }),
  scenario({
    operation: 'GetWorkloadAccessToken',
    variant: 'with the first key of a period',
    part,
    share: newIdentity,
    prepare(stage, workloadName) {
      enterSigningPeriod();
      const act = () => call(stage, 'GetWorkloadAccessToken', { body: { workloadName } });
      return Promise.resolve({ act, repeatable: true });
    },
  }),
  scenario({
    operation: 'GetWorkloadAccessTokenForJWT',
    part,
    prepare: (stage) =>
      minting(stage, 'GetWorkloadAccessTokenForJWT', async () => {
        const userToken = await stage.world.issuer.token(stage.unique('user'));
        stage.secrets.add(userToken);
        return { userToken };
      }),
  }),
  scenario({
    operation: 'GetWorkloadAccessTokenForUserId',
    part,
    prepare: (stage) =>
      minting(stage, 'GetWorkloadAccessTokenForUserId', () => Promise.resolve({ userId: 'ana' })),
  }),
  scenario({
    operation: 'GetResourceApiKey',
    part,
    async share(stage) {
      const name = stage.unique('key');
      stage.secrets.add(API_KEY);
      await called(stage, 'CreateApiKeyCredentialProvider', { body: { name, apiKey: API_KEY } });
      return { name, workload: await newIdentity(stage) };
    },
    async prepare(stage, { name, workload }) {
      cool();
      const workloadIdentityToken = await tokenOf(stage, workload);
      const body = { workloadIdentityToken, resourceCredentialProviderName: name };
      return {
        act: () => call(stage, 'GetResourceApiKey', { body }),
        isSuccess: (response) =>
          response.status === 200 && json<{ apiKey: string }>(response).apiKey === API_KEY,
        repeatable: true,
      };
    },
  }),
  scenario({
    operation,
    variant: 'a stored token',
    part,
    share: async (stage) => ({ agent: await newAgent(stage) }),
    async prepare(stage, granted) {
      // The token of the agent, because it takes no consent to store one when it has expired.
      await askFor(stage, granted.agent, await tokenOf(stage, granted.agent.name), M2M);
      return reading(stage, granted, { more: M2M });
    },
  }),
  scenario({
    operation,
    variant: "renewal of a user's token",
    part,
    share: grantedAgent,
    prepare: (stage, granted) => reading(stage, granted, { age: LIFETIME + 1 }),
  }),
  scenario({
    operation,
    variant: "renewal of a user's token in the background",
    part,
    share: grantedAgent,
    async prepare(stage, granted) {
      const { agent, userId } = granted;
      // The token of the case before might be of any age.
      passTime(LIFETIME + 1);
      await askFor(stage, agent, await tokenOf(stage, agent.name, userId));
      const { verify, ...prepared } = await reading(stage, granted, { age: WINDOW });
      return {
        ...prepared,
        async verify(site) {
          try {
            await verify?.();
          } catch (error) {
            // The valid token was returned. Then, the provider got the used refresh token again, and ended both.
            await stage.quiet();
            if (!site || !refreshTokenUsedUp(await prepared.act(), site)) throw error;
            await consent(stage, granted);
          }
        },
      };
    },
  }),
  scenario({
    operation,
    variant: "the agent's first token",
    part,
    prepare: async (stage) => reading(stage, { agent: await newAgent(stage) }, { more: M2M }),
  }),
  scenario({
    operation,
    variant: "renewal of the agent's token",
    part,
    async share(stage) {
      const agent = await newAgent(stage);
      await askFor(stage, agent, await tokenOf(stage, agent.name), M2M);
      return agent;
    },
    prepare: (stage, agent) => reading(stage, { agent }, { age: LIFETIME + 1, more: M2M }),
  }),
  scenario({
    operation: 'RejectResourceOauth2Token',
    part,
    share: grantedAgent,
    async prepare(stage, { agent, userId }) {
      cool();
      const { accessToken } = await askFor(stage, agent, await tokenOf(stage, agent.name, userId));
      cool();
      const { body } = tokenRequest(agent, await tokenOf(stage, agent.name, userId));
      const rejection = { body: { ...body, rejectedAccessToken: accessToken } };
      return {
        act: () => call(stage, 'RejectResourceOauth2Token', rejection),
        isSuccess: hasToken,
        ends: refreshTokenUsedUp,
        verify: () => expectUsable(stage, agent, {}, userId),
      };
    },
  }),
  scenario({
    operation: 'GetResourceDpopProof',
    part,
    async share(stage) {
      const resourceUrls = [`${stage.world.provider.issuer}/me`];
      const { name: provider } = await newProvider(stage, { dpopConfig: { resourceUrls } });
      return { name: await newIdentity(stage), provider };
    },
    async prepare(stage, { name, provider }) {
      cool();
      const body = {
        workloadIdentityToken: await tokenOf(stage, name),
        resourceCredentialProviderName: provider,
        ...M2M,
        httpMethod: 'GET',
        httpUri: `${stage.world.provider.issuer}/me`,
      };
      return { act: () => call(stage, 'GetResourceDpopProof', { body }), repeatable: true };
    },
  }),
  scenario({
    operation: 'ListResourceGrants',
    part,
    share: grantedAgent,
    async prepare(stage, { agent, userId }) {
      cool();
      const workloadIdentityToken = await tokenOf(stage, agent.name, userId);
      return {
        act: () => call(stage, 'ListResourceGrants', { body: { workloadIdentityToken } }),
        isSuccess: (response) =>
          response.status === 200 && json<{ grants: unknown[] }>(response).grants.length === 1,
        repeatable: true,
      };
    },
  }),
  scenario({
    operation: 'RevokeResourceGrant',
    part,
    share: newAgent,
    async prepare(stage, agent) {
      cool();
      const first = await tokenOf(stage, agent.name);
      const { accessToken = '' } = await askFor(stage, agent, first, M2M);
      cool();
      const workloadIdentityToken = await tokenOf(stage, agent.name);
      const body = { workloadIdentityToken, resourceCredentialProviderName: agent.provider };
      return {
        act: () => call(stage, 'RevokeResourceGrant', { body }),
        performed: [404],
        async verify() {
          const items = await itemsIn(stage, stage.faults.touched);
          if (items.length !== 1) throw new Error(`${items.length} items in the outbox`);
          if (items[0]?.state === 'CONFIRMED' && (await isActive(stage, accessToken))) {
            throw new Error('the provider still accepts an access token whose revocation is confirmed');
          }
        },
      };
    },
  }),
];
