/** What a graph of imports says about a layout: its circles, and the arrows between its rooms. */
import { dirname } from 'node:path';
import type { Import } from './imports';

/** Arrows by where they start, each end once. */
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

/** Returns the files that import themselves by way of others, sorted. */
export function filesInCircles(imports: readonly Import[]): string[] {
  const arrows = arrowsOf(imports);
  return [...arrows.keys()].filter((file) => reachableFrom(file, arrows).has(file)).sort();
}

/** The imports between rooms, a room being a folder. */
export const betweenRooms = (
  imports: readonly Import[],
  roomOf: (file: string) => string = dirname,
): Import[] =>
  imports
    .map(({ from, to }) => ({ from: roomOf(from), to: roomOf(to) }))
    .filter(({ from, to }) => from !== to);

/**
 * Returns the arrows that run back up, each once, as `from -> to`.
 *
 * @param order rooms from the top down
 * @throws Error for a room that has no place in the order
 */
export function backArrows(rooms: readonly Import[], order: readonly string[]): string[] {
  const floor = (room: string): number => {
    const index = order.indexOf(room);
    if (index < 0) throw new Error(`${room} has no place in the order of rooms`);
    return index;
  };
  const back = rooms.filter(({ from, to }) => floor(from) > floor(to));
  return [...new Set(back.map(({ from, to }) => `${from} -> ${to}`))].sort();
}

/** Returns the arrows without those that a longer way over other rooms makes superfluous. */
export function withoutShortcuts(rooms: readonly Import[]): Import[] {
  const arrows = arrowsOf(rooms);
  return [...arrows].flatMap(([from, ends]) =>
    [...ends]
      .filter((to) => ![...ends].some((other) => other !== to && reachableFrom(other, arrows).has(to)))
      .map((to) => ({ from, to })),
  );
}
