/** The header fields of a response that the gate or the gateway passes on. */
import type { ServiceError } from '../service-error';

/** What messages call the server, and the errors for the caller of a response that it does not complete. */
export interface Server {
  readonly name: 'agent' | 'target';
  /** @param detail for the operator */
  readonly failure: (message: string, detail: string) => ServiceError;
}

/** A field value that every gateway accepts (RFC 9110 section 5.5, without the obsolete octets). */
const FIELD_VALUE = /^[\t\x20-\x7e]*$/;

/** Total characters of the values: API Gateway must find status and headers within the first 16 KiB. */
export const MAX_HEADER_CHARACTERS = 7 * 1024;

/**
 * A field that API Gateway rejects would cause a 502, after which AWS clients repeat the request.
 *
 * @throws the server's failure, which names the invalid header and not its value
 */
export function checkFields(
  fields: readonly (readonly [name: string, value: string])[],
  { name: server, failure }: Server,
): void {
  const invalid = fields.find(([, value]) => !FIELD_VALUE.test(value))?.[0];
  if (invalid !== undefined) {
    throw failure(
      `The ${server} responded with an invalid value in the header "${invalid}". The ${server} must send printable ASCII characters on one line.`,
      `${server}: invalid value in header ${invalid}`,
    );
  }
  const characters = fields.reduce((sum, [, value]) => sum + value.length, 0);
  if (characters > MAX_HEADER_CHARACTERS) {
    throw failure(
      `The ${server} responded with headers of more than ${MAX_HEADER_CHARACTERS} characters. The ${server} must send shorter ones.`,
      `${server}: headers are too long`,
    );
  }
}
