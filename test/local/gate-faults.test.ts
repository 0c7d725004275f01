/** What `startGate` reports as a wrong option, and what it does not. */
import { startGate, type GateOptions } from '../../lib/local/gate';
import { SettingError } from '../../lib/local/start-error';

const { console: original } = globalThis;
afterEach(() => {
  globalThis.console = original;
});

const gate = {
  name: 'agent',
  service: { endpoint: 'http://127.0.0.1:1', region: 'us-east-1', principals: {} },
  workloadName: 'agent',
  inbound: { kind: 'JWT', discoveryUrl: 'http://127.0.0.1:1/.well-known/openid-configuration' },
  target: { kind: 'url', url: 'http://127.0.0.1:1/invocations' },
  options: { 'target.url': 'The URL of the agent' },
  log: () => undefined,
};
const start = (change: object) => startGate({ ...gate, ...change } as unknown as GateOptions);

it('reports a configuration that is not valid as a wrong option', async () => {
  const failure = await start({ target: { kind: 'url', url: 'http://192.0.2.1/' } }).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(SettingError);
  expect((failure as Error).message).toMatch(/^The URL of the agent must be https/);
});

it('does not report a fault of the program as a wrong option', async () => {
  const failure = await start({}).catch((error: unknown) => error);
  expect(failure).not.toBeInstanceOf(SettingError);
  // Without the access key of the gate, which the types require.
  expect(failure).toMatchObject({ name: 'TypeError' });
});
