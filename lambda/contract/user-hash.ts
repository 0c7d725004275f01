/** The user in audit entries, for the command line. */
export { userHashOf, type UserSelector } from '../domain/identity/user';
