/**
 * The dependencies of a command: everything that is installed with it, at the versions of the lock file. Otherwise, each
 * computer gets the newest releases in the ranges that the packages state. npm ignores an npm-shrinkwrap.json in a tarball
 * that it does not get from a registry, and other package managers ignore it always.
 */

const FOLDER = 'node_modules/';

/** Returns where a package finds a dependency: in its own folder, or in one above. */
function located(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf(`/${FOLDER}`)))) {
    const place = `${folder === '' ? '' : `${folder}/`}${FOLDER}${name}`;
    if (place in packages) return place;
    if (folder === '') throw new Error(`package-lock.json has no ${name}, which ${from} needs`);
  }
}

/**
 * Returns the version of each package by its name.
 *
 * @param lock the lock file of the project
 * @param workspace path of the command, such as `lib/cli`
 * @throws Error for two versions of one package, which dependencies cannot express
 */
export function pinnedDependencies({ packages }, workspace) {
  const pinned = new Map();
  const visit = (from) => {
    for (const name of Object.keys(packages[from].dependencies ?? {})) {
      const place = located(packages, from, name);
      const { version } = packages[place];
      const other = pinned.get(name);
      if (other === version) continue;
      if (other !== undefined) throw new Error(`${workspace} depends on ${name} ${other} and ${version}`);
      pinned.set(name, version);
      visit(place);
    }
  };
  visit(workspace);
  return Object.fromEntries([...pinned].sort(([one], [other]) => (one < other ? -1 : 1)));
}
