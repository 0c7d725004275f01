/**
 * `npm run bench -- --peers`: the service, Keycloak, and a vault written by hand, with the same work in one run. Prints the
 * CPU time of each whole process, the waiting times, and the bytes for each request, and writes them into
 * docs/engineering/performance.md.
 *
 * Needs Linux, Java 17, Maven, and PostgreSQL's server.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { MissingPrograms } from '../../test/clients/installation.mjs';
import { FOR_BENCHMARKS, startKeycloak } from '../../test/keycloak/server.mjs';
import { publish } from '../figures';
import { compare } from './peers/comparison';
import { keycloakPeer } from './peers/keycloak';
import { OurAgent, startOurs } from './peers/ours';
import { WORK } from './peers/peer';
import { APPLICATION, signInPeople, trustIn, type People } from './peers/people';
import { findPostgres, startPostgres } from './peers/postgres';
import { hasProcessTimes } from './peers/process-time';
import { parseSettings } from './peers/settings';
import { peersTable, TARGET, verdicts } from './peers/table';
import { startVault, vaultPeer, type VaultIssuer } from './peers/vault';
import { installVault } from './peers/vault/installation.mjs';

const COMMAND = 'npm run bench -- --peers';

/** Users whose tokens are exchanged and stored; the requests take turns. */
const USERS = 8;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

function checkMachine(): string {
  if (!hasProcessTimes()) throw new MissingPrograms('It reads CPU times from /proc, which only Linux has.');
  const postgres = findPostgres();
  if (postgres === undefined)
    throw new MissingPrograms('There is no PostgreSQL server (initdb, postgres). Install it, or set PATH.');
  return postgres;
}

const issuerOf = ({ people }: People): VaultIssuer => ({
  issuer: people.issuer,
  jwksUri: people.endpoint('certs'),
  client: APPLICATION,
});

/**
 * @param arguments_ options of the command line, without `--peers`
 * @throws MissingPrograms, InstallationError, UsageError, HelpRequested
 */
export async function runPeers(arguments_: readonly string[]): Promise<void> {
  const settings = parseSettings(arguments_);
  const postgresPrograms = checkMachine();
  installVault();
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-peers-'));
  const closers: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    print('Keycloak starts.');
    const keycloak = await startKeycloak(FOR_BENCHMARKS);
    closers.push(keycloak.stop);
    const people = await signInPeople(keycloak, USERS);
    const service = await startOurs(folder, trustIn(keycloak.url));
    closers.push(service.stop);
    const ours = await OurAgent.create(service, people);
    const postgres = await startPostgres(postgresPrograms);
    closers.push(postgres.stop);
    const vault = await startVault(postgres, issuerOf(people));
    closers.push(vault.stop);
    const peers = [
      ours.peer(),
      keycloakPeer(people, keycloak.pid, 'RS256'),
      keycloakPeer(people, keycloak.pid, 'ES256'),
      await vaultPeer(vault, postgres, people.userTokens, ours.credentials),
    ];
    const comparison = await compare(peers, WORK, settings, print);
    const results = verdicts(comparison);
    const machine = `Node.js ${process.version}, PostgreSQL ${postgres.version}, ${availableParallelism()} CPUs; ${settings.connections} connections, ${settings.warmUp} requests of each kind to warm up, then ${settings.rounds} rounds of ${settings.calls}.`;
    const targets = results.map(
      ({ title, ratio, isMet }) =>
        `- ${title}: Keycloak uses ${ratio.toFixed(2)} times the CPU time. The target, ${TARGET}, is ${isMet ? 'met' : 'missed'}.`,
    );
    const report = [machine, peersTable(comparison), targets.join('\n')].join('\n\n');
    if (settings.json !== undefined) {
      const figures = { settings, machine, peers: Object.fromEntries(comparison), verdicts: results };
      await writeFile(settings.json, `${JSON.stringify(figures, undefined, 2)}\n`);
    }
    if (settings.update) publish('engineering/performance.md', report, COMMAND);
    else print(report);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}
