/** Acceptance scenario 3: the AgentCore SDK for TypeScript (npm `bedrock-agentcore`), whose wrappers get the credentials. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import {
  BedrockAgentCore,
  GetWorkloadAccessTokenCommand,
  GetWorkloadAccessTokenForUserIdCommand,
} from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { withAccessToken, withApiKey } from 'bedrock-agentcore/identity';
import { consent, RETURN_URL } from './consent.mjs';
import { signedFor } from './signing.mjs';

const service = JSON.parse(process.env.SERVICE);
const providerName = service.agent.credentialProviderName;
const [user] = service.calendar.users;
const read = { providerName, scopes: ['calendar.read'] };

// Endpoint, Region, and keys come from the environment, as for the clients that the SDK creates.
const identity = new BedrockAgentCore({});
const control = new BedrockAgentCoreControl({ signingName: 'execute-api' });

async function newAgent() {
  const name = `ts-agent-${randomUUID()}`;
  const allowedResourceOauth2ReturnUrls = [RETURN_URL];
  await control.createWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls });
  return name;
}

async function tokenFor(workloadName, userId) {
  const command = userId
    ? new GetWorkloadAccessTokenForUserIdCommand({ workloadName, userId })
    : new GetWorkloadAccessTokenCommand({ workloadName });
  return (await identity.send(command)).workloadAccessToken;
}

describe('withAccessToken', () => {
  it('gets a machine token without waiting', async () => {
    const workloadIdentityToken = await tokenFor(await newAgent());
    const tool = withAccessToken({ ...read, authFlow: 'M2M', workloadIdentityToken })(
      async (question, token) => ({ question, token }),
    );
    const { question, token } = await tool('what is on?');
    assert.equal(question, 'what is on?');
    assert.ok(token);
    assert.equal((await tool('again')).token, token);
  });

  it('polls while the user consents, resolves after Complete, and then returns the token from the vault', async () => {
    const workloadIdentityToken = await tokenFor(await newAgent(), 'ana');
    let links = 0;
    const back = {};
    const wrap = withAccessToken({
      ...read,
      authFlow: 'USER_FEDERATION',
      workloadIdentityToken,
      callbackUrl: RETURN_URL,
      customState: 'mine',
      onAuthUrl: (url) => {
        links += 1;
        // Not awaited, because the SDK polls while the user consents.
        const complete = async () => {
          Object.assign(back, await consent(url, user));
          const userIdentifier = { userId: 'ana' };
          await identity.completeResourceTokenAuth({ sessionUri: back.session_id, userIdentifier });
        };
        back.completed = complete();
      },
    });
    const tool = wrap(async (token) => token);
    const first = await tool();
    await back.completed;
    assert.ok(first);
    assert.equal(back.state, 'mine');
    assert.equal(back.from, 'test');
    assert.equal(await tool(), first);
    assert.equal(links, 1);
  });

  it('never resolves with the old token when it forces authentication', async () => {
    const workloadIdentityToken = await tokenFor(await newAgent(), 'ana');
    const onAuthUrl = async (url) => {
      const { session_id: sessionUri } = await consent(url, user);
      const userIdentifier = { userId: 'ana' };
      await identity.completeResourceTokenAuth({ sessionUri, userIdentifier });
    };
    const tool = withAccessToken({
      ...read,
      authFlow: 'USER_FEDERATION',
      workloadIdentityToken,
      callbackUrl: RETURN_URL,
      forceAuthentication: true,
      onAuthUrl,
    })(async (token) => token);
    assert.notEqual(await tool(), await tool());
  });

  it("rejects with the service's reason, without a retry, when the return URL is not registered", async () => {
    const tool = withAccessToken({
      ...read,
      authFlow: 'USER_FEDERATION',
      workloadIdentityToken: await tokenFor(await newAgent(), 'ana'),
      callbackUrl: `${RETURN_URL}/`,
    })(async (token) => token);
    await assert.rejects(tool(), ({ name, reason, $metadata }) => {
      assert.deepEqual(
        [name, reason, $metadata.httpStatusCode, $metadata.attempts],
        ['ValidationException', 'FieldValidationFailed', 400, 1],
      );
      return true;
    });
  });

  it('rejects a changed workload access token', async () => {
    const workloadIdentityToken = (await tokenFor(await newAgent())).slice(0, -4);
    const tool = withAccessToken({ ...read, authFlow: 'M2M', workloadIdentityToken })(async (token) => token);
    await assert.rejects(tool(), { name: 'UnauthorizedException' });
  });
});

describe('withApiKey', () => {
  let name;
  before(async () => {
    name = `ts-key-${randomUUID()}`;
    await control.createApiKeyCredentialProvider({ name, apiKey: 'key-for-the-wrapper' });
  });

  it('gets the key', async () => {
    const workloadIdentityToken = await tokenFor(await newAgent());
    const tool = withApiKey({ providerName: name, workloadIdentityToken })(async (key) => key);
    assert.equal(await tool(), 'key-for-the-wrapper');
  });
});

after(() => {
  assert.deepEqual([...signedFor], ['execute-api']);
});
