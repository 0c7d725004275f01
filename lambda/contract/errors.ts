/** Names and status codes of the errors on the wire. */
export { ERROR_STATUS, type ErrorName } from '../domain/service-error';
