/**
 * The floor of token exchange: one BatchGetItem and one signature. With a user token, one verification and one sealed record
 * in addition. Nothing is authorized, validated, or recorded.
 */
import { createHash, createPublicKey, randomUUID, type JsonWebKey, type KeyObject } from 'node:crypto';
import { currentVaultKey, readItems, signingKey, type Item } from './aws';
export * from './loaded';
import { headerOf, sealed, signed, verified } from './jose';
import { responseOf, type GatewayEvent, type GatewayResponse, type Plan, type PlannedContext } from './plan';

/** Seconds. */
const LIFETIME = 900;

interface Input {
  readonly userId?: string;
  readonly userToken?: string;
}

interface Agent {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
}

interface UserClaims {
  readonly iss: string;
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
}

const issuerKeys = new Map<unknown, Promise<KeyObject>>();

async function readIssuerKey(kid: unknown, { discoveryUrl = '' }: Plan): Promise<KeyObject> {
  const { jwks_uri } = (await (await fetch(discoveryUrl)).json()) as { jwks_uri: string };
  const { keys } = (await (await fetch(jwks_uri)).json()) as { keys: (JsonWebKey & { kid: string })[] };
  const key = keys.find((each) => each.kid === kid);
  if (!key) throw new Error('The issuer has no such key.');
  return createPublicKey({ format: 'jwk', key });
}

function issuerKey(kid: unknown, plan: Plan): Promise<KeyObject> {
  const key = issuerKeys.get(kid) ?? readIssuerKey(kid, plan);
  issuerKeys.set(kid, key);
  return key;
}

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url');

/** Returns the claims of the user, and of the user token that the token carries. */
async function userClaims(
  { userId, userToken }: Input,
  { id, arn }: Agent,
  plan: Plan,
  tokenId: string,
): Promise<object> {
  if (userId !== undefined) return { sub: `user-id:${userId}`, sub_id: { format: 'opaque', id: userId } };
  if (userToken === undefined) return { sub: arn };
  const claims = verified(userToken, await issuerKey(headerOf(userToken).kid, plan));
  const { iss, sub, iat, exp } = claims as unknown as UserClaims;
  const { id: kid, key } = await currentVaultKey('subject-token', id);
  const binding = [
    ['token', tokenId],
    ['user', digest(['jwt', iss, sub])],
  ];
  const ctx = JSON.stringify(['subject-token', id, arn, binding]);
  return {
    sub: `${iss}#${sub}`,
    sub_id: { format: 'iss_sub', iss, sub },
    user_token: { iat },
    subject_token: { sealed: sealed({ kid, ctx }, userToken, key), hash: digest([id, userToken]), exp },
  };
}

const agentOf = ({ id, arn, name }: Item): Agent => ({
  id: id?.S ?? '',
  arn: arn?.S ?? '',
  name: name?.S ?? '',
});

export async function handler(event: GatewayEvent, { plan }: PlannedContext): Promise<GatewayResponse> {
  const input = JSON.parse(event.body) as Input;
  const agent = agentOf((await readItems(plan)).get(plan.directory[0]?.pk) ?? {});
  const tokenId = randomUUID();
  const user = await userClaims(input, agent, plan, tokenId);
  const { id: kid, key } = await signingKey();
  const now = Math.floor(Date.now() / 1000);
  const issuer = process.env.BASE_URL;
  const claims = {
    act: { sub: agent.arn, name: agent.name, id: agent.id },
    ...user,
    ...{ iss: issuer, aud: issuer, jti: tokenId, iat: now, exp: now + LIFETIME },
  };
  const workloadAccessToken = signed({ alg: 'ES256', kid, typ: 'workload-access-token+jwt' }, claims, key);
  return responseOf({ workloadAccessToken });
}
