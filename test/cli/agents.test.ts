/** `agent-identity agent`, against the running service. */
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile();

const ARN = 'arn:aws:bedrock-agentcore:us-east-1:000000000000:';

describe('agent', () => {
  it('creates an agent, replaces its return URLs, and lists it', async () => {
    const created = await local.run(['agent', 'add', 'travel', '--return-url', 'https://app.example/a']);
    expect(created).toEqual({
      status: 0,
      stdout: [
        'Agent       travel',
        `ARN         ${ARN}workload-identity-directory/default/workload-identity/travel`,
        'Return URL  https://app.example/a',
        '',
      ].join('\n'),
      stderr: '',
    });
    const urls = ['https://app.example/b', 'https://app.example/c'];
    expect(
      await local.json(['agent', 'update', 'travel', ...urls.flatMap((url) => ['--return-url', url])]),
    ).toMatchObject({ name: 'travel', allowedResourceOauth2ReturnUrls: urls });
    expect((await local.run(['agent', 'list'])).stdout).toMatch(/^NAME +ARN\ntravel +arn:aws:/);
  });

  it('keeps the return URLs unless the command line has others or says to remove them', async () => {
    const url = 'https://app.example/kept';
    await local.run(['agent', 'add', 'kept', '--return-url', url]);
    expect(await local.run(['agent', 'update', 'kept'])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^Set what changes\. .*--return-url/) as string,
    });
    expect(await local.run(['agent', 'update', 'kept', '--no-return-urls', '--return-url', url])).toEqual({
      status: 2,
      stdout: '',
      stderr: 'Set either --return-url or --no-return-urls.\n',
    });
    const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = local.env();
    const reader = new BedrockAgentCoreControl({
      endpoint: local.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey },
    });
    const urls = async () =>
      (await reader.getWorkloadIdentity({ name: 'kept' })).allowedResourceOauth2ReturnUrls;
    expect(await urls()).toEqual([url]);
    expect(await local.run(['agent', 'update', 'kept', '--no-return-urls'])).toMatchObject({
      status: 0,
      stdout: 'Return URLs of the agent "kept": none\n',
    });
    expect(await urls()).toEqual([]);
  });

  it('says how to add a return URL to an agent without one, on stderr', async () => {
    const { status, stdout, stderr } = await local.run(['agent', 'add', 'batch']);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringContaining('agent-identity agent update batch --return-url URL') as string,
    });
    expect(stdout).toMatch(/^Agent {2}batch\nARN {4}arn:/);
  });

  it('passes on why the service rejects a request, and ends with status 1', async () => {
    await local.run(['agent', 'add', 'twice']);
    expect(await local.run(['agent', 'add', 'twice'])).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'A workload identity named "twice" already exists. If agent-identity agent list does not show it, it belongs to another principal: choose another name. Otherwise, use agent-identity agent update.\n',
    });
  });

  it('lists no agents of another principal', async () => {
    await local.run(['agent', 'add', 'of-the-operator']);
    expect(await local.json(['agent', 'list'], { env: local.env('stranger') })).toEqual({
      workloadIdentities: [],
    });
    const { stdout, stderr } = await local.run(['agent', 'list'], { env: local.env('stranger') });
    expect({ stdout, stderr }).toEqual({
      stdout: '',
      stderr: 'You have no agents. Create one with agent-identity agent add NAME.\n',
    });
  });

  it('shows the audiences and clients that an update replaces, and no others', async () => {
    const issuer = ['--issuer', 'https://idp.example'];
    await local.run(['agent', 'add', 'heard', ...issuer, '--allowed-audience', 'my-app']);
    const update = async (...options: string[]) =>
      (await local.run(['agent', 'update', 'heard', ...options])).stdout;
    expect(await update('--allowed-audience', 'portal')).toMatch(
      /^Allowed audiences of the agent "heard": portal \(no longer: my-app\)$/m,
    );
    const more = await update('--allowed-audience', 'portal', '--allowed-audience', 'my-app');
    expect(more).toMatch(/^Allowed audiences of the agent "heard": portal my-app$/m);
    expect(await update('--allowed-caller', 'caller')).not.toContain('Allowed audiences');
    expect(await update('--allowed-client', 'c')).toMatch(
      /^Allowed clients of the agent "heard": c \(no longer: any\)$/m,
    );
    // The issuer is named once, and a list that it does not have accepts all.
    const moved = await update('--issuer', 'https://other.example', '--allowed-client', 'c');
    expect(moved.match(/^Trusted issuer of .*$/gm)).toEqual([
      'Trusted issuer of the agent "heard": https://other.example/.well-known/openid-configuration (no longer: https://idp.example/.well-known/openid-configuration)',
    ]);
    expect(moved).toMatch(/^Allowed audiences of the agent "heard": any \(was limited to: portal my-app\)$/m);
    expect(moved).not.toContain('Allowed clients');
    expect(await update('--no-issuer')).not.toContain('Allowed');
    const { stdout } = await local.run(['agent', 'update', '--help']);
    expect(stdout).toMatch(/--allowed-audience all audiences/);
  });

  it('returns all pages', async () => {
    const names = Array.from({ length: 23 }, (_, index) => `paged-${index}`);
    for (const name of names) await local.json(['agent', 'add', name]);
    const { workloadIdentities } = await local.json<{ workloadIdentities: { name: string }[] }>([
      'agent',
      'list',
    ]);
    expect(workloadIdentities.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });
});
