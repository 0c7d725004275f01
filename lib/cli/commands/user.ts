/** `agent-identity user`: operators suspend, resume, and list users. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { IssuerSuspension } from '../../../lambda/model/responses';
import type { Suspension } from '../../../lambda/model/records/restriction';
import { OPERATIONS } from '../../../lambda/operations';
import type { UserSelector } from '../../../lambda/model/request-values';
import { CONNECTION_FLAGS, flag, optionalText, type ConnectionFlags } from '../connection-flags';
import type { CliContext } from '../context';
import { CliError } from '../failure';
import { isoTime, print, printAside, printJson } from '../output';
import { connect, type Service } from '../service';
import { identityProvider, listSuspensions, printSuspensions, reportedState } from '../suspensions';
import { requiredUser, USER_FLAGS, type UserFlags } from '../user-flags';

interface Flags extends ConnectionFlags, UserFlags {
  readonly reason?: string;
}

const FLAGS = {
  ...CONNECTION_FLAGS,
  ...USER_FLAGS,
  reason: optionalText('text', 'Why, for other operators and the audit log'),
} as const;

/** Returns whether the user has no grants; false if the caller cannot list grants, or the first page says nothing. */
const hasNoGrants = (service: Pick<Service, 'call'>, user: UserSelector): Promise<boolean> =>
  service
    .call<{ readonly grants?: readonly object[]; readonly nextToken?: string }>(OPERATIONS.ListGrants, {
      user,
    })
    .then(
      ({ grants = [], nextToken }) => grants.length === 0 && nextToken === undefined,
      () => false,
    );

const suspend = buildCommand({
  docs: {
    brief: 'Suspend a user',
    fullDescription:
      'From the next request on, no agent gets a token for the user. Grants stay: revoke them with grants revoke.',
  },
  parameters: { flags: FLAGS },
  async func(this: CliContext, flags: Flags) {
    const user = requiredUser(flags);
    const service = await connect(this, flags);
    const { reason } = flags;
    const changed = await service.call<{ userHash: string }>(OPERATIONS.SuspendUser, {
      user,
      ...(reason !== undefined && { reason }),
    });
    if (flags.json) {
      printJson(this, changed);
      return;
    }
    print(this, `The user ${changed.userHash} is suspended.`);
    if (await hasNoGrants(service, user)) {
      printAside(
        this,
        'This user has no grants. If the name is misspelled, suspend the right user, and then run user resume with the same options.',
      );
    }
  },
});

interface ResumeFlags extends Flags {
  readonly liftIssuerSuspension: boolean;
}

interface Resumed {
  readonly userHash: string;
  /** By an operator. */
  readonly liftedSuspension?: Suspension;
  readonly liftedIssuerSuspension?: IssuerSuspension;
  /** What the identity provider reported, and what this request has not lifted. */
  readonly suspendedByIssuer?: IssuerSuspension;
}

/** The operator lifted what operators can lift without an emergency, and the user is suspended nevertheless. */
const stillSuspended = (userHash: string, suspension: IssuerSuspension): CliError =>
  new CliError(
    `The user ${userHash} is still suspended: the ${identityProvider(suspension)} reported the account as ${reportedState(suspension)} (since ${isoTime(suspension.since)}).`,
    {
      name: 'StillSuspended',
      next: 'Correct the account there, so that the identity provider reports it as enabled. In an emergency, repeat the command with --lift-issuer-suspension.',
    },
  );

function printResumed(context: CliContext, resumed: Resumed): void {
  const { userHash, liftedSuspension, liftedIssuerSuspension, suspendedByIssuer } = resumed;
  if (suspendedByIssuer) {
    if (liftedSuspension) print(context, `The suspension by ${liftedSuspension.by} is lifted.`);
    return;
  }
  const was = (liftedSuspension ?? liftedIssuerSuspension) ? 'is no longer suspended' : 'was not suspended';
  print(context, `The user ${userHash} ${was}.`);
  if (liftedIssuerSuspension) {
    printAside(
      context,
      `The ${identityProvider(liftedIssuerSuspension)} had reported the account as ${reportedState(liftedIssuerSuspension)}. A later report suspends the user again.`,
    );
  }
}

const resume = buildCommand({
  docs: {
    brief: 'Resume a suspended user',
    fullDescription: [
      'Lifts the suspension by an operator. It does not lift a suspension that the identity provider reported:',
      'the command then ends with status 1. Correct the account at the identity provider.',
      'In an emergency, for example after a wrong report, --lift-issuer-suspension lifts it too.',
      'Ended sessions stay ended, and revoked grants stay revoked.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...FLAGS,
      liftIssuerSuspension: flag(
        'Also lift the suspension that the identity provider reported: an emergency',
      ),
    },
  },
  async func(this: CliContext, flags: ResumeFlags) {
    const user = requiredUser(flags);
    const service = await connect(this, flags);
    const { reason, liftIssuerSuspension } = flags;
    const resumed = await service.call<Resumed>(OPERATIONS.ResumeUser, {
      user,
      ...(reason !== undefined && { reason }),
      ...(liftIssuerSuspension && { liftIssuerSuspension }),
    });
    if (flags.json) printJson(this, resumed);
    else printResumed(this, resumed);
    const { userHash, suspendedByIssuer } = resumed;
    if (suspendedByIssuer) throw stillSuspended(userHash, suspendedByIssuer);
  },
});

const list = buildCommand({
  docs: {
    brief: 'List suspended users',
    fullDescription:
      'Lists the users whom an operator or the identity provider has suspended, by the hashes in audit entries.',
  },
  parameters: { flags: CONNECTION_FLAGS },
  async func(this: CliContext, flags: ConnectionFlags) {
    const service = await connect(this, flags);
    const suspensions = await listSuspensions(service, 'userHash');
    if (flags.json) printJson(this, { suspensions });
    else if (suspensions.length === 0) printAside(this, 'No user is suspended.');
    else printSuspensions(this, 'USER', suspensions);
  },
});

export const user = buildRouteMap({
  routes: { list, suspend, resume },
  docs: { brief: 'Users: list the suspended ones, suspend and resume them, as an operator' },
});
