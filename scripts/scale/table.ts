/** The tables of docs/scale.md: the needs of the load, and the quotas in the order in which they are reached. */
import { table } from '../markdown-table';
import { OPERATIONS, PLATFORM_LOG_BYTES } from '../cost/operations';
import { endpointTable } from './endpoint';
import { LOAD, QUOTAS, SERVICE } from './inputs';
import { heat, instancesFor, keyMisses } from './simulation';

const number = (value: number): string => Math.round(value).toLocaleString('en-US');

const GIGABYTE = 1e9;

/** Returns the needs of the load, by part. */
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
    ['`Vault`: minimum number of partitions', number(Math.ceil(partitions))],
    ['`Directory`: read units per second', number(need.directoryReads)],
    ['`Vault`: read units per second', number(need.vaultReads)],
    ['`Vault`: write units per second, for renewals', number(need.vaultWrites)],
    ['renewals per second', number(need.renewals)],
    ["most popular provider's record: reads per second", number(need.hottest.provider)],
    ["most popular agent's record: reads per second", number(need.hottest.agent)],
    ['busy instances of `credential-retrieval`', number(need.instances)],
    ['cache misses for the vault key', `${(100 * need.misses).toFixed(1)}%`],
    [
      'cache misses if an instance cached the keys of all agents',
      `${(100 * need.missesIfAllKept).toFixed(1)}%`,
    ],
    ['KMS calls per second', number(need.kmsCalls)],
    ['logs', `${number(need.logsPerSecond / 1e6)} MB per second`],
  ]);
}

interface Limit {
  readonly name: string;
  readonly quota: number;
  readonly needed: number;
  /** The action that raises the limit. */
  readonly turn: string;
}

const limits = (need: Needs): Limit[] => [
  {
    name: 'requests per second of the method',
    quota: SERVICE.methodRate,
    needed: LOAD.readsPerSecond,
    turn: 'raise the prop `throttle`',
  },
  {
    name: 'requests per second of the account (API Gateway)',
    quota: QUOTAS.apiRequests,
    needed: LOAD.readsPerSecond,
    turn: 'raise the quota',
  },
  {
    name: 'read units per second of `Directory`',
    quota: QUOTAS.tableUnits,
    needed: need.directoryReads,
    turn: 'raise the quota; set warm throughput before a launch',
  },
  {
    name: 'read units per second of `Vault`',
    quota: QUOTAS.tableUnits,
    needed: need.vaultReads,
    turn: 'raise the quota; set warm throughput before a launch',
  },
  {
    name: 'write units per second of `Vault`',
    quota: QUOTAS.tableUnits,
    needed: need.vaultWrites,
    turn: 'raise the quota',
  },
  {
    name: "reads per second of one provider's record",
    quota: QUOTAS.partitionReadUnits,
    needed: need.hottest.provider,
    turn: 'fixed; create several providers for one client',
  },
  {
    name: "reads per second of one agent's record",
    quota: QUOTAS.partitionReadUnits,
    needed: need.hottest.agent,
    turn: 'fixed; create several identities for one agent',
  },
  {
    name: 'concurrency (Lambda)',
    quota: QUOTAS.concurrency,
    needed: need.instances,
    turn: 'raise the quota; reserve concurrency',
  },
  {
    name: 'KMS calls per second',
    quota: QUOTAS.kmsCalls,
    needed: need.kmsCalls,
    turn: `raise the quota (${number(QUOTAS.kmsCallsElsewhere)} in most Regions)`,
  },
];

/** Returns the token requests per second at which a limit is reached, if all parts grow in proportion. */
const metAt = ({ quota, needed }: Limit): number => (LOAD.readsPerSecond * quota) / needed;

const limitTable = (need: Needs): string =>
  table([
    ['reached at (requests per second)', 'limit', 'default', 'needed', 'action'],
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

/** Returns the tables as Markdown. */
export function scaleTables(): string {
  const need = needs();
  return [loadTable(need), limitTable(need), endpointTable()].join('\n\n');
}
