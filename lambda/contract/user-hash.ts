/** The user in audit entries, for the command line. */
export { selectedUserHash, type UserSelector } from '../domain/identity/user';
