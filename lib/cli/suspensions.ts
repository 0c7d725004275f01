/** Suspended agents and users, as operators see them: an operator or the user's identity provider suspends. */
import type { IssuerSuspension, ListedSuspension } from '../../lambda/model/responses';
import { OPERATIONS } from '../../lambda/operations';
import type { CliContext } from './context';
import { isoTime, printTable } from './output';
import { allPages, type Service } from './service';

/** Returns the identity provider by the `id` in its `securityEvents`. */
export const identityProvider = ({ trustedIssuer }: IssuerSuspension): string =>
  trustedIssuer === undefined ? 'identity provider' : `identity provider "${trustedIssuer}"`;

/** Returns what the identity provider reported the account as. */
export const reportedState = ({ state }: IssuerSuspension): string => state.toLowerCase();

/** Returns the suspensions of all agents, or of all users. */
export async function listSuspensions(
  service: Pick<Service, 'call'>,
  member: 'workloadName' | 'userHash',
): Promise<ListedSuspension[]> {
  const listed = await allPages<ListedSuspension>(service, OPERATIONS.ListSuspensions, 'suspensions');
  return listed.filter((suspension) => suspension[member] !== undefined);
}

const rowsOf = ({ workloadName, userHash, suspendedByOperator, suspendedByIssuer }: ListedSuspension) => {
  const subject = workloadName ?? userHash;
  return [
    ...(suspendedByOperator
      ? [
          [
            subject,
            suspendedByOperator.by,
            isoTime(suspendedByOperator.since),
            suspendedByOperator.reason,
          ] as const,
        ]
      : []),
    ...(suspendedByIssuer
      ? [
          [
            subject,
            identityProvider(suspendedByIssuer),
            isoTime(suspendedByIssuer.since),
            `account ${reportedState(suspendedByIssuer)}`,
          ] as const,
        ]
      : []),
  ];
};

/** Prints a line for each suspension: a user can have two. */
export function printSuspensions(
  context: CliContext,
  heading: 'AGENT' | 'USER',
  suspensions: readonly ListedSuspension[],
): void {
  printTable(context, [heading, 'SUSPENDED BY', 'SINCE', 'REASON'], suspensions.flatMap(rowsOf));
}
