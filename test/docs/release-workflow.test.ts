/** The release: what can publish as the project runs no code of a dependency. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

  it.each([
    ['passes a package without publishConfig', { 'package/package.json': {} }, true],
    ['stops at publishConfig', { 'package/package.json': { publishConfig: {} } }, false],
    [
      'stops at a second manifest, which npm would extract over the first',
      { 'package/package.json': {}, 'other/package.json': { publishConfig: {} } },
      false,
    ],
    ['stops without a manifest', { 'package/other.json': {} }, false],
  ])('%s', (name, files, passes) => {
    const packages = join(folder, name.replaceAll(' ', '-'), 'packages');
    const content = join(packages, '..', 'content');
    for (const [path, manifest] of Object.entries(files)) {
      mkdirSync(dirname(join(content, path)), { recursive: true });
      writeFileSync(join(content, path), JSON.stringify(manifest));
    }
    mkdirSync(packages);
    // npm reads on after a block of zeros, which ends an archive for tar.
    const archives = Object.keys(files).map((path) =>
      execFileSync('tar', ['-c', '-b', '1', '-C', content, path]).subarray(0, -512),
    );
    writeFileSync(join(packages, 'a.tgz'), gzipSync(Buffer.concat([...archives, Buffer.alloc(512)])));
    const { status } = spawnSync('bash', ['-e', '-c', script], { cwd: join(packages, '..') });
    expect(status === 0).toBe(passes);
  });
});

it('each action is at a commit', () => {
  const actions = [...jobs.matchAll(/uses: (?!\.\/)(\S+)/g)].map(([, action]) => action);
  expect(actions.length).toBeGreaterThan(4);
  for (const action of actions) expect(action).toMatch(/@[0-9a-f]{40}$/);
});
