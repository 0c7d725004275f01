/** The user in audit entries, for the command line. */
export { subjectHash } from '../domain/identity/user';
