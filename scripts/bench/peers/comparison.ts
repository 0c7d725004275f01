/** Runs the work of all peers in turn, many times, and sums what each used. */
import { median, quantile } from '../statistics';
import { Connections, type Batch } from './load';
import type { Peer, Work } from './peer';
import { cpuTime } from './process-time';

export interface Size {
  /** Keep-alive connections to each peer. */
  readonly connections: number;
  /** Requests for each kind of work of each peer before anything is measured. */
  readonly warmUp: number;
  readonly rounds: number;
  /** Requests for each kind of work of each peer in a round. */
  readonly calls: number;
}

/** What one peer used for one kind of work, for each request. Times are in milliseconds. */
export interface Figures {
  readonly cpu: { readonly service: number; readonly database: number };
  readonly p50: number;
  readonly p99: number;
  readonly bytes: { readonly sent: number; readonly received: number };
}

export type Comparison = ReadonlyMap<string, Readonly<Record<Work, Figures>>>;

interface Sample extends Batch {
  readonly cpu: Figures['cpu'];
}

/**
 * Returns the figures of one peer and kind of work. The CPU times are medians over the rounds, so that a pause of the
 * machine does not decide.
 *
 * @param samples of each round
 */
export function figuresOf(samples: readonly Sample[]): Figures {
  const waits = samples.flatMap((sample) => sample.waits);
  const ofEach = (value: (sample: Sample) => number): number =>
    median(samples.map((sample) => value(sample) / sample.waits.length));
  return {
    cpu: { service: ofEach(({ cpu }) => cpu.service), database: ofEach(({ cpu }) => cpu.database) },
    p50: quantile(waits, 0.5),
    p99: quantile(waits, 0.99),
    bytes: { sent: ofEach(({ bytes }) => bytes.sent), received: ofEach(({ bytes }) => bytes.received) },
  };
}

class Contestant {
  private readonly connections: Connections;
  private readonly samples: Record<Work, Sample[]> = { mint: [], ownToken: [], storedToken: [], apiKey: [] };

  constructor(
    readonly peer: Peer,
    connections: number,
  ) {
    this.connections = new Connections(connections);
  }

  async run(work: Work, calls: number): Promise<Sample> {
    const { pids } = this.peer;
    const { prepare, expected } = this.peer.work[work];
    const prepared = await prepare();
    const requests = Array.from({ length: calls }, (_, call) => prepared[call % prepared.length]).filter(
      (request) => request !== undefined,
    );
    const before = cpuTime(pids);
    const batch = await this.connections.send(requests, expected);
    const after = cpuTime(pids);
    const used = (name: keyof typeof pids): number => (after[name] ?? 0) - (before[name] ?? 0);
    return { ...batch, cpu: { service: used('service'), database: used('database') } };
  }

  async measure(work: Work, calls: number): Promise<void> {
    this.samples[work].push(await this.run(work, calls));
  }

  get figures(): Record<Work, Figures> {
    const { mint, ownToken, storedToken, apiKey } = this.samples;
    return {
      mint: figuresOf(mint),
      ownToken: figuresOf(ownToken),
      storedToken: figuresOf(storedToken),
      apiKey: figuresOf(apiKey),
    };
  }

  close(): void {
    this.connections.close();
  }
}

/** The requests of one turn while the peers warm up. */
const WARM_UP_TURN = 500;

/**
 * @param works the kinds of work
 * @param progress called with what has been done
 */
export async function compare(
  peers: readonly Peer[],
  works: readonly Work[],
  { connections, warmUp, rounds, calls }: Size,
  progress: (message: string) => void,
): Promise<Comparison> {
  const contestants = peers.map((peer) => new Contestant(peer, connections));
  try {
    for (let done = 0; done < warmUp; done += WARM_UP_TURN) {
      const turn = Math.min(WARM_UP_TURN, warmUp - done);
      const used: string[] = [];
      for (const contestant of contestants) {
        let cpu = 0;
        for (const work of works) {
          const sample = await contestant.run(work, turn);
          cpu += sample.cpu.service + sample.cpu.database;
        }
        used.push(`${contestant.peer.name} ${(cpu / turn / works.length).toFixed(2)} ms`);
      }
      progress(`Warm-up, ${done + turn} of ${warmUp} requests of each kind, CPU each: ${used.join(', ')}.`);
    }
    for (let round = 0; round < rounds; round += 1) {
      // Each round begins with another peer, so that none always has the same one before it.
      const order = contestants.map((_, place) => contestants[(place + round) % contestants.length]);
      for (const work of works) for (const contestant of order) await contestant?.measure(work, calls);
      progress(`Round ${round + 1} of ${rounds}.`);
    }
    return new Map(contestants.map(({ peer, figures }) => [peer.name, figures]));
  } finally {
    for (const contestant of contestants) contestant.close();
  }
}
