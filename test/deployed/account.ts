/**
 * A deployment in an account, by the credentials of AWS's default chain: what can be seen of it from outside without a
 * change to it. Names are this run's own, and what was created is deleted.
 */
import { randomBytes } from 'node:crypto';
import { deepStrictEqual, rejects, strictEqual } from 'node:assert';
import {
  BedrockAgentCoreClient,
  GetResourceApiKeyCommand,
  GetWorkloadAccessTokenCommand,
  GetWorkloadAccessTokenForUserIdCommand,
} from '@aws-sdk/client-bedrock-agentcore';
import {
  BedrockAgentCoreControlClient,
  CreateApiKeyCredentialProviderCommand,
  CreateWorkloadIdentityCommand,
  DeleteApiKeyCredentialProviderCommand,
  DeleteWorkloadIdentityCommand,
  GetWorkloadIdentityCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { OPERATIONS } from '../../lambda/contract/operations';
import type { Checks } from './checks';
import { checkSignaturesAreWanted } from './unsigned';

/** What is seen in the emulator only, and why. */
const ELSEWHERE = [
  [
    'bootstrap, deploy, second deploy, update and destroy',
    "an account's stacks are not for a test to change",
  ],
  ['events without a caller', 'who checks from outside need not be let invoke functions'],
  ['consent, refresh and client credentials', 'the account reaches no provider on this machine'],
  ['the roles of the functions', 'an account gives no one the credentials of a function'],
  ['the example app', "an account's stacks are not for a test to change"],
] as const;

async function checkAgent(checks: Checks, endpoint: string, name: string): Promise<void> {
  const settings = { endpoint, ...{ signingName: 'execute-api' } };
  const control = new BedrockAgentCoreControlClient(settings);
  const data = new BedrockAgentCoreClient(settings);
  const apiKey = randomBytes(16).toString('hex');

  const resourceArn = await checks.step('a workload identity is created and read back', async () => {
    await control.send(new CreateWorkloadIdentityCommand({ name }));
    const { workloadIdentityArn = '' } = await control.send(new GetWorkloadIdentityCommand({ name }));
    return workloadIdentityArn;
  });

  await checks.check('workload access tokens verify by the published keys', async () => {
    const own = await data.send(new GetWorkloadAccessTokenCommand({ workloadName: name }));
    const forUser = await data.send(
      new GetWorkloadAccessTokenForUserIdCommand({ workloadName: name, userId: 'ana' }),
    );
    const metadata = await fetch(endpoint + OPERATIONS.IssuerMetadata.path);
    const { issuer = '', jwks_uri: keysAt = '' } = (await metadata.json()) as {
      issuer?: string;
      jwks_uri?: string;
    };
    const keys = (await (await fetch(keysAt)).json()) as JSONWebKeySet;
    for (const { workloadAccessToken = '' } of [own, forUser]) {
      await jwtVerify(workloadAccessToken, createLocalJWKSet(keys), { issuer });
    }
  });

  await checks.check('an API key: sealed, and returned to the agent', async () => {
    await control.send(new CreateApiKeyCredentialProviderCommand({ name, apiKey }));
    const { workloadAccessToken } = await data.send(
      new GetWorkloadAccessTokenCommand({ workloadName: name }),
    );
    const answer = await data.send(
      new GetResourceApiKeyCommand({
        workloadIdentityToken: workloadAccessToken,
        resourceCredentialProviderName: name,
      }),
    );
    strictEqual(answer.apiKey, apiKey);
  });

  await checks.check('tags, with the ARN in the path', async () => {
    await control.send(new TagResourceCommand({ resourceArn, tags: { trial: name } }));
    const { tags } = await control.send(new ListTagsForResourceCommand({ resourceArn }));
    deepStrictEqual(tags, { trial: name });
  });

  await checks.check('what is deleted no longer exists', async () => {
    await control.send(new DeleteApiKeyCredentialProviderCommand({ name }));
    await control.send(new DeleteWorkloadIdentityCommand({ name }));
    await rejects(data.send(new GetWorkloadAccessTokenCommand({ workloadName: name })), {
      name: 'ResourceNotFoundException',
    });
  });
}

/** Deletes what a check that failed has left; most of the time there is nothing. */
async function cleanUp(endpoint: string, name: string): Promise<void> {
  const control = new BedrockAgentCoreControlClient({ endpoint, ...{ signingName: 'execute-api' } });
  await Promise.allSettled([
    control.send(new DeleteApiKeyCredentialProviderCommand({ name })),
    control.send(new DeleteWorkloadIdentityCommand({ name })),
  ]);
}

/** @param endpoint as the stack puts it out; a slash at its end is taken away */
export async function checkAccount(checks: Checks, endpoint: string): Promise<void> {
  const address = endpoint.replace(/\/+$/, '');
  const name = `test-deployed-${randomBytes(6).toString('hex')}`;

  checks.chapter(`Who is let in at ${address}`);
  await checkSignaturesAreWanted(checks, address);

  checks.chapter("An agent of this run's own");
  try {
    await checkAgent(checks, address, name);
  } finally {
    await cleanUp(address, name);
  }

  checks.chapter('In the emulator only');
  for (const [what, why] of ELSEWHERE) checks.skip(what, why);
}
