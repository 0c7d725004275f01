/**
 * A deployment in an AWS account, with the credentials of the default chain: checks from outside that do not change the
 * deployment. Names are unique to this run, and created resources are deleted.
 */
import { randomBytes } from 'node:crypto';
import { deepStrictEqual, rejects, strictEqual } from 'node:assert';
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { OPERATIONS } from '../../lambda/operations';
import type { Checks } from './checks';
import { checkSignaturesAreRequired } from './unsigned';

/** Checks that run only in the emulator, with the reason. */
const ELSEWHERE = [
  ['bootstrap, deploy, second deploy, update, and destroy', "a test must not change an account's stacks"],
  ['events without a caller', 'a check from outside needs no permission to invoke functions'],
  ['consent, refresh, and client credentials', 'the account cannot reach a provider on this machine'],
  ['the roles of the functions', 'no principal can get the credentials of a function in an account'],
  ['the example app', "a test must not change an account's stacks"],
] as const;

async function checkAgent(checks: Checks, endpoint: string, name: string): Promise<void> {
  const settings = { endpoint, ...{ signingName: 'execute-api' } };
  const control = new BedrockAgentCoreControl(settings);
  const data = new BedrockAgentCore(settings);
  const apiKey = randomBytes(16).toString('hex');

  const resourceArn = await checks.step('a workload identity can be created and read', async () => {
    await control.createWorkloadIdentity({ name });
    const { workloadIdentityArn = '' } = await control.getWorkloadIdentity({ name });
    return workloadIdentityArn;
  });

  await checks.check('the published keys verify workload access tokens', async () => {
    const own = await data.getWorkloadAccessToken({ workloadName: name });
    const forUser = await data.getWorkloadAccessTokenForUserId({ workloadName: name, userId: 'ana' });
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

  await checks.check('an API key is encrypted, and returned to the agent', async () => {
    await control.createApiKeyCredentialProvider({ name, apiKey });
    const { workloadAccessToken } = await data.getWorkloadAccessToken({ workloadName: name });
    const answer = await data.getResourceApiKey({
      workloadIdentityToken: workloadAccessToken,
      resourceCredentialProviderName: name,
    });
    strictEqual(answer.apiKey, apiKey);
  });

  await checks.check('tags can be changed with the ARN in the path', async () => {
    await control.tagResource({ resourceArn, tags: { trial: name } });
    const { tags } = await control.listTagsForResource({ resourceArn });
    deepStrictEqual(tags, { trial: name });
  });

  await checks.check('deleted resources no longer exist', async () => {
    await control.deleteApiKeyCredentialProvider({ name });
    await control.deleteWorkloadIdentity({ name });
    await rejects(data.getWorkloadAccessToken({ workloadName: name }), {
      name: 'ResourceNotFoundException',
    });
  });
}

/** Deletes resources that a failed check has left, if any. */
async function cleanUp(endpoint: string, name: string): Promise<void> {
  const control = new BedrockAgentCoreControl({ endpoint, ...{ signingName: 'execute-api' } });
  await Promise.allSettled([
    control.deleteApiKeyCredentialProvider({ name }),
    control.deleteWorkloadIdentity({ name }),
  ]);
}

/** @param endpoint the output of the stack; a trailing slash is removed */
export async function checkAccount(checks: Checks, endpoint: string): Promise<void> {
  const address = endpoint.replace(/\/+$/, '');
  const name = `test-deployed-${randomBytes(6).toString('hex')}`;

  checks.chapter(`Access at ${address}`);
  await checkSignaturesAreRequired(checks, address);

  checks.chapter('A new agent');
  try {
    await checkAgent(checks, address, name);
  } finally {
    await cleanUp(address, name);
  }

  checks.chapter('Only in the emulator');
  for (const [what, why] of ELSEWHERE) checks.skip(what, why);
}
