/** How an operator names a user: by user ID, by the claims of the user's token, or by the hash in an audit entry. */
import type { UserSelector } from '../../lambda/model/request-values';
import { optionalText } from './connection-flags';
import { usageError } from './failure';

export interface UserFlags {
  readonly userId?: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly userHash?: string;
}

export const USER_FLAGS = {
  userId: optionalText('ID', 'User, by the user ID that the application passed'),
  issuer: optionalText('URL', "User, by the issuer of the user's token (with --subject)"),
  subject: optionalText('text', "User, by the subject of the user's token (with --issuer)"),
  userHash: optionalText('hash', 'User, by the hash in audit entries and listings'),
} as const;

/** Returns the user that the options name; undefined if they name none. */
export function userOf({ userId, issuer, subject, userHash }: UserFlags): UserSelector | undefined {
  const selectors: UserSelector[] = [
    ...(userId === undefined ? [] : [{ userId }]),
    ...(issuer === undefined || subject === undefined ? [] : [{ issuer, subject }]),
    ...(userHash === undefined ? [] : [{ userHash }]),
  ];
  if ((issuer === undefined) !== (subject === undefined))
    throw usageError('Set --issuer and --subject together.');
  if (selectors.length > 1) {
    throw usageError('Name the user once: by --user-id, by --issuer and --subject, or by --user-hash.');
  }
  return selectors[0];
}

/** @throws CliError if the options name no user */
export function requiredUser(flags: UserFlags): UserSelector {
  const user = userOf(flags);
  if (!user) throw usageError('Name the user: by --user-id, by --issuer and --subject, or by --user-hash.');
  return user;
}
