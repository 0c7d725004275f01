/** A scripted transmitter of security events. It signs as the interoperability profile of the Shared Signals Framework says. */
import { randomUUID } from 'node:crypto';
import { send, type HttpResponse } from '../../local/handmade-request';
import type { TestIssuer } from './issuer';

type Claims = Readonly<Record<string, unknown>>;

export const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
export const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';
export const SSF = 'https://schemas.openid.net/secevent/ssf/event-type/';

/** Every event of CAEP 1.0 and RISC 1.0. */
export const EVENT_TYPES: readonly string[] = [
  ...[
    ...['session-revoked', 'token-claims-change', 'credential-change', 'assurance-level-change'],
    ...['device-compliance-change', 'session-established', 'session-presented', 'risk-level-change'],
  ].map((name) => CAEP + name),
  ...[
    ...['account-credential-change-required', 'account-purged', 'account-disabled', 'account-enabled'],
    ...['identifier-changed', 'identifier-recycled', 'credential-compromise', 'sessions-revoked'],
    ...['opt-in', 'opt-out-initiated', 'opt-out-cancelled', 'opt-out-effective'],
    ...['recovery-activated', 'recovery-information-changed'],
  ].map((name) => RISC + name),
];

export const AUDIENCE = 'https://agents.example';
export const AUTHORIZATION = 'Bearer 3xY-random-secret-of-the-stream';

export const issSub = (issuer: string, subject: string) => ({ format: 'iss_sub', iss: issuer, sub: subject });

/** Returns epoch seconds. */
export const now = (): number => Math.floor(Date.now() / 1000);

export class Transmitter {
  /**
   * @param keys signs the SETs
   * @param endpoint of the service
   * @param path of the receiver
   */
  constructor(
    readonly keys: TestIssuer,
    private readonly endpoint: string,
    private readonly path: string,
  ) {}

  /** A SET with one event; members of `claims` and `header` override, and `undefined` removes one. */
  set(
    type: string,
    subject: object,
    event: Claims = {},
    claims: Claims = {},
    header: object = {},
  ): Promise<string> {
    return this.keys.token(
      'unused',
      {
        sub: undefined,
        exp: undefined,
        aud: [AUDIENCE],
        jti: randomUUID(),
        txn: randomUUID(),
        sub_id: subject,
        events: { [type]: { event_timestamp: now(), ...event } },
        ...claims,
      },
      { typ: 'secevent+jwt', ...header },
    );
  }

  post(body: string, headers: Record<string, string> = {}, path = this.path): Promise<HttpResponse> {
    const { host } = new URL(this.endpoint);
    return send({
      host,
      method: 'POST',
      path,
      headers: { host, 'content-type': 'application/secevent+jwt', authorization: AUTHORIZATION, ...headers },
      body,
    });
  }

  /** Sends an event about a subject. */
  async push(type: string, subject: object, event: Claims = {}, claims: Claims = {}): Promise<HttpResponse> {
    return this.post(await this.set(type, subject, event, claims));
  }
}
