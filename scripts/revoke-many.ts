/**
 * `npm run revoke:many`: revokes thousands of grants of one provider with one request of an operator, and kills the
 * service in the middle. Prints the requests that the provider and DynamoDB got, and how the latter spread over
 * partitions; ends with status 1 if a token stays valid, or too many requests are repeated.
 *
 * The counts are those of a deployment. The time is not: everything runs on this machine, including the authorization
 * server and the database.
 */
import '../test/program/quiet';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { MEMORY_SIZE } from '../lib/constructs/function-settings';
import { startEmulators } from '../lib/local/emulators';
import { runProgram } from '../test/program/command-line';
import { startDatabaseProxy } from '../test/storm/database-proxy';
import { table } from './markdown-table';
import { atMemorySize } from './bench/lambda-cpu';
import { AuthorizationServer } from './revoke-many/authorization-server';
import { DatabaseTraffic, type Spread } from './revoke-many/database-traffic';
import { ServiceProcess } from './revoke-many/service-process';
import { parseSettings, type Settings } from './revoke-many/settings';
import { PROVIDER, storeGrants } from './revoke-many/store-grants';

const POLL_INTERVAL = 5_000;
const MAX_RUN = 60 * 60_000;

/**
 * Repeated requests of one kind after the kill: the 12 attempts that a sweep has in progress at a provider, of the sweep
 * of the schedule and of the one that RevokeGrants starts.
 */
const MAX_REPEATED = 24;

/** Units per second of one partition (DynamoDB developer guide, "Designing partition keys"). */
const PARTITION_LIMITS = { writes: 1_000, reads: 3_000 };

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

interface RevocationState {
  readonly revocationId: string;
  readonly status: string;
  readonly counts: { readonly matched: number; readonly confirmed: number };
}

interface Outcome {
  readonly state: RevocationState;
  readonly polls: number;
  /** Milliseconds until RevokeGrants returned, until the last grant lost its tokens, and until the revocation was done. */
  readonly elapsed: { readonly request: number; readonly selected: number; readonly done: number };
  /** Attempts that had begun when the last grant lost its tokens. */
  readonly attemptsBefore: number;
  /** Milliseconds of the service. */
  readonly cpu: number;
}

interface Stage {
  readonly settings: Settings;
  readonly server: AuthorizationServer;
  readonly traffic: DatabaseTraffic;
  readonly start: () => Promise<ServiceProcess>;
}

/** Follows the revocation until it is done, and replaces the service when it is killed. */
async function revoke({ settings, server, traffic, start }: Stage, first: ServiceProcess): Promise<Outcome> {
  let service = first;
  let killed: Promise<void> | undefined;
  const before = first.cpu;
  const begun = performance.now();
  let [selected, attemptsBefore] = [0, 0];
  traffic.onGrant = () => {
    [selected, attemptsBefore] = [performance.now() - begun, server.asked];
  };
  const request = { providerName: PROVIDER, reason: 'a run of npm run revoke:many' };
  const { revocationId, matched } = (await first.operate('RevokeGrants', request)) as RevocationState & {
    readonly matched: number;
  };
  const requestTime = performance.now() - begun;
  server.onRevocation = (count) => {
    if (count >= settings.grants / 2) killed ??= first.kill();
  };
  print(`RevokeGrants returned: ${matched} grants are revoked in the service.`);
  for (let polls = 1; performance.now() - begun < MAX_RUN; polls += 1) {
    if (killed && service === first) {
      await killed;
      print('The service was killed, and is started again.');
      service = await start();
    }
    const state = (await service
      .operate('GetRevocation', { revocationId, maxResults: 1 })
      .catch((error: unknown) => {
        if (!killed || service !== first) throw error;
      })) as RevocationState | undefined;
    if (state) print(`${state.status}: ${state.counts.confirmed} of ${state.counts.matched} are confirmed.`);
    if (state?.status === 'DONE') {
      if (!killed) throw new Error('the revocation was done before the service could be killed');
      const elapsed = { request: requestTime, selected, done: performance.now() - begun };
      return { state, polls, elapsed, attemptsBefore, cpu: first.cpu - before + service.cpu };
    }
    await wait(POLL_INTERVAL);
  }
  throw new Error('the revocation did not end');
}

const perGrant = (count: number, { grants }: Settings): string => (count / grants).toFixed(2);

const spreadRows = (spreads: readonly Spread[], limit: number, settings: Settings): string[][] =>
  spreads.map(({ place, partitions, total, busiest, kind }) => [
    place,
    String(partitions),
    perGrant(total, settings),
    `${((100 * busiest) / total).toFixed(busiest / total < 0.01 ? 2 : 0)}% ${kind}`.trim(),
    Math.floor((limit * settings.grants) / busiest).toLocaleString('en'),
  ]);

function tablesOf(server: AuthorizationServer, traffic: DatabaseTraffic, settings: Settings): string {
  const requests = server.counts.map(({ kind, requests, repeated }) => [
    kind,
    String(requests),
    String(repeated),
  ]);
  const calls = [...traffic.calls]
    .sort()
    .map(([call, count]) => [call, String(count), perGrant(count, settings)]);
  const { writes, reads } = PARTITION_LIMITS;
  return [
    table([['request to the provider', 'requests', 'repeated'], ...requests]),
    table([['DynamoDB', 'requests', 'per grant'], ...calls]),
    table([
      ['writes to', 'partitions', 'per grant', 'busiest partition', 'grants/s at its limit'],
      ...spreadRows(traffic.writes, writes, settings),
    ]),
    table([
      ['read units of', 'partitions', 'per grant', 'busiest partition', 'grants/s at its limit'],
      ...spreadRows(traffic.reads, reads, settings),
    ]),
  ].join('\n\n');
}

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(0);

function timesOf({ polls, elapsed, attemptsBefore, cpu }: Outcome, { grants }: Settings): string {
  const ofFunction = atMemorySize(cpu, MEMORY_SIZE.revocation) / 60_000;
  return [
    `RevokeGrants took ${seconds(elapsed.request)} seconds. The last grant was revoked in the service after`,
    `${seconds(elapsed.selected)} seconds, when the provider had ${attemptsBefore} requests to revoke a refresh token.`,
    `All of it took ${seconds(elapsed.done)} seconds (${(elapsed.done / grants).toFixed(1)} ms per grant), with ${polls} GetRevocation requests. The service used`,
    `${(cpu / grants).toFixed(1)} ms of CPU time per grant, which a function with ${MEMORY_SIZE.revocation} MiB has in`,
    `${ofFunction.toFixed(1)} minutes for all grants.`,
  ].join(' ');
}

function faultsOf({ state }: Outcome, server: AuthorizationServer, { grants }: Settings): string[] {
  const { matched, confirmed } = state.counts;
  return [
    ...(matched === grants && confirmed === grants
      ? []
      : [`${confirmed} of ${matched} grants are confirmed`]),
    ...(server.valid === 0 ? [] : [`${server.valid} tokens are valid at the provider`]),
    ...server.counts
      .filter(({ repeated }) => repeated > MAX_REPEATED)
      .map(({ kind, repeated }) => `${repeated} repeated requests: ${kind}`),
  ];
}

/** @returns whether every token was revoked */
async function run(settings: Settings, closers: (() => Promise<unknown>)[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-revoke-'));
  closers.push(() => rm(folder, { recursive: true }));
  const emulators = await startEmulators(folder);
  closers.push(() => emulators.close());
  const server = await AuthorizationServer.start(settings.delay);
  closers.push(() => server.client.close());
  const { access, principals } = emulators;
  let traffic = new DatabaseTraffic();
  const proxy = await startDatabaseProxy({
    endpoint: access.endpoints.dynamodb,
    fateOf: () => 'pass',
    kill: () => undefined,
    observe: (request, response) => traffic.observe(request, response),
  });
  closers.push(proxy.close);
  const start = async (): Promise<ServiceProcess> => {
    const service = await ServiceProcess.start({
      emulators: { ...access, endpoints: { ...access.endpoints, dynamodb: proxy.endpoint } },
      principals,
      logPath: join(folder, 'service.log'),
    });
    closers.push(() => service.kill());
    return service;
  };
  const service = await start();
  const count = settings.grants;
  const step = Math.ceil(count / 10);
  const progress = (stored: number): void => {
    if (stored % step === 0 || stored === count) print(`${stored} of ${count} grants are stored.`);
  };
  await storeGrants({ endpoint: service.endpoint, emulators: access, principals, server, count, progress });
  traffic = new DatabaseTraffic();
  const outcome = await revoke({ settings, server, traffic, start }, service);
  const faults = faultsOf(outcome, server, settings);
  print(`\n${tablesOf(server, traffic, settings)}\n\n${timesOf(outcome, settings)}\n`);
  print(faults.length === 0 ? 'Every token is revoked.' : `Faults: ${faults.join('; ')}.`);
  return faults.length === 0;
}

runProgram(async (untilInterrupted) => {
  const settings = parseSettings(process.argv.slice(2));
  const closers: (() => Promise<unknown>)[] = [];
  try {
    return (await untilInterrupted(run(settings, closers))) ? 0 : 1;
  } finally {
    for (const close of closers.reverse()) await close();
  }
});
