/**
 * A model of the vault: who can get which credential, as the documentation says it. It knows no records, keys, leases, or
 * caches, and so disagrees with the service if one of these returns a credential that its caller must not have, or loses one.
 */

/** Seconds that an access token of the test's server, a workload access token, and a consent session last. */
export const LIFETIME = { accessToken: 600, workloadAccessToken: 900, session: 600 } as const;

/** Seconds before its end in which an access token is not returned any more. */
const EXPIRY_MARGIN = 30;

/** A user by ID, or by the sign-in at the identity provider. */
export interface User {
  readonly name: string;
  readonly signsIn: boolean;
}

/** A workload access token. */
export interface HeldToken {
  readonly agent: string;
  /** Which of the agents that had this name. */
  readonly incarnation: number;
  readonly user: User;
  readonly issuedAt: number;
}

interface Provider {
  readonly incarnation: number;
  readonly client: string;
}

/** What a user has granted to an agent. */
interface Grant {
  /** Of the provider and its client, for which alone the tokens are. */
  readonly provider: Provider;
  readonly code: string;
  expiresAt: number;
}

/** A consent that was given, and not completed yet. */
export interface Consent {
  readonly token: HeldToken;
  readonly providerName: string;
  readonly provider: Provider;
  readonly code: string;
  readonly begunAt: number;
  /** It was begun before its grant was revoked, or before another consent of the grant. */
  isOver: boolean;
}

/** The expected response to a request for a token: a token that goes back to this code, another consent, or an error. */
export type Expected = { readonly code: string } | 'consent' | 'error';

const keyOf = ({ incarnation, user }: HeldToken, provider: string): string =>
  JSON.stringify([incarnation, user.name, provider]);

export class VaultModel {
  now = 0;
  /** Steps so far. */
  steps = 0;
  /** How often the service returned what. */
  readonly returned = new Map<string, number>();
  /** Which of the agents with its name exists. */
  readonly agents = new Map<string, number>();
  readonly providers = new Map<string, Provider>();
  readonly apiKeys = new Map<string, string>();
  readonly suspendedAgents = new Set<string>();
  readonly suspendedUsers = new Set<string>();
  /** When the sessions of a user ended at the identity provider. */
  readonly sessionEnds = new Map<string, number>();
  /** Codes whose consent the user has withdrawn at the authorization server. */
  readonly withdrawn = new Set<string>();
  readonly tokens: HeldToken[] = [];
  readonly consents: Consent[] = [];
  private readonly grants = new Map<string, Grant>();
  private made = 0;

  /** Counts what the service returned. */
  compared(what: string): void {
    this.returned.set(what, (this.returned.get(what) ?? 0) + 1);
  }

  /** Returns a number that no other resource has. */
  next(): number {
    this.made += 1;
    return this.made;
  }

  /** Whether a token can be issued for the agent and the user. */
  canIssue(agent: string, user: User): boolean {
    return this.agents.has(agent) && !this.suspendedAgents.has(agent) && !this.suspendedUsers.has(user.name);
  }

  /** Whether anything can be got with the token. */
  admits(token: HeldToken): boolean {
    const { agent, incarnation, user, issuedAt } = token;
    const isCurrent = this.agents.get(agent) === incarnation;
    const isExpired = this.now >= issuedAt + LIFETIME.workloadAccessToken;
    const hasSession = !user.signsIn || issuedAt > (this.sessionEnds.get(user.name) ?? -1);
    return isCurrent && !isExpired && hasSession && this.canIssue(agent, user);
  }

  private grantOf(token: HeldToken, name: string): Grant | undefined {
    const grant = this.grants.get(keyOf(token, name));
    const provider = this.providers.get(name);
    const isOfProvider =
      grant?.provider.incarnation === provider?.incarnation && grant?.provider.client === provider?.client;
    return isOfProvider ? grant : undefined;
  }

  expectedToken(token: HeldToken, provider: string): Expected {
    if (!this.admits(token) || !this.providers.has(provider)) return 'error';
    const grant = this.grantOf(token, provider);
    if (!grant) return 'consent';
    const isFresh = this.now < grant.expiresAt - EXPIRY_MARGIN;
    return isFresh || !this.withdrawn.has(grant.code) ? { code: grant.code } : 'consent';
  }

  /** The request that {@link expectedToken} is about was sent. */
  requested(token: HeldToken, provider: string): void {
    const expected = this.expectedToken(token, provider);
    const grant = this.grantOf(token, provider);
    if (!grant || expected === 'error') return;
    if (expected === 'consent') this.grants.delete(keyOf(token, provider));
    else if (this.now >= grant.expiresAt - EXPIRY_MARGIN) grant.expiresAt = this.now + LIFETIME.accessToken;
  }

  expectedApiKey(token: HeldToken, name: string): string | undefined {
    return this.admits(token) ? this.apiKeys.get(name) : undefined;
  }

  /** The client that gets tokens for the agent itself. */
  expectedClient(token: HeldToken, provider: string): string | undefined {
    return this.admits(token) ? this.providers.get(provider)?.client : undefined;
  }

  /** Whether the consent can be completed. */
  completes(consent: Consent): boolean {
    const { token, providerName, provider, begunAt, isOver } = consent;
    const current = this.providers.get(providerName);
    return (
      !isOver &&
      this.now < begunAt + LIFETIME.session &&
      this.agents.get(token.agent) === token.incarnation &&
      this.canIssue(token.agent, token.user) &&
      current?.incarnation === provider.incarnation &&
      current.client === provider.client
    );
  }

  /** Whether a consent of the same grant is open, so that a request gets its link again. */
  isOpen(token: HeldToken, provider: string): boolean {
    return this.consents.some(
      (each) =>
        keyOf(each.token, each.providerName) === keyOf(token, provider) &&
        this.now < each.begunAt + LIFETIME.session,
    );
  }

  completed({ token, providerName, provider, code }: Consent): void {
    const expiresAt = this.now + LIFETIME.accessToken;
    this.grants.set(keyOf(token, providerName), { provider, code, expiresAt });
  }

  /** Drops the grants, and ends the consents of these grants that are not completed. */
  revoke(matches: (token: HeldToken, provider: string) => boolean): void {
    for (const consent of this.consents)
      if (matches(consent.token, consent.providerName)) consent.isOver = true;
    for (const key of this.grants.keys()) {
      const [incarnation, userName, provider] = JSON.parse(key) as [number, string, string];
      const agent = [...this.agents].find(([, each]) => each === incarnation)?.[0] ?? '';
      const token = { agent, incarnation, user: { name: userName, signsIn: false }, issuedAt: 0 };
      if (matches(token, provider)) this.grants.delete(key);
    }
  }

  /** Drops one grant. */
  revokeOne(token: HeldToken, provider: string): void {
    const key = keyOf(token, provider);
    this.grants.delete(key);
    for (const consent of this.consents)
      if (keyOf(consent.token, consent.providerName) === key) consent.isOver = true;
  }

  /** The codes of all grants. */
  codes(): string[] {
    return [...this.grants.values()].map(({ code }) => code);
  }
}
