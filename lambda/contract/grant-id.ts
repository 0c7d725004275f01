/** What the ID of a grant names, for the command line. */
export { decodeGrantId } from '../domain/grant/grant-id';
