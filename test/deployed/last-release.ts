/**
 * The last release as a separate project in a temporary folder: its sources from Git, its dependencies, and its bundles.
 *
 * The last release is the newest tag `v<version>` before the current commit. Until there is one, last-release.json names
 * the commit that takes its place.
 */
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { CdkProject } from './cdk';
import type { Commands } from './commands';

const ROOT = join(__dirname, '../..');

const PlaceholderSchema = v.strictObject({ commit: v.string(), reason: v.string() });

const LockSchema = v.object({ packages: v.record(v.string(), v.looseObject({})) });

/** A version of this project in Git. */
export interface Release {
  /** The tag, or the commit that takes its place. */
  readonly revision: string;
  /** The tag, or the short form of the commit. */
  readonly name: string;
  /** Why the revision is no tag. */
  readonly reason?: string;
  /** Whether this clone has it. */
  readonly present: boolean;
}

const git = (commands: Commands, ...arguments_: string[]) => commands.run('git', arguments_, { cwd: ROOT });

/** Returns the release before the current commit, or its placeholder. */
export async function lastRelease(commands: Commands): Promise<Release> {
  const tags = async (...where: string[]) => {
    // A copy without Git has no tags.
    const listed = await git(commands, 'tag', '--list', ...where, '--sort=-version:refname').catch(() => '');
    return listed.split('\n').filter((tag) => /^v\d+\.\d+\.\d+$/.test(tag));
  };
  // The checks of a release run on its own tag.
  const current = await tags('--points-at', 'HEAD');
  const last = (await tags('--merged', 'HEAD')).find((tag) => !current.includes(tag));
  const { commit, reason } = v.parse(
    PlaceholderSchema,
    JSON.parse(await readFile(join(__dirname, 'last-release.json'), 'utf8')),
  );
  const release =
    last === undefined
      ? { revision: commit, name: commit.slice(0, 7), reason }
      : { revision: last, name: last };
  const present = await git(commands, 'cat-file', '-e', `${release.revision}^{commit}`).then(
    () => true,
    () => false,
  );
  return { ...release, present };
}

/** Returns the installed packages of a lock file, without those of this project, whose versions change with a release. */
function packagesOf(lock: string): string {
  const { packages } = v.parse(LockSchema, JSON.parse(lock));
  const installed = Object.entries(packages).filter(([path]) => path.startsWith('node_modules/'));
  return JSON.stringify(installed);
}

/** Installs the release's own packages, or uses those of this clone if they are the same. */
async function install(commands: Commands, root: string): Promise<void> {
  const [there, here] = await Promise.all(
    [root, ROOT].map((folder) => readFile(join(folder, 'package-lock.json'), 'utf8')),
  );
  if (there !== undefined && here !== undefined && packagesOf(there) === packagesOf(here)) {
    await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'), 'junction');
    return;
  }
  await commands.run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--no-engine-strict'], {
    cwd: root,
  });
}

/**
 * Writes the release into a new folder, and prepares it for `cdk synth`.
 *
 * @param root the folder, which must not exist; the caller removes it
 */
export async function checkOut(commands: Commands, { revision }: Release, root: string): Promise<CdkProject> {
  await mkdir(root);
  const archive = `${root}.tar`;
  await git(commands, 'archive', '--output', archive, revision);
  await commands.run('tar', ['-xf', archive, '-C', root], { cwd: root });
  await install(commands, root);
  const buildFunctions = () => commands.run('npm', ['run', '--silent', 'build:functions'], { cwd: root });
  await buildFunctions();
  return { root, buildFunctions };
}
