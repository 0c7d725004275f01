/** What to do about a name that no resource has. */
import { closestTo } from './closest-name';
import { ServiceFailure } from './failure';

/** Returns the error for a name that nothing has, with the name that was probably meant. */
export function notFound(
  what: string,
  named: string,
  { names, list }: { readonly names: readonly string[]; readonly list: string },
): ServiceFailure {
  const meant = closestTo(named, names);
  return new ServiceFailure('ResourceNotFoundException', 404, {
    fault: `${what} "${named}".`,
    next: `${meant === undefined ? '' : `Did you mean "${meant}"? `}Run agent-identity ${list} for the names.`,
  });
}
