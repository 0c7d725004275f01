/**
 * Fetches security events from transmitters that cannot push them (RFC 8936). A SET is acknowledged after what it reports
 * is stored. If the process stops in between, the transmitter delivers the SET again, and it counts as repeated.
 */
import * as v from 'valibot';
import { audited, type AuditTrail } from '../audit';
import {
  EVENT_SECRET_OWNER,
  type EventPoll,
  type SecurityEvents,
  type Transmitter,
} from '../identity/security-events';
import { issuerConnection, type DeployedIssuer } from '../identity/trusted-issuer';
import { ProviderFailure, ResponseTooLong } from '../oauth/provider-failure';
import type { ServerResponse } from '../oauth/server-response';
import { connectedBy, type Transport } from '../oauth/transport';
import { OWNER_TAG } from '../ownership';
import { memberOf, type SecretTexts } from '../sealing/external-secret';
import { ServiceError } from '../service-error';
import { receiveSet, type SetDependencies } from './receive-set';
import { SetRejection } from './rejection';
import type { Reporter } from './reporter';
import { applyKept, type UnappliedReportStore } from './unapplied';

export interface PollDependencies extends SetDependencies {
  /** The deployment's issuers. */
  readonly issuers: readonly DeployedIssuer[];
  readonly transport: Transport;
  readonly secrets: SecretTexts;
  readonly audit: AuditTrail;
  readonly unapplied: UnappliedReportStore;
  /** Receives an error that no transmitter and no event caused. */
  readonly report: (error: unknown) => void;
}

/** SETs to receive of one response. */
const MAX_EVENTS = 50;

/**
 * SETs that a run leaves at the transmitter before it stops. It requests as many more: a transmitter delivers the oldest
 * SETs first (RFC 8936 section 2.2), so those that cannot be received yet must not fill each response. With the usual
 * length of 1,000 characters, they fit into a response together with the SETs to receive.
 */
const MAX_HELD = 100;

/** Responses of one transmitter in one run. A later run fetches what is left. */
const MAX_RESPONSES = 20;

/** Attempts in one run, each with its own entry, so that a transmitter that stays down raises an alarm. */
const ATTEMPTS = 2;

/** RFC 6750 section 2.1: a token has only these characters, so it cannot add a header. */
const BEARER_TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

interface Polled extends Reporter {
  readonly transmitter: Transmitter;
  readonly poll: EventPoll;
}

/** What the transmitter learns about the SETs that it delivered (RFC 8936 section 2.2). */
interface Receipt {
  readonly ack: readonly string[];
  readonly setErrs: ReadonlyMap<string, { readonly err: string; readonly description: string }>;
}

const NOTHING: Receipt = { ack: [], setErrs: new Map() };

/** The SETs of a response that were received, refused, or left at the transmitter. */
interface ReceivedDelivery {
  readonly receipt: Receipt;
  /** The transmitter delivers them again. */
  readonly held: readonly string[];
}

const isEmpty = ({ ack, setErrs }: Receipt): boolean => ack.length === 0 && setErrs.size === 0;

/** RFC 8936 section 2.3. */
const ResponseSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    sets: v.optional(v.record(v.string(), v.string()), {}),
    moreAvailable: v.optional(v.boolean(), false),
  }),
);

type Delivery = v.InferOutput<typeof ResponseSchema>;

/**
 * Returns the bearer token. It is read for each run, so a new value is used within a minute.
 *
 * @throws ProviderFailure that does not contain the token
 */
async function bearerToken(
  { secrets }: Pick<PollDependencies, 'secrets'>,
  { authorization: { secretId, jsonKey } }: EventPoll,
  { id }: SecurityEvents,
): Promise<string> {
  const owner = EVENT_SECRET_OWNER + id;
  const failure = (detail: string) => new ProviderFailure('secret_unavailable', `the secret ${detail}`);
  const described = await secrets.describe(secretId);
  if (!described) throw failure('does not exist, or has no owner tag');
  if (described.tags[OWNER_TAG] !== owner)
    throw failure(`must have the tag ${OWNER_TAG} with the value ${owner}`);
  const text = await secrets.text(described.arn);
  const token = text === undefined ? undefined : memberOf(text, jsonKey);
  if (token === undefined) throw failure('has no JSON object with text under the jsonKey');
  if (!BEARER_TOKEN.test(token)) throw failure('contains no bearer token');
  return token;
}

/** The request of RFC 8936 section 2.2. */
const requestBody = ({ ack, setErrs }: Receipt, maxEvents: number): string =>
  JSON.stringify({
    maxEvents,
    returnImmediately: true,
    ...(ack.length > 0 && { ack }),
    ...(setErrs.size > 0 && { setErrs: Object.fromEntries(setErrs) }),
  });

/** @throws ProviderFailure without anything of the response's body */
async function deliveryIn(response: ServerResponse): Promise<Delivery> {
  const { status } = response;
  if (status !== 200) {
    throw new ProviderFailure('invalid_response', `the transmitter responded with ${status}`);
  }
  const parsed = v.safeParse(ResponseSchema, await response.text());
  if (parsed.success) return parsed.output;
  throw new ProviderFailure('invalid_response', "the transmitter's response is malformed");
}

/** @throws ProviderFailure */
const requestSets = async (
  { transport }: Pick<PollDependencies, 'transport'>,
  endpoint: string,
  token: string,
  body: string,
): Promise<Delivery> =>
  deliveryIn(
    await transport(endpoint, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body,
    }),
  );

/**
 * Receives SETs until a time. One that is left out, or cannot be received yet, is not in the receipt: the transmitter
 * delivers it again.
 */
async function receiveDelivery(
  deps: PollDependencies,
  polled: Polled,
  { sets, until }: { readonly sets: readonly (readonly [jti: string, token: string])[]; until: number },
): Promise<ReceivedDelivery> {
  const ack: string[] = [];
  const held: string[] = [];
  const setErrs = new Map<string, { err: string; description: string }>();
  for (const [jti, token] of sets) {
    // Each one can wait for the transmitter's keys.
    if (deps.system.now() >= until) break;
    try {
      await audited(deps.audit, { operation: 'ReceiveSecurityEvents' }, async (annotate) => {
        annotate({ trustedIssuer: polled.events.id });
        await receiveSet(deps, polled, polled.transmitter, { token, jti }, annotate);
      });
      ack.push(jti);
    } catch (error) {
      if (error instanceof SetRejection) setErrs.set(jti, { err: error.code, description: error.message });
      else {
        held.push(jti);
        if (!(error instanceof ServiceError)) deps.report(error);
      }
    }
  }
  return { receipt: { ack, setErrs }, held };
}

/**
 * Requests up to a number of SETs: half as many after each response that is too long, down to one. What was received is
 * acknowledged again with each request, which changes nothing.
 *
 * @param until epoch milliseconds after which it does not try again
 * @returns also the number that fits into a response
 * @throws ProviderFailure
 */
async function requestFitting(
  { system }: Pick<PollDependencies, 'system'>,
  request: (count: number) => Promise<Delivery>,
  { count, until }: { readonly count: number; readonly until: number },
): Promise<{ readonly delivery: Delivery; readonly fitting: number }> {
  for (let fitting = count; ; fitting = Math.floor(fitting / 2)) {
    try {
      return { delivery: await request(fitting), fitting };
    } catch (error) {
      const isLast = fitting <= 1 || system.now() >= until;
      if (isLast || !(error instanceof ResponseTooLong)) throw error;
    }
  }
}

/**
 * Fetches and acknowledges SETs until there are no more, or until a time. SETs that cannot be received yet, for example
 * because their key is unknown or this service failed, delay no others: they are requested together with as many others.
 *
 * @throws ProviderFailure
 */
async function drain(deps: PollDependencies, polled: Polled, until: number): Promise<void> {
  const { poll, events, trusted } = polled;
  const transport = connectedBy(deps.transport, issuerConnection(trusted));
  const token = await bearerToken(deps, poll, events);
  const request = (receipt: Receipt, maxEvents: number) =>
    requestSets({ transport }, poll.endpoint, token, requestBody(receipt, maxEvents));
  const held = new Set<string>();
  let receipt = NOTHING;
  let count = MAX_EVENTS;
  for (let responses = 0; responses < MAX_RESPONSES; responses += 1) {
    const { delivery, fitting } = await requestFitting(deps, (each) => request(receipt, each + held.size), {
      count,
      until,
    });
    count = fitting;
    const sets = Object.entries(delivery.sets).filter(([jti]) => !held.has(jti));
    const received = await receiveDelivery(deps, polled, { sets: sets.slice(0, MAX_EVENTS), until });
    ({ receipt } = received);
    for (const jti of received.held) held.add(jti);
    // Section 2.2: a transmitter should not send more than the requested number, and some do.
    const isMore = delivery.moreAvailable || sets.length > MAX_EVENTS;
    // A transmitter can have its own limit, and deliver only what is held.
    const isLast = !isMore || sets.length === 0 || held.size > MAX_HELD;
    if (isLast || deps.system.now() >= until) break;
  }
  // Section 2.4: a request for no SETs that only acknowledges.
  if (!isEmpty(receipt)) await request(receipt, 0);
}

/** Records a failure in the audit log and never throws, so that a transmitter delays no other. */
async function pollTransmitter(deps: PollDependencies, polled: Polled, until: number): Promise<void> {
  await applyKept(deps, polled.events, until).catch(deps.report);
  for (let attempt = 0; attempt < ATTEMPTS && deps.system.now() < until; attempt += 1) {
    try {
      return await drain(deps, polled, until);
    } catch (error) {
      const isKnown = error instanceof ProviderFailure;
      if (!isKnown) deps.report(error);
      deps.audit.record({
        operation: 'PollSecurityEvents',
        outcome: 'failed',
        trustedIssuer: polled.events.id,
        reason: isKnown ? error.detail : 'internal error',
      });
    }
  }
}

const polledBy = (trusted: DeployedIssuer): Polled[] => {
  const { securityEvents: events } = trusted;
  const { transmitter } = events ?? {};
  const { poll } = transmitter ?? {};
  return events && transmitter && poll ? [{ trusted, events, transmitter, poll }] : [];
};

/**
 * Fetches the security events of every issuer that is polled: of all together, so that slow transmitters do not take the
 * time of the others. They are few, because the operator configures each of them.
 *
 * @param until epoch milliseconds after which no request for more SETs begins, and no other SET is received
 */
export async function pollSecurityEvents(deps: PollDependencies, until: number): Promise<void> {
  await Promise.all(deps.issuers.flatMap(polledBy).map((polled) => pollTransmitter(deps, polled, until)));
}
