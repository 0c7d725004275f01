/** The release: what can publish as the project runs no code of a dependency. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const [, jobs = ''] = readFileSync(join(__dirname, '../../.github/workflows/release.yml'), 'utf8').split(
  /^jobs:$/m,
);

it('the job that can publish has no checkout, installs nothing, and has no other permission', () => {
  const publishing = jobs.split(/^(?= {2}\w+:$)/m).filter((job) => job.includes('id-token: write'));
  expect(publishing).toHaveLength(1);
  const [job = ''] = publishing;
  expect(job).not.toMatch(/checkout@|npm (ci|install|run|exec)|npx|pip/);
  expect(job).toMatch(/permissions:\n {6}id-token: write\n {4}steps:/);
  expect(job).toContain('npm publish --ignore-scripts --registry https://registry.npmjs.org/ ');
});

describe('the check of what a package configures', () => {
  const folder = mkdtempSync(join(tmpdir(), 'release-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The commands of the step, as the runner gives them to bash. */
  const [, script = ''] = /- name: No package configures npm\n {8}run: \|\n((?: {10}.*\n)+)/.exec(jobs) ?? [];

  /** Returns an entry of an archive. @param type of POSIX ustar: 0 for a file, 2 for a symbolic link, x for a pax header */
  function entry(path: string, content: Buffer | object, type = '0'): Buffer {
    const data = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const header = Buffer.alloc(512);
    header.write(path, 0);
    header.write('0000644', 100);
    header.write(data.length.toString(8).padStart(11, '0'), 124);
    header.write(' '.repeat(8), 148);
    header.write(type, 156);
    header.write('ustar\u000000', 257);
    const checksum = header.reduce((sum, byte) => sum + byte, 0);
    header.write(`${checksum.toString(8).padStart(6, '0')}\u0000 `, 148);
    return Buffer.concat([header, data, Buffer.alloc(-data.length & 511)]);
  }

  const MANIFEST = 'package/package.json';
  const PLAIN = { name: 'a', version: '1.0.0' };
  const CONFIGURED = { ...PLAIN, publishConfig: {} };
  const OTHER_NAME = Buffer.from('42 GNU.sparse.name=package/other-file.txt\n');

  it.each<[string, Buffer[], RegExp]>([
    ['passes a package without publishConfig', [entry(MANIFEST, PLAIN)], /^$/],
    ['stops at publishConfig', [entry(MANIFEST, CONFIGURED)], /has a publishConfig/],
    [
      'stops at a second manifest, which npm would extract over the first',
      [entry(MANIFEST, PLAIN), entry('other/package.json', CONFIGURED)],
      /has a publishConfig/,
    ],
    [
      'stops at a manifest after a block of zeros, which ends an archive for others',
      [entry(MANIFEST, PLAIN), Buffer.alloc(512), entry(MANIFEST, CONFIGURED)],
      /has a publishConfig/,
    ],
    [
      'stops at a manifest to which a header that npm ignores gives another name',
      [entry(MANIFEST, PLAIN), entry('pax', OTHER_NAME, 'x'), entry(MANIFEST, CONFIGURED)],
      /has a publishConfig/,
    ],
    [
      'stops at a manifest within a link, whose content npm reads as the next entry',
      [entry(MANIFEST, PLAIN), entry('package/link', entry(MANIFEST, CONFIGURED), '2')],
      /has a publishConfig/,
    ],
    ['stops without a manifest', [entry('package/other.json', PLAIN)], /ENOENT/],
  ])('%s', (name, entries, fault) => {
    const packages = join(folder, name.replaceAll(' ', '-'), 'packages');
    mkdirSync(packages, { recursive: true });
    writeFileSync(join(packages, 'a.tgz'), gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)])));
    const { status, stderr } = spawnSync('bash', ['-e', '-c', script], {
      cwd: join(packages, '..'),
      encoding: 'utf8',
    });
    expect(stderr).toMatch(fault);
    expect(status === 0).toBe(stderr === '');
  });
});

it('each action is at a commit', () => {
  const actions = [...jobs.matchAll(/uses: (?!\.\/)(\S+)/g)].map(([, action]) => action);
  expect(actions.length).toBeGreaterThan(4);
  for (const action of actions) expect(action).toMatch(/@[0-9a-f]{40}$/);
});
