/** `agent-identity grants`: what agents hold, for operators. */
import { nameInArn } from '../../../lambda/model/arn';
import { buildCommand, buildRouteMap } from '@stricli/core';
import * as v from 'valibot';
import { revocationId as revocationIdSchema } from '../../../lambda/model/operator-request';
import { decodeGrantId } from '../../../lambda/model/grant-id';
import type { GrantDescription, RevocationDescription } from '../../../lambda/model/responses';
import { OPERATIONS } from '../../../lambda/operations';
import { alsoEnds, endsOtherGrants } from '../../../lambda/domain/provider/revocation-reach';
import { reachOf } from '../../../lambda/domain/provider/vendors';
import type { RevocationReach } from '../../../lambda/model/records/revocation-outbox';
import { CONNECTION_FLAGS, flag, optionalText, type ConnectionFlags } from '../connection-flags';
import type { CliContext } from '../context';
import { CliError, STATUS, usageError } from '../failure';
import { grantCounts } from '../grants-of-all';
import { isoTime, print, printAside, printJson, printTable, progress } from '../output';
import { confirmOrCancel, isInteractive } from '../prompt';
import { answers, grantCount, vendorsOfProviders, type RevokedGrant } from '../revocation-answers';
import { allPages, connect, wait, type Service } from '../service';
import { isShortGrantId, shortGrantId, shortUserHash, wholeGrantId } from '../short-grant-id';
import { USER_FLAGS, userOf, type UserFlags } from '../user-flags';

interface FilterFlags extends ConnectionFlags, UserFlags {
  readonly grantId?: string;
  readonly agent?: string;
  readonly provider?: string;
}

const FILTER_FLAGS = {
  ...CONNECTION_FLAGS,
  agent: optionalText('name', 'Grants of this agent'),
  provider: optionalText('name', 'Grants of this credential provider'),
  ...USER_FLAGS,
  grantId: optionalText('ID', 'This grant, by its short ID in listings, or its grantId in their JSON'),
} as const;

const NO_FILTER = 'Set at least one of --agent, --provider, a user, and --grant-id.';

/** Returns the filters of a listing that the options name. */
function namesOf({ agent, provider, ...flags }: FilterFlags): Record<string, unknown> {
  const user = userOf(flags);
  return {
    ...(agent !== undefined && { workloadName: agent }),
    ...(provider !== undefined && { providerName: provider }),
    ...(user && { user }),
  };
}

/**
 * Returns the filters of a revocation: names and a user, or the ID of one grant.
 *
 * @throws CliError if there is none
 */
function filterOf({ grantId, ...flags }: FilterFlags): Record<string, unknown> {
  const filter = namesOf(flags);
  const count = Object.keys(filter).length;
  if (grantId !== undefined) {
    if (count > 0) throw usageError('A grant ID names one grant: omit the other filters.');
    return { grantId };
  }
  if (count === 0) throw usageError(NO_FILTER);
  return filter;
}

/** Returns the filters of a listing that has the grant: its user, or its provider if it is the agent's own. */
function listingWith(grantId: string): Record<string, unknown> {
  const id = decodeGrantId(grantId);
  if (!id)
    throw usageError(
      `"${grantId}" is not a grant ID.`,
      'Take it from agent-identity grants list with --agent, --provider, or a user.',
    );
  // The target begins with the flow, and the name of the provider.
  const [, providerName] = id.target.split('#');
  return id.userHash === OF_THE_AGENT ? { providerName } : { user: { userHash: id.userHash } };
}

/** The subject of a grant that has no user. */
const OF_THE_AGENT = 'AGENT';

/**
 * Returns the filters of a revocation, in which the ID of a grant is whole. Only a short one combines with other filters.
 *
 * @throws CliError if there is no filter, or if a short ID does not name one grant
 */
async function wholeFilter(service: Service, flags: FilterFlags): Promise<Record<string, unknown>> {
  const { grantId } = flags;
  return grantId !== undefined && isShortGrantId(grantId)
    ? { grantId: await wholeGrantId(service, grantId, namesOf(flags)) }
    : filterOf(flags);
}

/** @throws CliError if options are missing, or exclude each other */
function checkFilter(flags: FilterFlags): void {
  if (flags.grantId !== undefined && isShortGrantId(flags.grantId)) namesOf(flags);
  else filterOf(flags);
}

async function matching(service: Service, filter: Record<string, unknown>): Promise<GrantDescription[]> {
  const grantId = typeof filter.grantId === 'string' ? filter.grantId : undefined;
  const input = grantId === undefined ? filter : listingWith(grantId);
  const found = await allPages<GrantDescription>(service, OPERATIONS.ListGrants, 'grants', input);
  return grantId === undefined ? found : found.filter((grant) => grant.grantId === grantId);
}

/** Shows a person who has not named anything what there is to name. */
async function listCounts(context: CliContext, service: Service): Promise<void> {
  const { agents, providers, more } = await grantCounts(service);
  if (agents.length > 0) printTable(context, ['AGENT', 'GRANTS'], agents);
  if (providers.length > 0) printTable(context, ['PROVIDER', 'GRANTS'], providers);
  if (more) printAside(context, 'There are more: a plus sign marks a count that stopped.');
  printAside(context, NO_FILTER);
}

/** Returns when the access ends, as far as the provider stated it: the end of a token that is renewed is not that of the access. */
function endOf({ renewsAutomatically, expiresAt }: GrantDescription): string | undefined {
  if (renewsAutomatically) return 'renews by itself';
  return expiresAt === undefined ? undefined : isoTime(expiresAt);
}

const list = buildCommand({
  docs: {
    brief: 'List grants',
    fullDescription:
      'Lists the grants of all owners by agent, provider, or user. Filters combine. Without a filter, counts them by agent and provider. No listing contains a token.',
  },
  parameters: { flags: FILTER_FLAGS },
  async func(this: CliContext, flags: FilterFlags) {
    const { agent, provider, grantId, json } = flags;
    if (!json && [agent, provider, grantId, userOf(flags)].every((filter) => filter === undefined)) {
      await listCounts(this, await connect(this, flags));
      return;
    }
    checkFilter(flags);
    const service = await connect(this, flags);
    const grants = await matching(service, await wholeFilter(service, flags));
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
      ['AGENT', 'PROVIDER', 'USER', 'STATUS', 'EXPIRES', 'LAST USED', 'SCOPES', 'GRANT ID'],
      grants.map((grant) => [
        nameInArn(grant.workloadIdentityArn),
        nameInArn(grant.credentialProviderArn),
        shortUserHash(grant.userHash),
        grant.status,
        endOf(grant),
        grant.lastUsedDate,
        grant.scopes.join(' '),
        shortGrantId(grant.grantId),
      ]),
    );
  },
});

interface RevokeFlags extends FilterFlags {
  readonly reason?: string;
  readonly yes: boolean;
  readonly noWait: boolean;
}

/** Returns the revocation with all of its grants. */
async function described(service: Service, revocationId: string): Promise<RevocationDescription> {
  const { status, counts, reach } = await service.call<RevocationDescription>(OPERATIONS.GetRevocation, {
    revocationId,
  });
  const grants = await allPages<RevokedGrant>(service, OPERATIONS.GetRevocation, 'grants', { revocationId });
  return { revocationId, status, counts, ...(reach !== undefined && { reach }), grants };
}

const POLL_MS = 2_000;

/** Returns a summary for people. */
const summary = ({ revocationId, status, counts }: RevocationDescription): string =>
  status === 'DONE' && counts.revoked === 0
    ? `There were no tokens to revoke (${revocationId}).`
    : `Revoked ${counts.revoked}: ${counts.confirmed} confirmed by the provider, ${counts.unconfirmed} unconfirmed, ${counts.notProvable} without a proof (${revocationId}).`;

/** Says that other agents lose their access too, if they do: with --yes, no question has said so before. */
function sayWhatElseEnds(context: CliContext, { reach }: Pick<RevocationDescription, 'reach'>): void {
  if (reach !== undefined && endsOtherGrants(reach)) printAside(context, alsoEnds(reach));
}

/** @throws CliError with what to do next, if a provider did not confirm */
function checkConfirmed({ counts: { unconfirmed } }: RevocationDescription, next: string): void {
  if (unconfirmed === 0) return;
  throw new CliError('A provider did not confirm.', {
    name: 'Unconfirmed',
    status: STATUS.unconfirmed,
    next,
  });
}

/** Waits until every revocation at a provider has a result. */
async function finished(context: CliContext, service: Service, revocationId: string): Promise<void> {
  const { show, end } = progress(context);
  try {
    for (;;) {
      const revocation = await service.call<RevocationDescription>(OPERATIONS.GetRevocation, {
        revocationId,
      });
      if (revocation.status === 'DONE') return;
      const { revoked, confirmed, unconfirmed, notProvable } = revocation.counts;
      show(`${revoked} revoked here, ${confirmed + unconfirmed + notProvable} ended at the provider …`);
      await wait(POLL_MS);
    }
  } finally {
    end();
  }
}

/** Returns a line for each provider: how many grants, and what else a revocation ends there. */
async function consequences(service: Service, found: readonly GrantDescription[]): Promise<string[]> {
  const vendorOfProvider = await vendorsOfProviders(service);
  return [...new Set(found.map((grant) => grant.credentialProviderArn))].map((arn) => {
    const count = found.filter((grant) => grant.credentialProviderArn === arn).length;
    const name = nameInArn(arn) ?? arn;
    const vendor = vendorOfProvider.get(name);
    return `${name} (${count}):${vendor === undefined ? '' : ` ${alsoEnds(reachOf(vendor))}`}`;
  });
}

/** Asks whether to revoke the grants that match. */
async function confirmRevocation(
  context: CliContext,
  service: Service,
  filter: Record<string, unknown>,
): Promise<void> {
  const found = isInteractive(context) ? await matching(service, filter) : [];
  if (found.length > 0) printAside(context, ...(await consequences(service, found)));
  await confirmOrCancel(context, {
    yes: false,
    question:
      found.length === 0
        ? 'No grant matches. Revoke what requests in progress obtain?'
        : `Revoke ${grantCount(found.length)}?`,
    done: 'revoked',
  });
}

interface BegunRevocation {
  readonly revocationId: string;
  readonly matched: number;
  readonly status: string;
  readonly reach?: RevocationReach;
}

const revoke = buildCommand({
  docs: {
    brief: 'Revoke grants, here and at their providers',
    fullDescription: [
      'Revokes the matching grants of all owners. From then on, no agent gets their tokens.',
      'At some vendors, other agents and users lose their access too: the question before says so. --yes skips it.',
      'Waits until the providers have revoked the tokens, for up to 24 hours: Ctrl-C ends the command, not the revocation.',
      'Ends with status 3 if a provider did not confirm. With --no-wait, ends when no agent gets the tokens any more.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...FILTER_FLAGS,
      reason: optionalText('text', 'Why, for the audit log'),
      yes: flag('Revoke without a question'),
      noWait: flag('Do not wait for the providers; grants revocation follows the revocation'),
    },
  },
  async func(this: CliContext, flags: RevokeFlags) {
    checkFilter(flags);
    const service = await connect(this, flags);
    const filter = await wholeFilter(service, flags);
    const { reason, yes, noWait, json } = flags;
    if (!yes) await confirmRevocation(this, service, filter);
    const begun = await service.call<BegunRevocation>(OPERATIONS.RevokeGrants, {
      ...filter,
      ...(reason !== undefined && { reason }),
    });
    if (yes) sayWhatElseEnds(this, begun);
    if (yes && begun.matched === 0) {
      printAside(
        this,
        'No grant matched. If that is unexpected, check the options: grants list takes the same ones, and shows what matches.',
      );
    }
    if (!json || !noWait)
      printAside(this, `Follow the revocation: agent-identity grants revocation ${begun.revocationId}`);
    if (noWait) {
      if (json) printJson(this, begun);
      else {
        print(
          this,
          `Revoked ${grantCount(begun.matched)} here: no agent gets the tokens any more (${begun.revocationId}).`,
        );
      }
      return;
    }
    await finished(this, service, begun.revocationId);
    const revocation = await described(service, begun.revocationId);
    if (json) printJson(this, revocation);
    else if (revocation.grants.length === 0) print(this, summary(revocation));
    else {
      // The grants are revoked even if this caller cannot list providers.
      const vendors = await vendorsOfProviders(service).catch(() => new Map<string, never>());
      print(this, ...answers(revocation.grants, flags, vendors));
    }
    checkConfirmed(
      revocation,
      `Run agent-identity grants revocation ${revocation.revocationId} for the reason.`,
    );
  },
});

const revocation = buildCommand({
  docs: {
    brief: 'Show how far a revocation is',
    fullDescription:
      'Shows how far a revocation is, and each of its grants. Ends with status 3 if a provider did not confirm.',
  },
  parameters: {
    flags: CONNECTION_FLAGS,
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'ID that grants revoke printed', parse: String, placeholder: 'revocation ID' }],
    },
  },
  async func(this: CliContext, flags: ConnectionFlags, revocationId: string) {
    if (!v.safeParse(revocationIdSchema, revocationId).success) {
      throw usageError(
        `"${revocationId}" is not a revocation ID.`,
        'Use the ID that agent-identity grants revoke printed.',
      );
    }
    const service = await connect(this, flags);
    const found = await described(service, revocationId);
    const { status, grants } = found;
    if (flags.json) printJson(this, found);
    else {
      print(this, `${status}. ${summary(found)}`);
      if (grants.length > 0) {
        printTable(
          this,
          ['PROVIDER', 'STATE', 'ATTEMPTS', 'LAST ERROR', 'GRANT ID'],
          grants.map(({ provider, state, attempts, lastError, grantId }) => [
            provider,
            state,
            String(attempts),
            lastError,
            shortGrantId(grantId),
          ]),
        );
      }
    }
    checkConfirmed(
      found,
      'The service does not try again. End the access at the provider: remove the application there for the user.',
    );
  },
});

export const grants = buildRouteMap({
  routes: { list, revoke, revocation },
  docs: { brief: 'Grants: list and revoke what agents hold, as an operator' },
});
