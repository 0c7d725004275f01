/** Runs a flow without a kill, and then once for each point at which it can be killed. */
import { Cloud, type KillPoint, type Write } from './cloud';
import type { Cost, Flow } from './flow';
import { Tables, type Counts, type Inventory } from './inventory';
import { Stage } from './stage';
import type { KillsProvider } from './provider';

/** What a flow's runs had. */
export interface FlowResult {
  readonly flow: string;
  /** Points at which it can be killed: before and after each write that is stored. */
  readonly points: number;
  /** The run without a kill, and one for each selected point. */
  readonly cases: readonly Case[];
}

/** A case: a flow that is killed at one point. */
export interface Case {
  readonly flow: string;
  /** Where it is killed, in words; undefined for the run without a kill. */
  readonly point: string | undefined;
  /** What was wrong; undefined if the case passed. */
  readonly fault: string | undefined;
  /** Ciphertexts that were decrypted. */
  readonly opened: number;
  readonly cost: Cost;
}

/** Attempts at a point that a run does not reach, because its requests overlap. */
const ATTEMPTS = 3;

interface Outcome {
  readonly writes: readonly Write[];
  readonly inventory: Inventory;
  readonly killed: boolean;
  readonly cost: Cost;
}

/** One cloud for all runs of a flow, or one for each run. */
class Runs {
  private cloud: Cloud | undefined;
  private tables: Tables | undefined;
  private stage: Stage | undefined;

  constructor(
    private readonly flow: Flow,
    private readonly provider: KillsProvider,
  ) {}

  private async open(): Promise<{ cloud: Cloud; tables: Tables; stage: Stage }> {
    this.cloud ??= await Cloud.start({ sharesKeys: this.flow.alone !== true, provider: this.provider });
    this.tables ??= new Tables(this.cloud.emulators.access);
    if (!this.stage) {
      this.stage = new Stage(this.cloud, this.provider, this.tables);
      // The first token creates the signing key.
      await this.cloud.running();
      await (await this.stage.agent()).token();
    }
    return { cloud: this.cloud, tables: this.tables, stage: this.stage };
  }

  async close(): Promise<void> {
    this.tables?.close();
    await this.cloud?.close();
    [this.cloud, this.tables, this.stage] = [undefined, undefined, undefined];
  }

  /** @throws Error if something is not as documented */
  async once(point: KillPoint | undefined): Promise<Outcome> {
    if (this.flow.alone) await this.close();
    const { cloud, tables, stage } = await this.open();
    await cloud.running();
    const before = await tables.keys();
    const { run, check } = await this.flow.prepare(stage);
    const { deaths } = cloud;
    cloud.watch(point);
    await run();
    const writes = cloud.unwatch();
    const killed = cloud.deaths > deaths;
    await cloud.running();
    const cost = await check();
    return { writes, killed, cost, inventory: await tables.inventory(before) };
  }
}

/** Returns why the items differ from those of a run without a kill; undefined if they do not. */
function difference(found: Counts, expected: Counts, leftovers: Counts = {}): string | undefined {
  const kinds = [...new Set([...Object.keys(found), ...Object.keys(expected)])];
  const wrong = kinds.filter((kind) => {
    const more = (found[kind] ?? 0) - (expected[kind] ?? 0);
    return more < 0 || more > (leftovers[kind] ?? 0);
  });
  if (wrong.length === 0) return undefined;
  return wrong.map((kind) => `${kind}: ${found[kind] ?? 0} instead of ${expected[kind] ?? 0}`).join(', ');
}

function faultIn({ inventory }: Outcome, reference: Outcome, { leftovers }: Flow): string | undefined {
  if (inventory.lost.length > 0) return `cannot be decrypted: ${inventory.lost.join(', ')}`;
  return difference(inventory.counts, reference.inventory.counts, leftovers);
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';

/** The points of a flow: before and after each write that is stored. A write whose condition fails changes nothing. */
const pointsOf = (writes: readonly Write[]): (KillPoint & { at: Write })[] =>
  writes.flatMap((at, index) =>
    at.status === 200 ? (['before', 'after'] as const).map((when) => ({ write: index + 1, when, at })) : [],
  );

const isSameKind = (one: Write, other: Write | undefined): boolean =>
  one.operation === other?.operation && one.table === other.table && one.kind === other.kind;

/**
 * Returns the points of a quick run. Before a write, nothing has changed since the write before, except at the provider:
 * then a process that starts finds the same as after that write. Of a series of writes of one kind, the first and the last
 * are enough.
 */
function distinctPointsOf(writes: readonly Write[]): ReturnType<typeof pointsOf> {
  const isWithin = (at: Write): boolean => {
    const index = writes.indexOf(at);
    return isSameKind(at, writes[index - 1]) && isSameKind(at, writes[index + 1]);
  };
  return pointsOf(writes).filter(({ when, at }) => at.afterRequest || (when === 'after' && !isWithin(at)));
}

const wordsOf = ({ when, write, at }: KillPoint & { readonly at: Write }): string =>
  `killed ${when} write ${write} (${at.operation} ${at.kind} in ${at.table})`;

export interface PerformOptions {
  readonly provider: KillsProvider;
  readonly quick: boolean;
  readonly progress: (result: Case) => void;
}

/** Runs a flow at each of its points. */
export async function perform(
  flow: Flow,
  { provider, quick, progress }: PerformOptions,
): Promise<FlowResult> {
  const runs = new Runs(flow, provider);
  const cases: Case[] = [];
  let points = 0;
  const add = (result: Omit<Case, 'flow'>): void => {
    const each = { flow: flow.name, ...result };
    cases.push(each);
    progress(each);
  };
  try {
    const reference = await runs.once(undefined).catch((error: unknown) => {
      add({ point: undefined, fault: messageOf(error), opened: 0, cost: {} });
    });
    if (reference) {
      add({ point: undefined, ...resultOf(reference, reference, flow) });
      const { writes } = reference;
      points = pointsOf(writes).length;
      for (const point of quick ? distinctPointsOf(writes) : pointsOf(writes)) {
        add({ point: wordsOf(point), ...(await killAt(runs, point, reference, flow)) });
      }
    }
    return { flow: flow.name, points, cases };
  } finally {
    await runs.close();
  }
}

type Result = Pick<Case, 'fault' | 'opened' | 'cost'>;

const resultOf = (outcome: Outcome, reference: Outcome, flow: Flow): Result => ({
  fault: faultIn(outcome, reference, flow),
  opened: outcome.inventory.opened,
  cost: outcome.cost,
});

async function killAt(runs: Runs, point: KillPoint, reference: Outcome, flow: Flow): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const outcome = await runs.once(point);
      if (outcome.killed) return resultOf(outcome, reference, flow);
      if (attempt === ATTEMPTS)
        return { ...resultOf(outcome, reference, flow), fault: 'the write was not reached' };
    } catch (error) {
      // The next case must not find what this one left.
      await runs.close();
      return { fault: messageOf(error), opened: 0, cost: {} };
    }
  }
}
