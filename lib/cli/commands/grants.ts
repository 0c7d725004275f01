/** `agent-identity grants`: what agents hold, for operators. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { OPERATIONS } from '../../../lambda/contract/operations';
import { alsoEnds, reachOf } from '../../../lambda/contract/vendors';
import { CONNECTION_FLAGS, flag, optionalText, type ConnectionFlags } from '../connection-flags';
import type { CliContext } from '../context';
import { CliError, STATUS, usageError } from '../failure';
import { isoTime, nameOf, print, printable, printAside, printJson, printTable, progress } from '../output';
import { confirm, isInteractive } from '../prompt';
import { isVendor } from '../provider-checks';
import { allPages, connect, wait, type Service } from '../service';
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

interface RevokeFlags extends FilterFlags {
  readonly reason?: string;
  readonly yes: boolean;
}

interface Revocation {
  readonly revocationId: string;
  readonly status: string;
  readonly counts: {
    readonly matched: number;
    readonly revoked: number;
    readonly confirmed: number;
    readonly unconfirmed: number;
    readonly notProvable: number;
  };
}

const POLL_MS = 2_000;

/** Waits until every provider has been told. */
async function finished(context: CliContext, service: Service, revocationId: string): Promise<Revocation> {
  const { show, end } = progress(context);
  try {
    for (;;) {
      const revocation = await service.call<Revocation>(OPERATIONS.GetRevocation, { revocationId });
      if (revocation.status === 'DONE') return revocation;
      const { revoked, confirmed, unconfirmed, notProvable } = revocation.counts;
      show(`${revoked} revoked here, ${confirmed + unconfirmed + notProvable} ended at the provider …`);
      await wait(POLL_MS);
    }
  } finally {
    end();
  }
}

/** Returns a line for each provider: how many grants, and what else a revocation ends there. */
async function consequences(service: Service, found: readonly Grant[]): Promise<string[]> {
  const known = await allPages<{ credentialProviderArn: string; credentialProviderVendor?: string }>(
    service,
    OPERATIONS.ListAllCredentialProviders,
    'credentialProviders',
  );
  return [...new Set(found.map((grant) => grant.credentialProviderArn))].map((arn) => {
    const count = found.filter((grant) => grant.credentialProviderArn === arn).length;
    const vendor = known.find((one) => one.credentialProviderArn === arn)?.credentialProviderVendor;
    const reach = vendor !== undefined && isVendor(vendor) ? ` ${alsoEnds(reachOf(vendor))}` : '';
    return `${printable(nameOf(arn) ?? arn)} (${count}):${reach}`;
  });
}

const revoke = buildCommand({
  docs: {
    brief: 'Revoke grants, here and at their providers',
    fullDescription: [
      'Revokes the matching grants of all owners. From then on, no agent gets their tokens.',
      'Waits until the providers have revoked the tokens, for up to 24 hours: Ctrl-C ends the command, not the revocation.',
      'Ends with status 3 if a provider did not confirm.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...FILTER_FLAGS,
      reason: optionalText('text', 'Why, for the audit log'),
      yes: flag('Revoke without a question'),
    },
  },
  async func(this: CliContext, flags: RevokeFlags) {
    const filter = filterOf(flags);
    const service = await connect(this, flags);
    if (!flags.yes) {
      if (!isInteractive(this)) throw usageError('Set --yes to revoke without a question.');
      const found = await allPages<Grant>(service, OPERATIONS.ListGrants, 'grants', filter);
      if (found.length > 0) printAside(this, ...(await consequences(service, found)));
      const question = `Revoke ${found.length === 1 ? '1 grant' : `${found.length} grants`}?`;
      if (!(await confirm(this, question))) throw new CliError('Nothing was revoked.');
    }
    const { reason } = flags;
    const { revocationId } = await service.call<Pick<Revocation, 'revocationId'>>(OPERATIONS.RevokeGrants, {
      ...filter,
      ...(reason !== undefined && { reason }),
    });
    const revocation = await finished(this, service, revocationId);
    const { revoked, confirmed, unconfirmed, notProvable } = revocation.counts;
    if (flags.json) printJson(this, revocation);
    else {
      print(
        this,
        `Revoked ${revoked}: ${confirmed} confirmed by the provider, ${unconfirmed} unconfirmed, ${notProvable} without a proof (${printable(revocationId)}).`,
      );
    }
    if (unconfirmed > 0) {
      throw new CliError(
        'A provider did not confirm. Look at its status, and at the audit log.',
        STATUS.unconfirmed,
      );
    }
  },
});

export const grants = buildRouteMap({
  routes: { list, revoke },
  docs: { brief: 'Grants: list and revoke what agents hold, as an operator' },
});
