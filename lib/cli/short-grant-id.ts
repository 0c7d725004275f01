/** Short IDs of grants, for people: the ID of a grant has about 200 characters. */
import { createHash } from 'node:crypto';
import { nameInArn } from '../../lambda/model/arn';
import type { GrantDescription } from '../../lambda/model/responses';
import { OPERATIONS } from '../../lambda/operations';
import { CliError } from './failure';
import { grantsOfAll } from './grants-of-all';
import { allPages, type Service } from './service';

/** Returns the short ID of a grant: 8 hexadecimal digits of a hash. Two grants can have the same one. */
export const shortGrantId = (grantId: string): string =>
  createHash('sha256').update(grantId).digest('hex').slice(0, 8);

export const isShortGrantId = (text: string): boolean => /^[\da-f]{8}$/.test(text);

/** Returns the first characters of a user's hash, by which a person tells users of a list apart. */
export const shortUserHash = (userHash: string | undefined): string =>
  userHash === undefined ? '(the agent)' : `${userHash.slice(0, 8)}…`;

/**
 * Returns the whole ID of the only grant with a short one.
 *
 * @param filter of ListGrants; if it is empty, grants of all agents are read, up to a limit
 * @throws CliError if no grant has it, if several have it, or if not all grants were read
 */
export async function wholeGrantId(
  service: Pick<Service, 'call'>,
  shortId: string,
  filter: object,
): Promise<string> {
  const { grants, more } =
    Object.keys(filter).length > 0
      ? {
          grants: await allPages<GrantDescription>(service, OPERATIONS.ListGrants, 'grants', filter),
          more: false,
        }
      : await grantsOfAll(service);
  // Among the grants that were not read, another one could have the same short ID.
  if (more) {
    throw new CliError('There are too many grants to find one by its short ID.', {
      next: 'Add --agent, --provider, or a user.',
    });
  }
  const [found, ...others] = grants.filter(({ grantId }) => shortGrantId(grantId) === shortId);
  if (found === undefined) {
    throw new CliError(`No grant has the ID "${shortId}".`, {
      next: 'Take it from agent-identity grants list with --agent, --provider, or a user.',
    });
  }
  if (others.length > 0) {
    const candidates = [found, ...others].map(
      ({ workloadIdentityArn, credentialProviderArn, userHash }) =>
        `${nameInArn(workloadIdentityArn) ?? '?'} at ${nameInArn(credentialProviderArn) ?? '?'} for ${userHash ?? 'itself'}`,
    );
    throw new CliError(`Several grants have the ID "${shortId}": ${candidates.join('; ')}.`, {
      next: 'Add --agent, --provider, or a user, or take the grantId from grants list --json.',
    });
  }
  return found.grantId;
}
