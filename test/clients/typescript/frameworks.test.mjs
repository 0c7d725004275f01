/** The program of docs/frameworks.md for the Vercel AI SDK, with a scripted model: its tool reads a user's calendar. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { after, before, it } from 'node:test';
import { URLSearchParams } from 'node:url';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { generateText, stepCountIs } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import '../../program/quiet.ts';
import { completeAuthorization, createIdentityClient } from '../../../lib/client/index.ts';
import { programsOf } from '../../packages/client-types.mjs';
import { consent, RETURN_URL } from './consent.mjs';

const ROOT = join(import.meta.dirname, '../../..');
const GUIDE = join(ROOT, 'docs/frameworks.md');
const service = JSON.parse(env.SERVICE);
const workloadName = `ts-agent-${randomUUID()}`;
const usage = { inputTokens: {}, outputTokens: {} };

const calendar = createServer(({ url, headers }, response) => {
  response.end(JSON.stringify({ url, authorized: headers.authorization?.startsWith('Bearer ') }));
});
let folder;

before(async () => {
  const control = new BedrockAgentCoreControl({ signingName: 'execute-api' });
  await control.createWorkloadIdentity({
    name: workloadName,
    allowedResourceOauth2ReturnUrls: [RETURN_URL],
  });
  calendar.listen(0, '127.0.0.1');
  await once(calendar, 'listening');
  folder = await mkdtemp(join(tmpdir(), 'agent-identity-frameworks-'));
  await symlink(join(import.meta.dirname, 'node_modules'), join(folder, 'node_modules'));
});

after(async () => {
  calendar.close();
  await rm(folder, { recursive: true, force: true });
});

/** Writes the program with these values in place of the example's, and imports it. */
async function programWith(values) {
  let [program] = programsOf(GUIDE, 'ts');
  for (const [example, value] of Object.entries(values)) {
    assert.ok(program.includes(example), example);
    program = program.replaceAll(example, value);
  }
  const file = join(folder, 'program.mts');
  await writeFile(file, program);
  return import(file);
}

it('The Vercel AI SDK calls the tool for the user who consented', async () => {
  env.AGENT_IDENTITY_ENDPOINT = service.endpoint;
  const { calendarTools } = await programWith({
    '@agent-identity/client': join(ROOT, 'lib/client/index.ts'),
    'my-agent': workloadName,
    'my-calendar': service.agent.credentialProviderName,
    'https://app.example/connected': RETURN_URL,
    'https://calendar.example': `http://127.0.0.1:${calendar.address().port}`,
  });
  let completed;
  const send = (url) => {
    completed = consent(url, service.calendar.users[0]).then((query) =>
      completeAuthorization({
        identity: createIdentityClient(),
        url: `/?${new URLSearchParams(query)}`,
        browserSession: () => ({ user: { userId: 'ana' }, states: ['mine'] }),
      }),
    );
  };
  const model = new MockLanguageModelV3({
    doGenerate: [
      {
        content: [
          { type: 'tool-call', toolCallId: '1', toolName: 'readCalendar', input: '{"day":"2026-12-24"}' },
        ],
        finishReason: { unified: 'tool-calls' },
        usage,
        warnings: [],
      },
      {
        content: [{ type: 'text', text: 'done' }],
        finishReason: { unified: 'stop' },
        usage,
        warnings: [],
      },
    ],
  });
  const { steps } = await generateText({
    model,
    prompt: 'What is on?',
    tools: calendarTools('ana', 'mine', send),
    stopWhen: stepCountIs(2),
  });
  await completed;
  assert.deepEqual(Object.keys(model.doGenerateCalls[0].tools[0].inputSchema.properties), ['day']);
  assert.deepEqual(steps[0].toolResults[0].output, { url: '/events?day=2026-12-24', authorized: true });
});
