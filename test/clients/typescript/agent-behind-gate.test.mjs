/**
 * An agent on the AgentCore SDK for TypeScript (`BedrockAgentCoreApp`) behind its own gate, unchanged from AgentCore
 * Runtime; the AWS SDK client invokes it for a user that the caller is authorized to name.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { readEvents } from '../../../examples/local/server-sent-events.ts';
import { startAgentEndpoint } from '../../../lib/local/agent-endpoint.ts';
import '../../program/quiet.ts';
import { consent, RETURN_URL } from './consent.mjs';
import { signedFor } from './signing.mjs';

const service = JSON.parse(process.env.SERVICE);
const [user] = service.calendar.users;
const GATE_ROLE = 'arn:aws:iam::000000000000:role/gate';
const AGENT_ROLE = 'arn:aws:iam::000000000000:role/agent';

const identity = new BedrockAgentCore({});
const control = new BedrockAgentCoreControl({ signingName: 'execute-api' });

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A workload identity for which the gate can get tokens, for user IDs and for the agent alone. */
async function newWorkload() {
  const name = `ts-behind-gate-${randomUUID()}`;
  const { workloadIdentityArn } = await control.createWorkloadIdentity({
    name,
    allowedResourceOauth2ReturnUrls: [RETURN_URL],
  });
  const policy = {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { AWS: GATE_ROLE },
      Action: [
        'bedrock-agentcore:GetWorkloadAccessToken',
        'bedrock-agentcore:GetWorkloadAccessTokenForUserId',
      ],
      Resource: '*',
    },
  };
  await control.putResourcePolicy({ resourceArn: workloadIdentityArn, policy: JSON.stringify(policy) });
  return name;
}

describe('an agent on BedrockAgentCoreApp', () => {
  let agent;
  let gate;
  let client;

  before(async () => {
    const port = await freePort();
    agent = spawn(process.execPath, [join(import.meta.dirname, 'sdk-agent.mjs')], {
      env: { ...process.env, PORT: String(port), PROVIDER: service.agent.credentialProviderName },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const origin = `http://127.0.0.1:${port}`;
    while (!(await globalThis.fetch(`${origin}/ping`).catch(() => undefined))?.ok) {
      assert.equal(agent.exitCode, null, 'the agent process ended');
      await wait(50);
    }
    gate = await startAgentEndpoint({
      name: 'sdk_agent',
      service,
      workloadName: await newWorkload(),
      inbound: { kind: 'IAM', userIdPrincipals: [AGENT_ROLE] },
      target: { kind: 'url', url: `${origin}/invocations` },
      oauth2CallbackUrl: RETURN_URL,
    });
    client = new BedrockAgentCore({ endpoint: gate.baseUrl });
  });

  after(async () => {
    await gate?.close();
    agent?.kill();
  });

  /** Yields each event of a response, parsed, when it arrives. */
  async function* invoke(runtimeSessionId, runtimeUserId) {
    const { response, contentType } = await client.invokeAgentRuntime({
      agentRuntimeArn: gate.agentRuntimeArn,
      runtimeSessionId,
      runtimeUserId,
      contentType: 'application/json',
      accept: 'text/event-stream',
      payload: JSON.stringify({ question: 'What is on?', state: 'mine' }),
    });
    assert.match(contentType, /^text\/event-stream/);
    for await (const { data } of readEvents(response)) yield JSON.parse(data);
  }

  it("runs unchanged: streams events, gets the user's consent, and then the token", async () => {
    const sessionId = randomUUID();
    const answer = invoke(sessionId, 'ana');
    const { value: first } = await answer.next();
    // None of the caller's own headers: neither the signature nor the user ID.
    assert.deepEqual(first, { asked: 'What is on?', sessionId, headers: [] });
    const { value: second } = await answer.next();
    const back = await consent(second.authorizationUrl, user);
    assert.equal(back.state, 'mine');
    const userIdentifier = { userId: 'ana' };
    await identity.completeResourceTokenAuth({ sessionUri: back.session_id, userIdentifier });
    assert.deepEqual(await answer.next(), { value: { token: 'ey' }, done: false });
    assert.equal((await answer.next()).done, true);

    // The token is for this user, and from now on no consent is needed.
    const again = invoke(sessionId, 'ana');
    await again.next();
    assert.deepEqual((await again.next()).value, { token: 'ey' });
    const another = invoke(randomUUID(), 'ben');
    await another.next();
    assert.ok((await another.next()).value.authorizationUrl);
    await another.return();
  });

  it('gets no user grant when it is invoked without a user', async () => {
    const answer = invoke(randomUUID(), undefined);
    await answer.next();
    const { value } = await answer.next();
    assert.match(value.error, /user/i);
  });

  after(() => {
    assert.deepEqual([...signedFor], ['execute-api']);
  });
});
