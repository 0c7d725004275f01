/** The agent as which a command acts, and its user: options, and the workload access token that names both. */
import { OPERATIONS } from '../../lambda/operations';
import { flag, optionalText } from './connection-flags';
import type { CliContext } from './context';
import { usageError } from './failure';
import { namingOptions } from './option-names';
import { readSecret } from './prompt';
import type { Service } from './service';

export interface ActingAgentFlags {
  readonly agent: string;
  readonly userId?: string;
  readonly userToken: boolean;
}

export const ACTING_AGENT_FLAGS = {
  agent: { kind: 'parsed', parse: String, placeholder: 'name', brief: 'Agent that sends the request' },
  userId: optionalText('ID', 'User, by a user ID'),
  userToken: flag('User, by a token on stdin'),
} as const;

/** The options by the members that they set, and the operations that they choose. */
export const ACTING_AGENT_OPTIONS = {
  workloadName: '--agent',
  userId: '--user-id',
  userToken: '--user-token',
  workloadIdentityToken: 'the workload access token',
  'call GetWorkloadAccessTokenForJWT': 'use --user-token',
  GetWorkloadAccessTokenForJWT: '--user-token',
  GetWorkloadAccessTokenForUserId: '--user-id',
} as const;

export type UserIdentifier = { readonly userId: string } | { readonly userToken: string };

/** Returns the user that the options name; undefined if they name none. */
export async function actingUserOf(
  context: CliContext,
  { userId, userToken }: ActingAgentFlags,
): Promise<UserIdentifier | undefined> {
  if (userId !== undefined && userToken) throw usageError('Set --user-id or --user-token, not both.');
  if (userToken) return { userToken: await readSecret(context, 'user token') };
  return userId === undefined ? undefined : { userId };
}

/** Returns a workload access token of the agent for the user, or for the agent itself. */
export async function workloadTokenOf(
  service: Service,
  workloadName: string,
  user: UserIdentifier | undefined,
): Promise<string> {
  const operation =
    user === undefined
      ? OPERATIONS.GetWorkloadAccessToken
      : 'userId' in user
        ? OPERATIONS.GetWorkloadAccessTokenForUserId
        : OPERATIONS.GetWorkloadAccessTokenForJWT;
  const { workloadAccessToken } = await namingOptions(ACTING_AGENT_OPTIONS, () =>
    service.call<{ workloadAccessToken: string }>(operation, { workloadName, ...user }),
  );
  return workloadAccessToken;
}
