/**
 * The floor of credential retrieval: one verification of the workload access token, one BatchGetItem, and one sealed record
 * opened. A DPoP proof is one signature in addition. Nothing is authorized, validated, or recorded.
 */
import { createHash, createPrivateKey, randomUUID } from 'node:crypto';
import { publicKey, readItems, vaultKey } from './aws';
export * from './loaded';
import { headerOf, opened, signed, verified } from './jose';
import { responseOf, type GatewayEvent, type GatewayResponse, type Plan, type PlannedContext } from './plan';

interface Tokens {
  readonly accessToken: string;
  readonly dpopKey?: { readonly kty: string; readonly crv: string; readonly x: string; readonly y: string };
}

interface Input {
  readonly workloadIdentityToken: string;
  readonly httpMethod: string;
  readonly httpUri: string;
}

/** Returns the plaintext of the record in the vault, for a token that is valid. */
async function readSecret(token: string, plan: Plan): Promise<string> {
  verified(token, await publicKey(headerOf(token).kid));
  const item = (await readItems(plan)).get(plan.vault?.pk) ?? {};
  const jwe = item.sealed?.S ?? item.tokens?.M?.sealed?.S ?? '';
  const { kid, ctx } = headerOf(jwe) as { readonly kid: string; readonly ctx: string };
  const [purpose, ownerId] = JSON.parse(ctx) as [string, string];
  return opened(jwe, await vaultKey(purpose, ownerId, kid));
}

function proof({ accessToken, dpopKey }: Tokens, { httpMethod, httpUri }: Input): string {
  if (!dpopKey) throw new Error('The token is bound to no key.');
  const { kty, crv, x, y } = dpopKey;
  return signed(
    { alg: 'ES256', typ: 'dpop+jwt', jwk: { kty, crv, x, y } },
    {
      jti: randomUUID(),
      htm: httpMethod,
      htu: httpUri,
      iat: Math.floor(Date.now() / 1000),
      ath: createHash('sha256').update(accessToken).digest('base64url'),
    },
    createPrivateKey({ format: 'jwk', key: { ...dpopKey } }),
  );
}

export async function handler(event: GatewayEvent, { plan }: PlannedContext): Promise<GatewayResponse> {
  const input = JSON.parse(event.body) as Input;
  const secret = await readSecret(input.workloadIdentityToken, plan);
  if (event.path.endsWith('/api-key')) return responseOf({ apiKey: secret });
  const tokens = JSON.parse(secret) as Tokens;
  const { accessToken, dpopKey } = tokens;
  const tokenType = dpopKey && { tokenType: 'DPoP' };
  if (!event.path.endsWith('/GetResourceDpopProof')) return responseOf({ accessToken, ...tokenType });
  return responseOf({ dpopProof: proof(tokens, input), accessToken, ...tokenType });
}
