/** The example agent in its own process, for a test that looks for tokens in its memory. */
import { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import { getHeapSnapshot } from 'node:v8';
import { text } from 'node:stream/consumers';
import { serveAgent, type AgentOptions } from '../../../examples/local/agent';
import { bindLoopback } from '../../../examples/local/loopback-server';

interface Start extends Omit<AgentOptions, 'identity' | 'briefing'> {
  readonly endpoint: string;
}

const { endpoint, ...options } = JSON.parse(process.argv[2] ?? '') as Start;

/** Responds to each message with its heap. */
async function start(): Promise<void> {
  const server = await bindLoopback(0);
  // The credentials are those of its environment.
  serveAgent(server, { ...options, identity: new BedrockAgentCoreClient({ endpoint, region: 'us-east-1' }) });
  process.on('message', () => {
    void text(getHeapSnapshot()).then((heap) => process.send?.(heap));
  });
  process.send?.(server.origin);
}

void start();
