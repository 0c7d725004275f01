/** The checks of the caller's consent portals, which change nothing: `portal verify` has the service verify one. */
import { fail, ok, warn, type Check } from '../../checks';
import { ServiceFailure } from '../../failure';
import type { Service } from '../../service';
import { getProvider } from '../provider/provider';
import { isUnverified, type Portal } from './portals';
import { describedPortals, signInOf } from './sign-in';

/** Returns whether the provider is there. Another owner's exists, too, if the caller is not allowed to read it. */
async function exists(service: Service, provider: string): Promise<boolean> {
  try {
    await getProvider(service, provider);
    return true;
  } catch (error) {
    if (!(error instanceof ServiceFailure)) throw error;
    return error.type !== 'ResourceNotFoundException';
  }
}

async function portalCheck(service: Service, portal: Portal): Promise<Check> {
  const { name, status, statusReason } = portal;
  const check = `portal ${name}`;
  const signIn = signInOf(portal);
  if (!(await exists(service, signIn))) {
    return fail(
      check,
      `its sign-in provider "${signIn}" does not exist`,
      `Set another one: agent-identity portal update ${name} --sign-in NAME`,
    );
  }
  if (isUnverified(portal)) {
    return warn(
      check,
      `${status}: the service has not verified it yet`,
      `Run agent-identity portal get ${name} for its status.`,
    );
  }
  const again = `Correct the cause, and then run: agent-identity portal verify ${name}`;
  if (status !== 'ACTIVE') {
    return fail(check, `${status}: ${statusReason ?? 'the service states no reason'}`, again);
  }
  return statusReason === undefined
    ? ok(check, `${status}, users sign in with the provider "${signIn}"`)
    : warn(check, `${status}: ${statusReason}`, again);
}

/** Checks the caller's portals. */
export async function portalChecks(service: Service): Promise<Check[]> {
  try {
    const checks: Check[] = [];
    for (const portal of await describedPortals(service)) checks.push(await portalCheck(service, portal));
    return checks;
  } catch (error) {
    if (!(error instanceof ServiceFailure)) throw error;
    return [warn('portals', error.message, 'Ignore this if you have no consent portals.')];
  }
}
