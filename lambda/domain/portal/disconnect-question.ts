/** What a disconnection in a portal would end, which the person reads before it. */
import type { Annotate } from '../audit';
import { namedOf } from '../display-name';
import { targetParts } from '../grant/grant';
import { encodeGrantId } from '../../model/grant-id';
import type { GrantIndex } from '../grant/selection';
import { isUnreadable } from '../grant/unreadable';
import { ProviderFailure } from '../oauth/provider-failure';
import type { MetadataReader } from '../oauth/provider-metadata';
import { revocationProspect } from '../oauth/revoke-tokens';
import type { Oauth2Provider } from '../../model/provider/record';
import { connectionOf, clientBindingDigest } from '../provider/oauth2-provider';
import { onBehalfOfConfigOf } from '../provider/on-behalf-of';
import { endsOtherGrants, type RevocationProspect } from '../provider/revocation-reach';
import { reachOf } from '../provider/vendors';
import { epochSeconds } from '../system';
import { disconnectable } from './disconnect';
import { canHaveAccessAtProvider } from './held-grants';
import type { Person } from './person';
import type { AgentAtProvider, Row } from './row';
import { rowsOf, type RowDependencies } from './rows';
import type { ServedPortal } from './served-portal';

export interface DisconnectQuestionDependencies extends RowDependencies {
  readonly metadata: MetadataReader;
  readonly grantIndex: Pick<GrantIndex, 'ofAgentAndUser' | 'page'>;
}

/** What a disconnection would end. */
export interface DisconnectQuestion extends AgentAtProvider {
  readonly revocation: RevocationProspect;
  /** The person's other connections in this portal that the provider ends together with this one. */
  readonly alsoLose: readonly AgentAtProvider[];
  /**
   * Number of the person's other connections that end, too, and that the portal does not show. Their agents have no
   * names here: they can belong to owners of which this portal must not say anything.
   */
  readonly notShown: number;
  /** Whether there can be more of them, because the person has very many grants, or one that is not valid; absent if not. */
  readonly notShownIsMinimum?: true;
  /** Whether the agent can keep other access to the provider. */
  readonly keepsAccess: boolean;
  /** Whether the agent can get access there by the person's sign-in, without a consent; absent if not. */
  readonly canReturn?: true;
  /** Whether the tokens are those of a workspace or an account whose other users lose their access, too. */
  readonly shared: boolean;
}

const pairOf = ({ agent, provider }: Row): AgentAtProvider => ({
  agent: namedOf(agent.identity),
  provider: namedOf(provider),
});

/** Returns whether a revocation at the one provider ends tokens of the other one, too. */
function reaches(revoked: Oauth2Provider, other: Oauth2Provider): boolean {
  switch (reachOf(revoked.vendor)) {
    case 'user-and-client':
      return clientBindingDigest(revoked) === clientBindingDigest(other);
    case 'user-and-project':
    case 'installation':
      return revoked.vendor === other.vendor;
    case 'token':
    case 'grant':
    case 'none':
      return false;
  }
}

async function prospectOf(
  { metadata }: Pick<DisconnectQuestionDependencies, 'metadata'>,
  { provider, grant }: Row,
): Promise<RevocationProspect> {
  try {
    const refreshable = grant?.tokens?.refreshable ?? false;
    const described = await metadata.read(provider.discovery, connectionOf(provider), 'revocation');
    return revocationProspect({ provider, metadata: described }, refreshable);
  } catch (error) {
    // The provider gets the request when it is available again.
    if (error instanceof ProviderFailure) return 'not-provable';
    throw error;
  }
}

/**
 * Index entries of one read, and of all reads for one count, and the seconds after which no further read begins: an agent
 * decides how many grants a person has, and how large they are.
 */
const READ_LIMIT = 10;
const MAX_READ = 1_000;
const MAX_SECONDS = 2;

type NotShown = Pick<DisconnectQuestion, 'notShown' | 'notShownIsMinimum'>;

/** Returns the number of the person's connections that are in no row, and that a revocation at the provider ends. */
async function countNotShown(
  { grantIndex, providers, system, report }: DisconnectQuestionDependencies,
  revoked: Oauth2Provider,
  { userHash, rows }: { readonly userHash: string; readonly rows: readonly Row[] },
): Promise<NotShown> {
  if (!endsOtherGrants(reachOf(revoked.vendor))) return { notShown: 0 };
  const shown = new Set(rows.map(({ grantId }) => encodeGrantId(grantId)));
  const found = new Map<string, Promise<Oauth2Provider | undefined>>();
  const providerOf = (name: string) => {
    const provider = found.get(name) ?? providers.get(name);
    found.set(name, provider);
    return provider;
  };
  let notShown = 0;
  let isMinimum = false;
  let read = 0;
  let after: string | undefined;
  const end = epochSeconds(system) + MAX_SECONDS;
  do {
    const page = await grantIndex
      .page({ userHash }, { limit: READ_LIMIT, after })
      .catch((error: unknown): undefined => {
        report(error);
      });
    // The person can disconnect without the number.
    if (!page) return { notShown, notShownIsMinimum: true };
    for (const grant of page.grants) {
      if (!isUnreadable(grant) && (!grant.tokens || shown.has(encodeGrantId(grant)))) continue;
      const provider = await providerOf(targetParts(grant.target).providerName);
      if (!provider || !reaches(revoked, provider)) continue;
      // Nothing says whether it has tokens, so the page says that there might be more.
      if (isUnreadable(grant)) isMinimum = true;
      else if (provider.id === grant.providerId) notShown += 1;
    }
    after = page.next;
    read += READ_LIMIT;
  } while (after !== undefined && read < MAX_READ && epochSeconds(system) < end);
  isMinimum ||= after !== undefined;
  return { notShown, ...(isMinimum && { notShownIsMinimum: true as const }) };
}

/** @throws PortalRefusal */
export async function disconnectQuestion(
  deps: DisconnectQuestionDependencies,
  served: ServedPortal,
  person: Person,
  { key, annotate }: { readonly key: string; readonly annotate: Annotate },
): Promise<{ readonly question: DisconnectQuestion }> {
  const { rows } = await rowsOf(deps, served, person, { key });
  const row = disconnectable(
    rows.find((each) => each.key === key),
    annotate,
  );
  const others = rows.filter(
    (other) => other.key !== row.key && other.grant?.tokens && reaches(row.provider, other.provider),
  );
  return {
    question: {
      ...pairOf(row),
      revocation: await prospectOf(deps, row),
      alsoLose: others.map(pairOf),
      ...(await countNotShown(deps, row.provider, { userHash: person.userHash, rows })),
      keepsAccess: await canHaveAccessAtProvider(deps, row.grantId, row.grantId.target),
      ...(onBehalfOfConfigOf(row.provider) && { canReturn: true }),
      shared: reachOf(row.provider.vendor) === 'installation',
    },
  };
}
