/** The figures of docs/scale.md: how much of each part the load needs, and which quota is met first. */
import { table } from '../api-docs/table';
import { OPERATIONS, PLATFORM_LOG_BYTES } from '../cost/operations';
import { LOAD, QUOTAS, SERVICE } from './inputs';
import { heat, instancesFor, keyMisses } from './simulation';

const number = (value: number): string => Math.round(value).toLocaleString('en-US');

const GIGABYTE = 1e9;

/** What the load needs of each part. */
function needs() {
  const reads = LOAD.readsPerSecond;
  const hottest = heat(reads);
  const instances = instancesFor(reads, SERVICE.readMilliseconds);
  const misses = keyMisses(reads / instances, SERVICE.keysKept);
  const renewals = (LOAD.grants * LOAD.activeGrants) / 3600;
  const logBytes = OPERATIONS.find(({ name }) => name === 'token from the vault')?.steps[0]?.logBytes ?? 0;
  return {
    hottest,
    instances,
    misses,
    missesIfAllKept: keyMisses(reads / instances, LOAD.agents),
    renewals,
    storedGigabytes: (LOAD.grants * (SERVICE.grantKilobytes * 1024 + SERVICE.indexBytes)) / GIGABYTE,
    directoryReads: reads * SERVICE.directoryUnits,
    vaultReads: (reads + renewals) * SERVICE.vaultUnits,
    vaultWrites: renewals * SERVICE.renewalWrites * SERVICE.grantKilobytes,
    kmsCalls: reads * misses,
    logsPerSecond: reads * (logBytes + PLATFORM_LOG_BYTES),
  };
}

type Needs = ReturnType<typeof needs>;

function loadTable(need: Needs): string {
  const partitions = Math.max(
    need.storedGigabytes / QUOTAS.partitionGigabytes,
    need.vaultReads / QUOTAS.partitionReadUnits + need.vaultWrites / QUOTAS.partitionWriteUnits,
  );
  return table([
    ['part', 'at this load'],
    ['grants, with their indexes', `${number(need.storedGigabytes)} GB`],
    ['`Vault`: partitions, at least', number(Math.ceil(partitions))],
    ['`Directory`: read units a second', number(need.directoryReads)],
    ['`Vault`: read units a second', number(need.vaultReads)],
    ['`Vault`: write units a second, for renewals', number(need.vaultWrites)],
    ['renewals a second', number(need.renewals)],
    ["hottest provider's record: reads a second", number(need.hottest.provider)],
    ["hottest agent's record: reads a second", number(need.hottest.agent)],
    ['instances of `credential-retrieval` at once', number(need.instances)],
    ['reads that find the vault key not in memory', `${(100 * need.misses).toFixed(1)} %`],
    ['the same, if an instance kept the keys of all agents', `${(100 * need.missesIfAllKept).toFixed(1)} %`],
    ['KMS calls a second', number(need.kmsCalls)],
    ['logs', `${number(need.logsPerSecond / 1e6)} MB a second`],
  ]);
}

interface Limit {
  readonly name: string;
  readonly quota: number;
  readonly needed: number;
  /** What helps. */
  readonly turn: string;
}

const limits = (need: Needs): Limit[] => [
  {
    name: 'requests a second of the stage',
    quota: SERVICE.stageRate,
    needed: LOAD.readsPerSecond,
    turn: 'the prop `throttle`',
  },
  {
    name: 'requests a second of the account (API Gateway)',
    quota: QUOTAS.apiRequests,
    needed: LOAD.readsPerSecond,
    turn: 'raise the quota',
  },
  {
    name: 'read units a second of `Directory`',
    quota: QUOTAS.tableUnits,
    needed: need.directoryReads,
    turn: 'raise the quota; warm throughput before a launch',
  },
  {
    name: 'read units a second of `Vault`',
    quota: QUOTAS.tableUnits,
    needed: need.vaultReads,
    turn: 'raise the quota; warm throughput before a launch',
  },
  {
    name: 'write units a second of `Vault`',
    quota: QUOTAS.tableUnits,
    needed: need.vaultWrites,
    turn: 'raise the quota',
  },
  {
    name: "reads a second of one provider's record",
    quota: QUOTAS.partitionReadUnits,
    needed: need.hottest.provider,
    turn: 'fixed: several providers of one client',
  },
  {
    name: "reads a second of one agent's record",
    quota: QUOTAS.partitionReadUnits,
    needed: need.hottest.agent,
    turn: 'fixed: several identities of one agent',
  },
  {
    name: 'concurrency (Lambda)',
    quota: QUOTAS.concurrency,
    needed: need.instances,
    turn: 'raise the quota; reserve',
  },
  {
    name: 'KMS calls a second',
    quota: QUOTAS.kmsCalls,
    needed: need.kmsCalls,
    turn: `raise the quota (${number(QUOTAS.kmsCallsElsewhere)} in most Regions)`,
  },
];

/** Reads a second at which a limit is met, all parts growing alike. */
const metAt = ({ quota, needed }: Limit): number => (LOAD.readsPerSecond * quota) / needed;

const limitTable = (need: Needs): string =>
  table([
    ['met at reads a second', 'limit', 'by default', 'needed', 'what to turn'],
    ...limits(need)
      .sort((a, b) => metAt(a) - metAt(b))
      .map((limit) => [
        number(metAt(limit)),
        limit.name,
        number(limit.quota),
        number(limit.needed),
        limit.turn,
      ]),
  ]);

/** @returns Markdown */
export function scaleTables(): string {
  const need = needs();
  return [loadTable(need), limitTable(need)].join('\n\n');
}
