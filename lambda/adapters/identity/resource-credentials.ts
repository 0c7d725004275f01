/**
 * The credentials of a gateway's targets, from the identity service. Errors are translated for the gateway's caller, which
 * can be an agent whose owner has not seen the gateway's configuration.
 */
import * as v from 'valibot';
import { OUTCOME_HEADER } from '../../model/headers';
import { ServiceError, type ErrorName } from '../../domain/service-error';
import type { ResourceCredentials } from '../../domain/gateway/resource-credentials';
import { ErrorResponse } from '../aws/signed-requests';
import {
  concernsCaller,
  createIdentityRequests,
  detailOf,
  serviceFailure,
  type IdentityService,
} from './identity-requests';

const TokenSchema = v.union([
  v.object({ accessToken: v.pipe(v.string(), v.nonEmpty()), tokenType: v.exactOptional(v.literal('DPoP')) }),
  v.object({ authorizationUrl: v.pipe(v.string(), v.nonEmpty()), sessionUri: v.string() }),
]);

const ProofSchema = v.object({ accessToken: v.pipe(v.string(), v.nonEmpty()), dpopProof: v.string() });

const ApiKeySchema = v.object({ apiKey: v.pipe(v.string(), v.nonEmpty()) });

type Refusal = readonly [type: ErrorName, message: (theirs: string) => string];

/** The error and message that the caller gets for an error of the service. */
const REFUSALS: ReadonlyMap<string, Refusal> = new Map<string, Refusal>([
  [
    'AccessDeniedException',
    [
      'AccessDeniedException',
      () =>
        'The credential provider of this target does not allow the request. Ask the owner of the gateway to allow the agent and the gateway to use it.',
    ],
  ],
  [
    'UnauthorizedException',
    ['AccessDeniedException', () => 'The agent or the gateway no longer has access. Repeat the request.'],
  ],
  [
    'ResourceNotFoundException',
    [
      'AccessDeniedException',
      () => 'The credential provider of this target does not exist. Ask the owner of the gateway.',
    ],
  ],
  [
    'ValidationException',
    ['ValidationException', (theirs) => `The credential of this target cannot be requested. ${theirs}`],
  ],
  ['ThrottlingException', ['ThrottlingException', () => 'Too many concurrent requests. Try again shortly.']],
]);

const secondsIn = (value: string | undefined): number | undefined =>
  value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) : undefined;

function refusalOf(error: unknown): ServiceError {
  if (!(error instanceof ErrorResponse) || concernsCaller(error)) return serviceFailure(error);
  const retryAfter = secondsIn(error.headers['retry-after']);
  const parts = { detail: `${detailOf(error)}: ${error.message}`, cause: error, retryAfter };
  const known = REFUSALS.get(error.name);
  if (known) return new ServiceError(known[0], known[1](error.message), parts);
  // The authorization server is down or refuses, which the message says.
  return error.headers[OUTCOME_HEADER] !== undefined && error.name === 'InternalServerException'
    ? new ServiceError('InternalServerException', error.message, parts)
    : serviceFailure(error);
}

export function createResourceCredentials(service: IdentityService): ResourceCredentials {
  const send = createIdentityRequests(service);
  async function call<Schema extends v.GenericSchema>(
    path: string,
    input: object,
    schema: Schema,
  ): Promise<v.InferOutput<Schema>> {
    let response;
    try {
      response = await send(`/identities/${path}`, input);
    } catch (error) {
      throw refusalOf(error);
    }
    const parsed = v.safeParse(schema, response);
    if (!parsed.success) throw serviceFailure(new Error('malformed response'));
    return parsed.output;
  }
  return {
    token: (request) => call('oauth2/token', request, TokenSchema),
    reject: (request, rejectedAccessToken) =>
      call('RejectResourceOauth2Token', { ...request, rejectedAccessToken }, TokenSchema),
    proof: (selection, request) => call('GetResourceDpopProof', { ...selection, ...request }, ProofSchema),
    apiKey: async (workloadIdentityToken, resourceCredentialProviderName) => {
      const input = { workloadIdentityToken, resourceCredentialProviderName };
      return (await call('api-key', input, ApiKeySchema)).apiKey;
    },
  };
}
