/** The exchange with a target: sends the request with its credential, and acts on what the response says about it. */
import { unlessAborted } from '../abort';
import type { Gateway } from '../../model/records/gateway';
import type { ConnectionRoute } from '../private-endpoint';
import { ServiceError } from '../service-error';
import { ExchangeFailure, type StreamedResponse } from '../streamed-exchange';
import { isConsented, type Credential, type CredentialSource, type SelectedCredential } from './credential';
import { credentialPlace } from './manage/credential-placement';
import { EchoRemover } from './echo-remover';
import { requestHeaders } from './forwarded-headers';
import type { HeaderFields } from '../gate/header-fields';
import { targetFailure, type GatewayProblem } from './problem';
import type { ForwardedMethod } from './routes';
import type { CalledTarget } from './target';
import { targetQuery, type QueryParameters } from './target-query';
import {
  credentialRejected,
  credentialRenewed,
  passedHead,
  scopesObtained,
  verdictOn,
} from './target-response';

/** Sends one request. @throws ExchangeFailure */
export type Forward = (
  url: URL,
  request: {
    readonly method: ForwardedMethod;
    readonly headers: Record<string, string>;
    readonly body: Uint8Array | undefined;
    readonly route: ConnectionRoute | undefined;
    readonly signal: AbortSignal;
  },
) => Promise<StreamedResponse>;

/** What of the caller's request can pass. */
export interface PassedRequest {
  readonly method: ForwardedMethod;
  readonly headers: HeaderFields;
  readonly query: QueryParameters;
  readonly payload: Uint8Array;
}

/** A request that was admitted, and everything that it is sent with. */
export interface AdmittedRequest {
  readonly gateway: Pick<Gateway, 'exceptionLevel'>;
  readonly target: CalledTarget;
  /** Without a query. */
  readonly url: URL;
  /** URL of the target at the gateway. */
  readonly publicUrl: string;
  readonly route: ConnectionRoute | undefined;
  readonly request: PassedRequest;
  readonly source: CredentialSource;
  readonly selected: SelectedCredential;
  readonly credential: Credential;
}

/** A response that has started, for the caller. */
export interface PassedResponse extends StreamedResponse {
  /** Whether the target has shown the credential so far. */
  readonly echoed: () => boolean;
}

/** RFC 9110 section 9.2.1. Only such a request is repeated. */
const SAFE: readonly ForwardedMethod[] = ['GET', 'HEAD'];

/** RFC 9110 section 9.3: content has no meaning in such a request. */
const payloadOf = ({ method, payload }: PassedRequest): Uint8Array | undefined =>
  SAFE.includes(method) ? undefined : payload;

/** A response, with what ends its connection. */
interface Sent {
  readonly response: StreamedResponse;
  readonly requested: URL;
  readonly remover: EchoRemover | undefined;
  readonly discard: () => void;
}

async function* cleaned(
  body: AsyncIterable<Uint8Array>,
  remover: EchoRemover | undefined,
): AsyncGenerator<Uint8Array> {
  if (!remover) {
    yield* body;
    return;
  }
  for await (const chunk of body) yield remover.take(chunk);
  yield remover.rest();
}

function failureFor({ gateway }: AdmittedRequest, error: unknown, signal: AbortSignal): unknown {
  // The signal's reason says why the request ended.
  if (signal.aborted && signal.reason instanceof ServiceError) return signal.reason;
  if (!(error instanceof ExchangeFailure) && !signal.aborted) return error;
  const detail = error instanceof ExchangeFailure ? error.detail : 'the request ended';
  const why = gateway.exceptionLevel === 'DEBUG' ? `: ${detail}` : '';
  return targetFailure(
    `The target could not be reached, or ended the connection before it responded${why}.`,
    `target: ${detail}`,
    error,
  );
}

async function send(
  forward: Forward,
  admitted: AdmittedRequest,
  {
    credential,
    nonce,
    secrets,
  }: { readonly credential: Credential; readonly nonce: string | undefined; readonly secrets: string[] },
  signal: AbortSignal,
): Promise<Sent> {
  const { target, request, source, route } = admitted;
  const place = credentialPlace(target.credential);
  const proven = { httpMethod: request.method, httpUri: admitted.url.href, nonce };
  const attached = await source.attach(credential, proven);
  const requested = new URL(admitted.url);
  requested.search = targetQuery(request.query, target, place, attached.query);
  const unsigned = { ...requestHeaders(request.headers, target, place), ...attached.headers };
  const { method } = request;
  const body = payloadOf(request);
  const headers = { ...(await source.sign(credential, { method, url: requested, headers: unsigned, body })) };
  const attempt = new AbortController();
  const either = AbortSignal.any([signal, attempt.signal]);
  const sent = { method, headers, body, route, signal: either };
  try {
    signal.throwIfAborted();
    // Before it is sent: the target can show it in another response that is still open.
    secrets.push(...attached.secrets.filter((secret) => !secrets.includes(secret)));
    const response = await unlessAborted(signal, forward(requested, sent));
    const remover = secrets.length > 0 ? new EchoRemover(secrets) : undefined;
    return { response, requested, remover, discard: () => attempt.abort() };
  } catch (error) {
    throw failureFor(admitted, error, signal);
  }
}

/**
 * Sends the request, and returns the response that is for the caller. A safe request is repeated once with a renewed
 * credential.
 *
 * @param secrets that the target got before, to which those of this exchange are added: it can show an earlier one
 * @throws GatewayProblem if there is no such response; ServiceError of the identity service, or the signal's reason
 */
export async function exchange(
  forward: Forward,
  admitted: AdmittedRequest,
  signal: AbortSignal,
  secrets: string[] = [],
): Promise<PassedResponse> {
  const { source, request } = admitted;
  let { credential } = admitted;
  let nonce: string | undefined;
  let isRepeated = false;

  /** Returns another credential after a 401 or 403; undefined if the response is for the caller. */
  async function nextCredential(sent: Sent): Promise<Credential | undefined> {
    const verdict = verdictOn(sent.response, credential);
    if (verdict.kind === 'accepted') return undefined;
    if (verdict.kind === 'nonce' && nonce === undefined) {
      ({ nonce } = verdict);
      return credential;
    }
    if (verdict.kind === 'scopes') {
      // Otherwise, the target would choose the scopes of its credential: only the consent of the user can widen it.
      if (!isConsented(admitted.selected)) return undefined;
      const wider = isRepeated ? credential : await source.retrieve(verdict.scopes);
      if (wider.kind !== 'token' || credential.kind !== 'token') return undefined;
      return wider.secret === credential.secret ? undefined : repeated(wider, scopesObtained);
    }
    if (credential.kind !== 'token') throw credentialRejected(credential);
    const renewed = await source.renew(credential);
    if (isRepeated || renewed.secret === credential.secret) throw credentialRejected(credential);
    return repeated(renewed, credentialRenewed);
  }

  /** @param forCaller creates the error for the caller of a request that can have effects */
  function repeated(other: Credential, forCaller: () => GatewayProblem): Credential {
    if (!SAFE.includes(request.method)) throw forCaller();
    isRepeated = true;
    return other;
  }

  for (;;) {
    const sent = await send(forward, admitted, { credential, nonce, secrets }, signal);
    try {
      const next = await nextCredential(sent);
      if (next === undefined) {
        const { requested, remover, response } = sent;
        const head = passedHead(response, { ...admitted, requested, remover });
        return { ...head, body: cleaned(response.body, remover), echoed: () => remover?.found ?? false };
      }
      credential = next;
    } catch (error) {
      sent.discard();
      throw error;
    }
    sent.discard();
  }
}
