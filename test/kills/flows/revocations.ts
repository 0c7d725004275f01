/** Revocation and deletion: what takes tokens away, and has them revoked at their provider. */
import assert from 'node:assert/strict';
import { GetResourceApiKeyCommand } from '@aws-sdk/client-bedrock-agentcore';
import type { TestAgent } from '../../flows/support/world';
import type { Flow, Run } from '../flow';
import type { Stage } from '../stage';

const USER = 'ana';

interface Connected {
  readonly agent: TestAgent;
  readonly accessToken: string;
  readonly refreshToken: string;
}

async function connected(stage: Stage): Promise<Connected> {
  const { agent, accessToken } = await stage.connected(USER);
  const refreshToken = String(stage.provider.exchanges.at(-1)?.answer.refresh_token);
  return { agent, accessToken, refreshToken };
}

const isRevoked = async ({ provider }: Stage, { accessToken, refreshToken }: Connected): Promise<boolean> =>
  !(await provider.accepts(accessToken)) && !(await provider.accepts(refreshToken));

/** Requests for one token without a kill: `revokeTokens` repeats the refresh token, as the proof that it is dead. */
const REQUESTS = 2;

/** A killed attempt is repeated, and so is a killed request to revoke: up to two attempts send a token. */
function checkRequests({ provider }: Stage, { accessToken, refreshToken }: Connected): void {
  for (const token of [accessToken, refreshToken]) {
    const times = provider.revoked.filter((revoked) => revoked === token).length;
    assert.ok(times <= 2 * REQUESTS, `${times} requests to revoke a token`);
  }
}

/** @param begin repeats its request if the service is killed */
const revocation = (
  name: string,
  begin: (stage: Stage, connected: Connected) => Promise<void>,
  options: Pick<Flow, 'alone' | 'omittedFromQuick'> = {},
): Flow => ({
  name,
  ...options,
  // A repeated request stores another revocation, which matches nothing more.
  leftovers: { 'Revocations REVOCATION': 1, 'Revocations REVOKED-GRANT': 1, 'Sessions SESSION': 1 },
  async prepare(stage): Promise<Run> {
    const held = await connected(stage);
    return {
      async run() {
        await begin(stage, held);
        await stage.sweepUntil('the provider has revoked the tokens', () => isRevoked(stage, held));
        // The end of the item, which a killed worker could not write.
        await stage.cloud.moveClock(65);
        await stage.invoke('revocation', { sweep: true });
      },
      async check() {
        checkRequests(stage, held);
        const { accessToken, authorizationUrl } = await stage.ask(held.agent, USER);
        assert.ok(accessToken === undefined, 'the token is not returned');
        assert.ok(authorizationUrl, 'the user can consent again');
        return {};
      },
    };
  },
});

const byUser = revocation('revocation by the user', async (stage, { agent }) => {
  const { status } = await stage.cloud.retry(async () =>
    stage.cloud.post(
      '/identities/RevokeResourceGrant',
      {
        workloadIdentityToken: await agent.token({ userId: USER }),
        resourceCredentialProviderName: agent.providerName,
      },
      'agent',
    ),
  );
  // The repetition finds no grant if the killed process has revoked it.
  assert.ok([200, 404].includes(status), `status ${status}`);
});

const byOperator = revocation(
  'revocation by an operator',
  async (stage, { agent }) => {
    const { status } = await stage.operate('RevokeGrants', { workloadName: agent.name });
    assert.equal(status, 200);
  },
  { omittedFromQuick: true },
);

/** The first revocation of a deployment, which creates the vault key of the outbox. */
const byForce = revocation(
  'forceAuthentication',
  async (stage, { agent }) => {
    await stage.ask(agent, USER, { forceAuthentication: true });
  },
  { alone: true, omittedFromQuick: true },
);

/** A repeated deletion does not find what the killed process has deleted. */
async function deleted(stage: Stage, call: () => Promise<unknown>): Promise<void> {
  await stage.cloud.retry(call).catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== 'ResourceNotFoundException') throw error;
  });
}

const deletion = (
  name: string,
  remove: (stage: Stage, agent: TestAgent) => Promise<unknown>,
  get: (stage: Stage, agent: TestAgent) => Promise<unknown>,
  omittedFromQuick = false,
): Flow => ({
  name,
  omittedFromQuick,
  leftovers: { 'Revocations REVOCATION': 1 },
  async prepare(stage): Promise<Run> {
    const held = await connected(stage);
    return {
      async run() {
        await deleted(stage, () => remove(stage, held.agent));
        await stage.sweepUntil('the provider has revoked the tokens', () => isRevoked(stage, held));
        await stage.cloud.moveClock(65);
        await stage.invoke('revocation', { sweep: true });
      },
      async check() {
        checkRequests(stage, held);
        await assert.rejects(get(stage, held.agent), { name: 'ResourceNotFoundException' });
        return {};
      },
    };
  },
});

const ofIdentity = deletion(
  'deletion of a workload identity',
  ({ cloud }, { name }) => cloud.control().deleteWorkloadIdentity({ name }),
  ({ cloud }, { name }) => cloud.control().getWorkloadIdentity({ name }),
);

const ofProvider = deletion(
  'deletion of an OAuth2 credential provider',
  ({ cloud }, { providerName }) => cloud.control().deleteOauth2CredentialProvider({ name: providerName }),
  ({ cloud }, { providerName }) => cloud.control().getOauth2CredentialProvider({ name: providerName }),
  true,
);

const ofApiKeys: Flow = {
  name: 'deletion of an API key credential provider',
  async prepare(stage): Promise<Run> {
    const agent = await stage.agent();
    const name = stage.name('keys');
    const control = stage.cloud.control();
    await control.createApiKeyCredentialProvider({ name, apiKey: 'the-api-key' });
    return {
      run: () => deleted(stage, () => control.deleteApiKeyCredentialProvider({ name })),
      async check() {
        const workloadIdentityToken = await agent.token();
        const command = new GetResourceApiKeyCommand({
          workloadIdentityToken,
          resourceCredentialProviderName: name,
        });
        await assert.rejects(agent.client.send(command), { name: 'ResourceNotFoundException' });
        return {};
      },
    };
  },
};

export const REVOCATION_FLOWS: readonly Flow[] = [
  byUser,
  byOperator,
  byForce,
  ofIdentity,
  ofProvider,
  ofApiKeys,
];
