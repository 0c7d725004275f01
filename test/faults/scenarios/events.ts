/** What an identity provider reports: security events, revocations, and logouts. */
import { randomUUID } from 'node:crypto';
import type { OperationName } from '../../../lambda/operations';
import { CAEP, issSub, now, RISC, Transmitter } from '../../flows/support/transmitter';
import type { HttpResponse } from '../../local/handmade-request';
import { LOGOUT_CLIENT, POLLED, PUSHING } from '../servers';
import { scenario, type Scenario } from '../scenario';
import type { Stage } from '../stage';
import { cool, newIdentity } from './agents';
import { call } from './request';

const part = 'events';

/** Seconds before an event at which a user token was issued. */
const EARLIER = 30;

const transmitterOf = ({ reporters, world }: Stage, id = PUSHING): Transmitter =>
  new Transmitter(reporters.keys, world.local.endpoint, `/events/${id}`);

/** A user whose token is valid until the report. */
interface Reported {
  readonly subject: object;
  readonly name: string;
  /** @throws Error if the service accepts the user's token */
  readonly expectEnded: () => Promise<void>;
}

function newUser(stage: Stage, workloadName: string, issuer = stage.world.issuer): Reported {
  const name = stage.unique('user');
  const issued = now() - EARLIER;
  return {
    name,
    subject: issSub(issuer.issuer, name),
    async expectEnded() {
      const userToken = await issuer.token(name, { iat: issued, exp: now() + 3600 });
      const { status } = await call(stage, 'GetWorkloadAccessTokenForJWT', {
        body: { workloadName, userToken },
      });
      if (status !== 401 && status !== 403) throw new Error(`a token from before the report: ${status}`);
    },
  };
}

interface Report {
  readonly operation: OperationName;
  readonly variant?: string;
  /** Prepares the report; it is sent again after a failure. */
  readonly of: (stage: Stage, user: Reported) => Promise<() => Promise<HttpResponse>>;
}

/** Polls once. An event that is not acknowledged stays at the transmitter, and the next poll gets it. */
async function polled(stage: Stage): Promise<HttpResponse> {
  const response = await stage.invocation('event-poll', { poll: 'security-events' });
  const isDone = stage.reporters.poll.pending.size === 0;
  return isDone ? response : { ...response, status: 503 };
}

const reported = ({ of, ...named }: Report): Scenario =>
  scenario({
    ...named,
    part,
    share: newIdentity,
    async prepare(stage, workloadName) {
      cool();
      const user = newUser(stage, workloadName);
      const act = await of(stage, user);
      return { act, repeatable: true, verify: user.expectEnded };
    },
  });

const pushed = (variant: string, type: string): Scenario =>
  reported({
    operation: 'ReceiveSecurityEvents',
    variant,
    async of(stage, { subject }) {
      const transmitter = transmitterOf(stage);
      const set = await transmitter.set(type, subject);
      return () => transmitter.post(set);
    },
  });

export const EVENTS: readonly Scenario[] = [
  pushed('session-revoked', `${CAEP}session-revoked`),
  pushed('account-disabled', `${RISC}account-disabled`),
  pushed('account-purged', `${RISC}account-purged`),
  reported({
    operation: 'GlobalTokenRevocation',
    async of(stage, { subject }) {
      const path = `/global-token-revocation/${PUSHING}`;
      const token = await stage.reporters.keys.token(
        'unused',
        { sub: undefined, aud: stage.world.local.endpoint + path, exp: now() + 3600, jti: randomUUID() },
        { typ: 'global-token-revocation+jwt' },
      );
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      return () => transmitterOf(stage).post(JSON.stringify({ sub_id: subject }), headers, path);
    },
  }),
  reported({
    operation: 'BackChannelLogout',
    async of(stage, { name }) {
      const token = await stage.world.issuer.token(
        name,
        {
          aud: LOGOUT_CLIENT,
          exp: now() + 120,
          jti: randomUUID(),
          events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
        },
        { typ: 'logout+jwt' },
      );
      const body = new URLSearchParams({ logout_token: token }).toString();
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return () => transmitterOf(stage).post(body, headers, `/backchannel-logout/${PUSHING}`);
    },
  }),
  scenario({
    operation: 'event-poll',
    part: 'scheduled',
    share: newIdentity,
    async prepare(stage, workloadName) {
      cool();
      const user = newUser(stage, workloadName, stage.reporters.polled);
      const jti = randomUUID();
      const { poll } = stage.reporters;
      poll.reset();
      poll.pending.set(
        jti,
        await transmitterOf(stage, POLLED).set(`${CAEP}session-revoked`, user.subject, {}, { jti }),
      );
      return {
        act: () => polled(stage),
        repeatable: true,
        verify: user.expectEnded,
      };
    },
  }),
];
