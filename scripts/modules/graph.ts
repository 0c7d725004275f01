/** The properties of an import graph: its cycles, and the arrows between modules. */
import { dirname } from 'node:path';
import type { Import } from './imports';

/** The targets of each file or module, without duplicates. */
type Arrows = ReadonlyMap<string, ReadonlySet<string>>;

function arrowsOf(imports: readonly Import[]): Arrows {
  const arrows = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    arrows.set(to, arrows.get(to) ?? new Set());
    arrows.set(from, (arrows.get(from) ?? new Set()).add(to));
  }
  return arrows;
}

function reachableFrom(start: string, arrows: Arrows): Set<string> {
  const reached = new Set<string>();
  const open = [start];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const to of arrows.get(next) ?? []) {
      if (reached.has(to)) continue;
      reached.add(to);
      open.push(to);
    }
  }
  return reached;
}

/** Returns the files that import themselves indirectly, sorted. */
export function filesInCycles(imports: readonly Import[]): string[] {
  const arrows = arrowsOf(imports);
  return [...arrows.keys()].filter((file) => reachableFrom(file, arrows).has(file)).sort();
}

/** Returns the imports between modules. By default, each folder is a module. */
export const betweenModules = (
  imports: readonly Import[],
  moduleOf: (file: string) => string = dirname,
): Import[] =>
  imports
    .map(({ from, to }) => ({ from: moduleOf(from), to: moduleOf(to) }))
    .filter(({ from, to }) => from !== to);

/**
 * Returns the arrows that point back up, without duplicates, as `from -> to`.
 *
 * @param order the modules from top to bottom
 * @throws Error for a module that is not in the order
 */
export function backArrows(modules: readonly Import[], order: readonly string[]): string[] {
  const floor = (module: string): number => {
    const index = order.indexOf(module);
    if (index < 0) throw new Error(`${module} is not in the order of modules`);
    return index;
  };
  const back = modules.filter(({ from, to }) => floor(from) > floor(to));
  return [...new Set(back.map(({ from, to }) => `${from} -> ${to}`))].sort();
}

/** Returns the arrows that no longer path through other modules implies. */
export function withoutShortcuts(modules: readonly Import[]): Import[] {
  const arrows = arrowsOf(modules);
  return [...arrows].flatMap(([from, ends]) =>
    [...ends]
      .filter((to) => ![...ends].some((other) => other !== to && reachableFrom(other, arrows).has(to)))
      .map((to) => ({ from, to })),
  );
}
