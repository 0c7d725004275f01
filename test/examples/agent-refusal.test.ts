/** The example agent's log when it rejects an invocation, to which the gate refers its caller. */
import { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import { serveAgent } from '../../examples/local/agent';
import { bindLoopback, type LoopbackServer } from '../../examples/local/loopback-server';

let server: LoopbackServer;
let said: jest.SpyInstance;

beforeEach(async () => {
  said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  server = await bindLoopback(0);
  serveAgent(server, {
    identity: new BedrockAgentCoreClient({ region: 'us-east-1', endpoint: 'http://127.0.0.1:9' }),
    calendarProvider: 'calendar',
    eventsUrl: 'http://127.0.0.1:9/events',
  });
});

afterEach(async () => {
  said.mockRestore();
  await server.close();
});

const invoke = async (payload: object): Promise<number> => {
  const response = await fetch(`${server.origin}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(payload),
  });
  return response.status;
};

it('logs the expected payload, and nothing of the received one', async () => {
  expect(await invoke({ prompt: 'Where to?' })).toBe(400);
  expect(said).toHaveBeenCalledWith(
    'The calendar agent answered an invocation with status 400. The request body is not valid. Send JSON of the form {"question": "…", "state": "…"}.\n',
  );
  expect(said).toHaveBeenCalledTimes(1);
});

it('logs that it must be invoked through its gate', async () => {
  expect(await invoke({ question: 'What is today?', state: '' })).toBe(401);
  expect(said).toHaveBeenCalledWith(
    'The calendar agent answered an invocation with status 401. The workload access token is missing. Invoke this agent through its gate.\n',
  );
});
