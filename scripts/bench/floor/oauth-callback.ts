/** The floor of the published keys: one query. */
import { readSigningKeys } from './aws';
import { responseOf, type GatewayResponse } from './plan';

export * from './loaded';

export async function handler(): Promise<GatewayResponse> {
  const keys = (await readSigningKeys()).map(({ kid, publicJwk }) => ({ kid: kid?.S, ...publicJwk?.M }));
  return responseOf({ keys });
}
