/**
 * Refresh without races. Whoever takes the lease, by one conditional write on the grant's generation, redeems
 * the refresh token; the others wait for the next generation. So a provider that rotates refresh tokens never
 * sees one twice, which it would take for theft (RFC 9700 section 4.14.2).
 */
import { epochSeconds } from '../ambient';
import { ProviderFailure } from '../grants/provider-failure';
import { redeemRefreshToken, type ProviderClient } from '../grants/token-request';
import { ServiceError } from '../service-error';
import { isFresh, type Grant, type GrantTokens, type RefreshLease } from './grant';
import type { RetrievePorts } from './retrieve';
import { openTokens, sealTokens, type TokenOwner } from './tokens';

/** Milliseconds that a lease lasts: longer than the provider may take and the write behind it, with its retries. */
export const LEASE = 15_000;

/** Milliseconds that a redemption and the write behind it may take: with less of the lease left, nothing is sent. */
const REDEMPTION = 8_000;

/** Milliseconds that a loser waits for the winner, and between two looks. */
const PATIENCE = 6_000;
const PAUSE = 200;

/** The tokens are gone for good: the user must consent again. */
export const CONSENT_NEEDED = Symbol('consent needed');

interface Refresh {
  readonly owner: TokenOwner;
  readonly grant: Grant;
  readonly tokens: GrantTokens;
  /** Opens the client secret only where a request will be sent. */
  readonly client: () => Promise<ProviderClient>;
}

/**
 * @returns a fresh access token, or {@link CONSENT_NEEDED} when the provider refuses for good
 * @throws InternalServerException or ThrottlingException where asking again shortly will help
 */
export async function refreshed(
  ports: RetrievePorts,
  refresh: Refresh,
): Promise<string | typeof CONSENT_NEEDED> {
  const holder = ports.ambient.randomUUID();
  const now = ports.ambient.now();
  const lease: RefreshLease = { holder, deadline: now + LEASE };
  const { generation } = refresh.grant;
  const won = await ports.grants.takeLease(refresh.owner.grantId, {
    generation,
    lease,
    now,
  });
  return won ? redeem(ports, refresh, lease) : awaitWinner(ports, refresh);
}

async function redeem(
  ports: RetrievePorts,
  refresh: Refresh,
  { holder, deadline }: RefreshLease,
): Promise<string | typeof CONSENT_NEEDED> {
  const { owner, grant, tokens } = refresh;
  const release = (dropTokens: boolean) => ports.grants.releaseLease(owner.grantId, { holder, dropTokens });
  const { refreshToken } = await openTokens(ports.seal, owner, tokens);
  if (refreshToken === undefined) throw new Error('a grant without a refresh token was marked refreshable');
  try {
    const narrowed = {
      resources: owner.resources,
      audiences: owner.audiences,
      scopes: tokens.scopes,
    };
    const client = await refresh.client();
    if (ports.ambient.now() + REDEMPTION > deadline) {
      // Held up so long that the lease may lapse on the way: another may redeem this refresh token by then.
      await release(false);
      return await awaitWinner(ports, refresh);
    }
    const obtained = await redeemRefreshToken(ports, client, refreshToken, narrowed);
    const next = await sealTokens(ports, owner, obtained, tokens.requestedScopes);
    const stored = await ports.grants.putRefreshed(owner.grantId, {
      holder,
      epoch: grant.epoch,
      tokens: next,
    });
    // Forgotten meanwhile (forceAuthentication), what was refreshed is not handed out any more; overtaken by a
    // consent or another refresh, theirs is.
    return stored ? obtained.accessToken : await awaitWinner(ports, refresh);
  } catch (error) {
    const refusedForGood =
      error instanceof ProviderFailure && error.code === 'invalid_grant' && !error.unavailable;
    const released = await release(refusedForGood);
    // Who lost the lease meanwhile was refused for a token that another has redeemed.
    if (refusedForGood) return released ? CONSENT_NEEDED : awaitWinner(ports, refresh);
    throw error;
  }
}

async function awaitWinner(
  ports: RetrievePorts,
  { owner, grant }: Refresh,
): Promise<string | typeof CONSENT_NEEDED> {
  const until = ports.ambient.now() + PATIENCE;
  while (ports.ambient.now() < until) {
    await ports.ambient.wait(PAUSE);
    const seen = await ports.grants.get(owner.grantId);
    if (!seen?.tokens || seen.epoch !== grant.epoch) return CONSENT_NEEDED;
    if (isFresh(seen.tokens, epochSeconds(ports.ambient))) {
      return (await openTokens(ports.seal, owner, seen.tokens)).accessToken;
    }
    if (!seen.lease) break;
  }
  throw new ServiceError('ThrottlingException', 'The token is being refreshed. Try again shortly.');
}
