/** `agent-identity grants`: what agents hold, for operators. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { OPERATIONS } from '../../../lambda/contract/operations';
import { CONNECTION_FLAGS, optionalText, type ConnectionFlags } from '../connection-flags';
import type { CliContext } from '../context';
import { usageError } from '../failure';
import { isoTime, nameOf, printAside, printJson, printTable } from '../output';
import { allPages, connect } from '../service';
import { USER_FLAGS, userOf, type UserFlags } from '../user-flags';

/** Members of a grant that the table shows. */
interface Grant {
  readonly grantId: string;
  readonly workloadIdentityArn?: string;
  readonly credentialProviderArn: string;
  readonly userHash?: string;
  readonly flow: string;
  readonly scopes: readonly string[];
  readonly expiresAt?: number;
  readonly lastUsedDate?: string;
  readonly status: string;
}

interface FilterFlags extends ConnectionFlags, UserFlags {
  readonly agent?: string;
  readonly provider?: string;
}

const FILTER_FLAGS = {
  ...CONNECTION_FLAGS,
  agent: optionalText('name', 'Grants of this agent'),
  provider: optionalText('name', 'Grants of this credential provider'),
  ...USER_FLAGS,
} as const;

/** Returns the filters of the request. */
function filterOf({ agent, provider, ...flags }: FilterFlags): Record<string, unknown> {
  const user = userOf(flags);
  const filter = {
    ...(agent !== undefined && { workloadName: agent }),
    ...(provider !== undefined && { providerName: provider }),
    ...(user && { user }),
  };
  if (Object.keys(filter).length === 0) {
    throw usageError('Set at least one of --agent, --provider, and a user.');
  }
  return filter;
}

const list = buildCommand({
  docs: {
    brief: 'List grants',
    fullDescription:
      'Lists the grants of all owners by agent, provider, or user. Filters combine. No listing contains a token.',
  },
  parameters: { flags: FILTER_FLAGS },
  async func(this: CliContext, flags: FilterFlags) {
    const filter = filterOf(flags);
    const service = await connect(this, flags);
    const grants = await allPages<Grant>(service, OPERATIONS.ListGrants, 'grants', filter);
    if (flags.json) {
      printJson(this, { grants });
      return;
    }
    if (grants.length === 0) {
      printAside(this, 'No grant matches.');
      return;
    }
    printTable(
      this,
      ['AGENT', 'PROVIDER', 'USER', 'STATUS', 'EXPIRES', 'LAST USED', 'SCOPES'],
      grants.map((grant) => [
        nameOf(grant.workloadIdentityArn),
        nameOf(grant.credentialProviderArn),
        grant.userHash ?? '(the agent)',
        grant.status,
        grant.expiresAt === undefined ? undefined : isoTime(grant.expiresAt),
        grant.lastUsedDate,
        grant.scopes.join(' '),
      ]),
    );
  },
});

export const grants = buildRouteMap({
  routes: { list },
  docs: { brief: 'Grants: list what agents hold, as an operator' },
});
