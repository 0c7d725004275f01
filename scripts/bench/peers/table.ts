/** The peers' table of docs/engineering/performance.md, and the targets. */
import { table } from '../../markdown-table';
import type { Comparison, Figures } from './comparison';
import { WORK, type Work } from './peer';

/** How many times more CPU time Keycloak must use. */
export const TARGET = 2.5;

export const OURS = 'agent-identity';
export const KEYCLOAK = 'Keycloak';

/** What each peer does for each kind of work. */
const TITLES: Readonly<Record<Work, readonly [ours: string, keycloak: string]>> = {
  mint: ['GetWorkloadAccessTokenForJWT', 'token exchange'],
  ownToken: ['GetResourceOauth2Token, M2M', 'client credentials'],
  storedToken: ['GetResourceOauth2Token, stored', 'stored broker token'],
  apiKey: ['GetResourceApiKey', 'client credentials'],
};

export const total = ({ cpu }: Figures): number => cpu.service + cpu.database;

export interface Verdict {
  readonly work: Work;
  readonly title: string;
  /** CPU time of Keycloak, divided by ours. */
  readonly ratio: number;
  readonly isMet: boolean;
}

/** @throws Error for a comparison without both of them */
export function verdicts(comparison: Comparison): Verdict[] {
  return WORK.map((work) => {
    const [ours, keycloak] = [comparison.get(OURS), comparison.get(KEYCLOAK)];
    if (!ours || !keycloak) throw new Error('The comparison lacks a peer.');
    const ratio = total(keycloak[work]) / total(ours[work]);
    const [ourTitle, keycloakTitle] = TITLES[work];
    return { work, title: `${ourTitle} and ${keycloakTitle}`, ratio, isMet: ratio >= TARGET };
  });
}

const HEADER = [
  'work',
  'peer',
  'CPU ms',
  'of which the database',
  'ratio',
  'p50 ms',
  'p99 ms',
  'bytes sent',
  'bytes received',
];

/** Returns a row for each kind of work and peer, in Markdown. `ratio` is its CPU time divided by ours. */
export function peersTable(comparison: Comparison): string {
  const rows = WORK.flatMap((work) => {
    const ours = comparison.get(OURS)?.[work];
    return [...comparison].map(([name, figures], index) => {
      const { [work]: of } = figures;
      const [ourTitle, keycloakTitle] = TITLES[work];
      const title =
        name === OURS ? ourTitle : name === KEYCLOAK ? keycloakTitle : index > 0 ? 'the same' : '';
      return [
        title,
        name,
        total(of).toFixed(2),
        of.cpu.database > 0 ? of.cpu.database.toFixed(2) : '',
        ours ? (total(of) / total(ours)).toFixed(2) : '',
        of.p50.toFixed(1),
        of.p99.toFixed(1),
        of.bytes.sent.toFixed(0),
        of.bytes.received.toFixed(0),
      ];
    });
  });
  return table([HEADER, ...rows]);
}
