/**
 * API Gateway's own responses to requests for a method that does not exist, by response type. API Gateway expects signed
 * requests there, whatever authorization the API's methods have: without `Authorization`, the signature is missing, and a
 * bearer token is a signature that is not valid. The construct and the local gateway return the same texts.
 * Source: API Gateway developer guide, "Gateway response types for API Gateway".
 */
import type { ErrorName } from '../service-error';
import type { CodedError } from '../../model/error-codes';

export type UnknownMethodType = 'MISSING_AUTHENTICATION_TOKEN' | 'INVALID_SIGNATURE';

export type UnknownMethodRefusals = Readonly<
  Record<
    UnknownMethodType,
    {
      readonly type: ErrorName;
      readonly message: string;
      readonly problem: CodedError<'UnknownOperation'>;
    }
  >
>;

const problem = { code: 'UnknownOperation', values: {} } as const;

const NO_SUCH_METHOD = {
  type: 'AccessDeniedException',
  message: 'The operation does not exist. Check the method and the path.',
  problem,
} as const;

/** The responses of an API with user tokens, none of whose callers signs. */
export const UNKNOWN_TO_BEARERS: UnknownMethodRefusals = {
  MISSING_AUTHENTICATION_TOKEN: NO_SUCH_METHOD,
  INVALID_SIGNATURE: NO_SUCH_METHOD,
};

/**
 * The responses of an API whose callers sign. API Gateway also returns them for methods that exist. The service's API has
 * public methods, too, whose callers have bearer tokens or nothing, so both texts begin with the cause that all callers
 * can have.
 */
export const UNKNOWN_TO_SIGNERS: UnknownMethodRefusals = {
  MISSING_AUTHENTICATION_TOKEN: {
    type: 'AccessDeniedException',
    message:
      'The operation does not exist, or the request is not signed. Check the method and the path. Sign calls of operations with AWS Signature Version 4.',
    problem,
  },
  INVALID_SIGNATURE: {
    type: 'AccessDeniedException',
    message:
      'The operation does not exist, or the signature is not valid. Check the method and the path. If you signed the request, check the secret key, the Region, the clock, and the signing name (execute-api).',
    problem,
  },
};
