/** The response of a target: what it says about the credential, and what of it passes. */
import { neededScopes } from '../gate/challenge';
import { checkFields } from '../gate/response-fields';
import type { StreamedResponse } from '../streamed-exchange';
import type { Credential } from './credential';
import { credentialPlace } from './manage/credential-placement';
import type { EchoRemover } from './echo-remover';
import { responseHeaders } from './forwarded-headers';
import { GatewayProblem, TARGET, targetFailure } from './problem';
import { endpointOf, type CalledTarget } from './target';
import { gatewayLocation } from './target-url';

/** What a response says about the credential. */
export type Verdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'rejected' }
  /** Needs a proof with this nonce (RFC 9449 section 9). */
  | { readonly kind: 'nonce'; readonly nonce: string }
  /** Needs these scopes (RFC 6750 section 3.1). */
  | { readonly kind: 'scopes'; readonly scopes: readonly string[] };

const USE_NONCE = /(?:^|[\s,])error="?use_dpop_nonce"?(?:[\s,]|$)/;
/** RFC 9449 section 8.1. */
const NONCE = /^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/;

export function verdictOn(
  { status, headers }: Pick<StreamedResponse, 'status' | 'headers'>,
  credential: Credential,
): Verdict {
  const challenge = headers['www-authenticate'];
  if (status === 401) {
    const nonce = headers['dpop-nonce'] ?? '';
    const isForNonce = credential.kind === 'token' && credential.tokenType === 'DPoP';
    return isForNonce && USE_NONCE.test(challenge ?? '') && NONCE.test(nonce)
      ? { kind: 'nonce', nonce }
      : { kind: 'rejected' };
  }
  const scopes = credential.kind === 'token' ? neededScopes(status, challenge) : undefined;
  return scopes ? { kind: 'scopes', scopes } : { kind: 'accepted' };
}

const KIND = 'credential-rejected';

/** @param credential that the target does not accept */
export function credentialRejected({ kind }: Credential): GatewayProblem {
  const parts = { detail: `target: status 401, credential ${kind}` };
  switch (kind) {
    case 'none':
      return new GatewayProblem(
        KIND,
        'The target requires a credential, and has no credential provider. Ask the owner of the gateway to add one.',
        parts,
      );
    case 'api-key':
      return new GatewayProblem(
        KIND,
        'The target rejects the API key. Ask the owner of the gateway to check the key, and the header or query parameter that has it.',
        parts,
      );
    case 'user-token':
      return new GatewayProblem(
        KIND,
        'The target rejects the user token. Ask the owner of the gateway whether the target accepts the tokens of this issuer, or to use TOKEN_EXCHANGE.',
        parts,
      );
    case 'session':
      return new GatewayProblem(
        KIND,
        'The target rejects the signature of the gateway. Ask the owner of the gateway to check the service, the Region, and the permissions of its role.',
        parts,
      );
    case 'token':
      return new GatewayProblem(
        KIND,
        'The target rejects the access token, also after its renewal. Ask the owner of the gateway to check the scopes of the target, and whether the target trusts the authorization server.',
        parts,
      );
  }
}

/** For a request that can have effects, which only its caller repeats. */
export const credentialRenewed = (): GatewayProblem =>
  new GatewayProblem(
    'credential-renewed',
    'The target rejected the credential, which was then renewed. The target did not accept the request, so it can be repeated.',
    { detail: 'target: status 401, credential renewed', retryAfter: 1 },
  );

/** As {@link credentialRenewed}, for a token with more scopes. */
export const scopesObtained = (): GatewayProblem =>
  new GatewayProblem(
    'credential-renewed',
    'The target requires more scopes, and the gateway has another token with them. The target did not accept the request, so it can be repeated. If the error persists, ask the owner of the gateway to add the scopes to the target.',
    { detail: 'target: status 403, insufficient scope', retryAfter: 1 },
  );

/** @throws GatewayProblem for an encoding in which the credential could not be found */
function checkEncoding({ headers }: Pick<StreamedResponse, 'headers'>): void {
  const encodings = [headers['content-encoding'] ?? '', headers['transfer-encoding'] ?? ''];
  if (encodings.every((encoding) => /^(identity|chunked)?$/i.test(encoding))) return;
  throw targetFailure(
    'The target sent an encoded response, although the gateway asked for none (Accept-Encoding: identity). The target must send it without an encoding.',
    'target: encoded response',
  );
}

/** The request to which a target responded. */
export interface AnsweredRequest {
  readonly target: CalledTarget;
  readonly requested: URL;
  /** URL of the target at the gateway. */
  readonly publicUrl: string;
  /** Undefined without a credential. */
  readonly remover: EchoRemover | undefined;
}

/**
 * Returns the status and headers for the caller.
 *
 * @throws GatewayProblem for a response that cannot be passed on
 */
export function passedHead(
  response: Pick<StreamedResponse, 'status' | 'headers'>,
  { target, requested, publicUrl, remover }: AnsweredRequest,
): Pick<StreamedResponse, 'status' | 'headers'> {
  const { status, headers } = response;
  if (status < 200 || status > 599) {
    throw targetFailure(
      `The target responded with the status ${status}, which is not valid. The target must send a status from 200 to 599.`,
      'target: status',
    );
  }
  checkEncoding(response);
  const { location, ...passing } = headers;
  const endpoint = endpointOf(target);
  const moved =
    location === undefined ? undefined : gatewayLocation(location, { requested, endpoint, publicUrl });
  const returned = {
    ...responseHeaders(passing, target, credentialPlace(target.credential)),
    ...(moved !== undefined && { location: moved }),
  };
  const clean = Object.entries(returned).map(
    ([name, value]) => [name, remover?.ofText(value) ?? value] as const,
  );
  checkFields(clean, TARGET);
  return { status, headers: Object.fromEntries(clean) };
}
