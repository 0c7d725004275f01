import { spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { OAuth2Server } from 'oauth2-mock-server';

const COMMAND = createRequire(import.meta.url).resolve('@agent-identity/cli/dist/bin/agent-identity.js');

/** Reads the JSON line that the service prints when it is ready. */
async function readyLine(service) {
  for await (const line of createInterface({ input: service.stdout })) {
    if (line.startsWith('{"ready":true')) return JSON.parse(line);
  }
  throw new Error('agent-identity did not start.');
}

export default async function startIdentity() {
  const authorizationServer = new OAuth2Server();
  await authorizationServer.issuer.keys.generate('RS256');
  await authorizationServer.start(0, '127.0.0.1');

  const dataDir = await mkdtemp(join(tmpdir(), 'identity-'));
  const service = spawn(
    process.execPath,
    [COMMAND, 'local', '--no-examples', '--port', '0', '--data-dir', dataDir, '--json'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  globalThis.identityService = { service, dataDir, authorizationServer };
  const { endpoint, region, principals } = await readyLine(service);

  Object.assign(process.env, {
    AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: endpoint,
    AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: principals.agent.accessKeyId,
    AWS_SECRET_ACCESS_KEY: principals.agent.secretAccessKey,
    AUTHORIZATION_SERVER: authorizationServer.issuer.url,
  });
}
