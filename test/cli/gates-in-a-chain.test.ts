/** Two agents, each behind `agent-identity gate`, one of which calls the other: docs/agents-that-call-agents.md. */
import { decodeJwt } from 'jose';
import { agentFetch } from '../../lib/client/index';
import { AgentServer } from '../flows/gate/agent-server';
import { startIssuer, type TestIssuer } from '../flows/support/issuer';
import { Programs } from '../local/program';
import { ServiceForCommands } from './command-under-test';

let service: ServiceForCommands;
let issuer: TestIssuer;
let travel: AgentServer;
let calendar: AgentServer;
const programs = new Programs();

beforeAll(async () => {
  [service, issuer, travel, calendar] = await Promise.all([
    ServiceForCommands.start(),
    startIssuer(),
    AgentServer.start(),
    AgentServer.start(),
  ]);
});

afterAll(async () => {
  programs.kill();
  await Promise.all([service.close(), issuer.close(), travel.stop(), calendar.stop()]);
});

/** Starts a gate, and returns its invocation URL. */
async function gate(name: string, agent: AgentServer, ...options: string[]): Promise<string> {
  const args = [
    'gate',
    name,
    agent.url,
    '--port',
    '0',
    '--issuer',
    issuer.discoveryUrl,
    '--json',
    ...options,
  ];
  const program = programs.startCommand(args, {
    ...service.env(),
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  await program.ready();
  return (JSON.parse(program.stdout.split('\n')[0] ?? '') as { invocationUrl: string }).invocationUrl;
}

it('lets an agent call another one for its user, if the second gate accepts the audience of the first', async () => {
  const first = await gate('travel-agent', travel, '--allowed-header', 'Authorization');
  let second = await gate('calendar-agent', calendar);
  travel.run = async (response, { headers }) => {
    const fetchAgent = agentFetch(second, String(headers.workloadaccesstoken));
    const called = await fetchAgent(second, {
      method: 'POST',
      headers: { authorization: String(headers.authorization), 'content-type': 'application/json' },
      body: '{}',
    });
    response.end(JSON.stringify({ status: called.status, body: await called.text() }));
  };
  const userToken = await issuer.token('ana', { aud: first });
  const ask = async () => {
    const response = await fetch(first, {
      method: 'POST',
      headers: { authorization: `Bearer ${userToken}`, 'content-type': 'application/json' },
      body: '{}',
    });
    return response.json();
  };
  // The token of the user is for the first gate only.
  expect(await ask()).toMatchObject({ status: 401 });

  second = await gate('calendar-agent', calendar, '--allowed-audience', first);
  expect(await ask()).toMatchObject({ status: 403 });
  expect(calendar.asked).toEqual([]);

  const allow = ['agent', 'update', 'calendar-agent', '--allowed-caller', 'travel-agent'];
  expect(await service.run(allow)).toMatchObject({ status: 0 });
  expect(await ask()).toMatchObject({ status: 200 });
  const { sub, act } = decodeJwt(String(calendar.asked[0]?.headers.workloadaccesstoken));
  expect([sub, act]).toMatchObject([
    `${issuer.issuer}#ana`,
    { name: 'calendar-agent', act: { name: 'travel-agent' } },
  ]);
});
