/** What differs between two copies of the service model, as a reader finds it in the copy. */
import { isDeepStrictEqual } from 'node:util';
import { PLANES, type CopiedModel, type PlaneName } from './identity-operations';

const isStructure = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const shown = (value: unknown): string => JSON.stringify(value) ?? 'absent';

/** Lists of names, in which the order says nothing. */
function listChanges(path: string, before: readonly unknown[], after: readonly unknown[]): string[] {
  const added = after.filter((item) => !before.some((other) => isDeepStrictEqual(item, other)));
  const removed = before.filter((item) => !after.some((other) => isDeepStrictEqual(item, other)));
  return [
    ...added.map((item) => `${path}: new ${shown(item)}`),
    ...removed.map((item) => `${path}: no longer ${shown(item)}`),
  ];
}

function changes(path: string, before: unknown, after: unknown): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (before === undefined) return [`${path}: new${isStructure(after) ? '' : ` ${shown(after)}`}`];
  if (after === undefined) return [`${path}: removed`];
  if (Array.isArray(before) && Array.isArray(after)) return listChanges(path, before, after);
  if (!isStructure(before) || !isStructure(after))
    return [`${path}: ${shown(before)} is now ${shown(after)}`];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => changes(`${path}.${name}`, before[name], after[name]));
}

/** Returns one line for each difference, the operations first. */
export function modelChanges(before: CopiedModel, after: CopiedModel): string[] {
  const planes = Object.keys(PLANES) as PlaneName[];
  return (['operations', 'shapes'] as const).flatMap((part) =>
    planes.flatMap((plane) => changes(`${plane}.${part}`, before[plane][part], after[plane][part])),
  );
}
