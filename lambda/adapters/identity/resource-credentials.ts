/**
 * The credentials of a gateway's targets, from the identity service. Errors are translated for the gateway's caller, which
 * can be an agent whose owner has not seen the gateway's configuration.
 */
import * as v from 'valibot';
import { OUTCOME_HEADER } from '../../model/headers';
import type { ResourceCredentials } from '../../domain/gateway/resource-credentials';
import { ErrorResponse } from '../aws/signed-requests';
import {
  createIdentityRequests,
  malformedResponse,
  refusalOf,
  type IdentityService,
  type Refusal,
  type Refusals,
} from './identity-requests';

const TokenSchema = v.union([
  v.object({ accessToken: v.pipe(v.string(), v.nonEmpty()), tokenType: v.exactOptional(v.literal('DPoP')) }),
  v.object({ authorizationUrl: v.pipe(v.string(), v.nonEmpty()), sessionUri: v.string() }),
]);

const ProofSchema = v.object({ accessToken: v.pipe(v.string(), v.nonEmpty()), dpopProof: v.string() });

const ApiKeySchema = v.object({ apiKey: v.pipe(v.string(), v.nonEmpty()) });

/** The error and message that the caller gets for an error of the service. */
const REFUSALS: Refusals = new Map<string, Refusal>([
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
      () =>
        'The credential provider of this target does not exist. Ask the owner of the gateway to set another one for the target.',
    ],
  ],
  [
    'ValidationException',
    ['ValidationException', (theirs) => `The credential of this target cannot be requested. ${theirs}`],
  ],
  ['ThrottlingException', ['ThrottlingException', () => 'Too many concurrent requests. Try again shortly.']],
]);

/** The authorization server is down or refuses, which the message says. */
const PROVIDER_FAILURE: Refusals = new Map([
  ['InternalServerException', ['InternalServerException', (theirs) => theirs]],
]);

const refusalsFor = (error: unknown): Refusals =>
  error instanceof ErrorResponse && error.headers[OUTCOME_HEADER] !== undefined
    ? new Map([...REFUSALS, ...PROVIDER_FAILURE])
    : REFUSALS;

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
      throw refusalOf(refusalsFor(error), error);
    }
    const parsed = v.safeParse(schema, response);
    if (!parsed.success) throw malformedResponse();
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
