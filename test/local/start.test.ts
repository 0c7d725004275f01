/** `npm start` as a program: its errors, its output, and its end. */
import { readdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { freePorts } from './free-ports';
import { Programs, type Program, type Ready } from './program';
import { temporaryFolder } from '../environment/temporary-folder';

let folder: string;
const programs = new Programs();

beforeEach(() => {
  folder = temporaryFolder('start');
});

afterEach(() => {
  programs.kill();
});

const start = (env: Record<string, string> = {}): Program => programs.start({ DATA_DIR: folder, ...env });

function controlClient({ endpoint, region, principals }: Ready): BedrockAgentCoreControl {
  const { operator } = principals;
  if (!operator) throw new Error('no operator');
  return new BedrockAgentCoreControl({ endpoint, region, credentials: { ...operator } });
}

describe('one clear error line', () => {
  async function expectLine(run: Program, line: RegExp, status = 1): Promise<void> {
    expect(await run.ended).toBe(status);
    expect(run.stdout).toBe('');
    expect(run.stderr).toMatch(line);
    expect(run.stderr.trimEnd()).not.toContain('\n');
  }

  it('names the variables to set if npm start is given another option than --json', async () => {
    const run = programs.npmStart({ DATA_DIR: join(folder, 'unused') }, { options: ['--data-dir', folder] });
    await expectLine(run, /^npm start takes only the option --json\. Set PORT, DATA_DIR/);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['a PORT that is not a number', { PORT: 'http' }, /^PORT must be a number/],
    ['a PORT out of range', { PORT: '65536' }, /^PORT must be a number/],
    [
      'a PORT without enough ports after it',
      { PORT: '65526' },
      /^PORT must be a number from 0 \(any free port\) to 65521\./,
    ],
    ['an EXAMPLES that is neither on nor off', { EXAMPLES: 'no' }, /^EXAMPLES must be "on" or "off"/],
    [
      'TRUSTED_ISSUERS that are not JSON',
      { TRUSTED_ISSUERS: '[' },
      /^TRUSTED_ISSUERS is not valid: trustedIssuers must be JSON/,
    ],
    [
      'a trusted issuer without discovery URL',
      { TRUSTED_ISSUERS: '[{}]' },
      /^TRUSTED_ISSUERS is not valid: trustedIssuers\[0\]/,
    ],
  ])('for %s', async (_name, env, line) => {
    await expectLine(start(env), line, 2);
  });

  it.each([
    'http://name.example',
    'name.example',
    'https://name.example/path',
    'https://user@name.example',
    'https://name.example?a=b',
  ])('for the PUBLIC_URL %s', async (url) => {
    await expectLine(
      start({ PUBLIC_URL: url }),
      /^PUBLIC_URL must be the https address of your tunnel, without a path, such as https:/,
      2,
    );
  });

  it('for a taken port of the tunnel', async () => {
    const port = await freePorts();
    const taken = await listenOnLoopback(createServer(), port + 14);
    try {
      await expectLine(
        start({ PORT: String(port), PUBLIC_URL: 'https://name.example', DATA_DIR: join(folder, 'new') }),
        new RegExp(
          `^Port ${taken.port}, which the tunnel of the public URL needs, is taken\\. Stop the program`,
        ),
      );
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await taken.close();
    }
  });

  it('for a data folder that cannot be created', async () => {
    await expectLine(
      start({ DATA_DIR: '/dev/null/data' }),
      /^The data folder \/dev\/null\/data cannot be created, because a part of its path is not a folder\. Set DATA_DIR/,
    );
  });

  it('for a taken port, even if a port after it is taken too, and without a new data folder', async () => {
    const data = join(folder, 'new');
    const taken = await listenOnLoopback(createServer(), await freePorts());
    const kms = await listenOnLoopback(createServer(), taken.port + 9);
    // One of the ports that the service would need with the next port. Another program can have it already.
    const next = await listenOnLoopback(createServer(), taken.port + 100 + 3).catch(() => undefined);
    try {
      const line = new RegExp(`^Port ${taken.port} is taken.*PORT=(?!${taken.port + 100}\\n)\\d+\\n$`);
      await expectLine(start({ PORT: String(taken.port), DATA_DIR: data }), line);
      await expect(stat(data)).rejects.toThrow('ENOENT');
    } finally {
      await Promise.all([kms.close(), next?.close(), taken.close()]);
    }
  });

  it.each([
    ['KMS', 9],
    ['Secrets Manager', 10],
  ])('for a taken port of the local %s', async (name, offset) => {
    const port = await freePorts();
    const taken = await listenOnLoopback(createServer(), port + offset);
    const data = join(folder, 'new');
    await expectLine(
      start({ PORT: String(port), DATA_DIR: data }),
      new RegExp(`^Port ${port + offset}, which the local ${name} needs, is taken\\..*PORT=\\d+\\n$`),
    );
    await expect(stat(data)).rejects.toThrow('ENOENT');
    await taken.close();
  });

  it('for a taken port of an example, without a new data folder', async () => {
    const port = await freePorts();
    const taken = await listenOnLoopback(createServer(), port + 8);
    const data = join(folder, 'new');
    await expectLine(
      start({ PORT: String(port), DATA_DIR: data, EXAMPLES: 'on' }),
      new RegExp(`^Port ${port + 8}, which an example needs, is taken\\. Set PORT .* EXAMPLES=off\\.\n$`),
    );
    await expect(stat(data)).rejects.toThrow('ENOENT');
    await taken.close();
  });

  it('for a damaged key file', async () => {
    const before = start();
    await before.ready();
    await before.stop();
    await writeFile(join(folder, 'principals.json'), '{}', { mode: 0o600 });
    await expectLine(start(), /principals\.json is damaged/);
  });

  it('for an old Node.js', async () => {
    const preload = join(folder, 'old-node.cjs');
    await writeFile(
      preload,
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.18.3' } });",
    );
    await expectLine(
      programs.npmStart({ DATA_DIR: folder }, { nodeOptions: ['--require', preload] }),
      /requires Node\.js 20\.19 or later\. This is 20\.18\.3\./,
    );
  });
});

describe('the running service', () => {
  it('prints one line for programs with --json', async () => {
    const run = programs.npmStart({ DATA_DIR: folder }, { options: ['--json'] });
    const ready = await run.ready();
    expect(ready).toMatchObject({ ready: true, region: 'us-east-1', accountId: '000000000000' });
    expect(Object.values(ready.principals).map(({ arn }) => arn)).toEqual([
      'arn:aws:iam::000000000000:user/operator',
      'arn:aws:sts::000000000000:assumed-role/agent/local',
      'arn:aws:sts::000000000000:assumed-role/gate/local',
      'arn:aws:iam::000000000000:user/stranger',
      'arn:aws:sts::000000000001:assumed-role/agent/local',
    ]);
    for (const address of Object.values(ready.awsEndpoints)) {
      expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    }
    await run.stop();
    expect(run.stdout.trimEnd()).not.toContain('\n');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'prints its addresses on one screen, and stops on %s',
    async (signal) => {
      const run = programs.npmStart({ DATA_DIR: folder, EXAMPLES: 'on', PYTHON: '/nowhere' });
      const lines = (await run.announced()).trimEnd().split('\n');
      expect(lines.length).toBeLessThanOrEqual(24);
      expect(run.stdout).not.toContain('"ready"');
      const endpoint = /^ +Identity service +(http:\S+) /m.exec(run.stdout)?.[1] ?? '';
      expect((await fetch(`${endpoint}/ping`)).status).toBe(200);
      for (const name of ['KMS', 'Secrets Manager', 'S3']) {
        expect(run.stdout).toMatch(new RegExp(`^  ${name} +http://127\\.0\\.0\\.1:\\d+$`, 'm'));
      }
      expect(lines).toContain(`  eval "$(agent-identity env --data-dir ${folder})"`);

      run.child.kill(signal);
      expect(await run.ended).toBe(0);
      expect(run.stdout).toMatch(/has stopped/);
      expect(run.stderr).toBe('');
    },
  );

  it('has the same KMS and Secrets Manager addresses after a restart', async () => {
    const port = await freePorts();
    for (let run = 1; run <= 2; run += 1) {
      const program = start({ PORT: String(port) });
      expect((await program.ready()).awsEndpoints).toEqual({
        kms: `http://127.0.0.1:${port + 9}`,
        secretsManager: `http://127.0.0.1:${port + 10}`,
        s3: `http://127.0.0.1:${port + 11}`,
      });
      await program.stop();
    }
  });

  it('reports that its folder is in use', async () => {
    const first = start();
    await first.ready();
    const second = start();
    expect(await second.ended).toBe(1);
    expect(second.stderr).toMatch(/^The data folder is in use.*\n$/);
  });

  it('ends with one line when the disk is full, and has kept what it acknowledged', async () => {
    const full = programs.startLimited({ DATA_DIR: folder }, 128);
    const client = controlClient(await full.ready());
    const acknowledged: string[] = [];
    const create = async (name: string): Promise<void> => {
      await client.createWorkloadIdentity({ name });
      acknowledged.push(name);
    };
    await expect(
      (async () => {
        for (let index = 0; index < 1000; index += 1) await create(`agent-${index}`);
      })(),
    ).rejects.toThrow();
    expect(await full.ended).toBe(1);
    expect(full.stderr.split('\n').filter((line) => line.startsWith('The data folder'))).toEqual([
      expect.stringMatching(
        /cannot be read or written.*File too large.*free some space.*start the service again/,
      ),
    ]);
    expect(full.stderr).not.toContain('node_modules');

    const again = controlClient(await start().ready());
    expect(acknowledged.length).toBeGreaterThan(10);
    for (const name of acknowledged) await again.getWorkloadIdentity({ name });
  });

  it('says that its database is damaged', async () => {
    const first = start();
    await first.ready();
    await first.stop();
    await writeFile(join(folder, 'dynamodb', 'CURRENT'), '');
    const again = start();
    expect(await again.ended).toBe(1);
    expect(again.stderr).toMatch(
      /^The database .*\/dynamodb is damaged: .* Restore the data folder from a backup/,
    );
    expect(again.stderr).not.toContain('node_modules');
  });

  it('keeps all data after a kill, readable only by the owner', async () => {
    const first = start();
    const before = await first.ready();
    const create = controlClient(before);
    await create.createWorkloadIdentity({ name: 'my-agent' });
    create.destroy();
    first.child.kill('SIGKILL');
    await first.ended;

    const second = start();
    const after = await second.ready();
    expect(after.principals).toEqual(before.principals);
    const get = controlClient(after);
    expect(await get.getWorkloadIdentity({ name: 'my-agent' })).toMatchObject({
      name: 'my-agent',
    });
    get.destroy();

    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name);
      expect([path, (await stat(path)).mode & 0o077]).toEqual([path, 0]);
    }
  });
});
