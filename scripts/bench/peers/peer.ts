/** One of the services that are compared: its processes, and its requests for each kind of work. */
import type { PreparedRequest } from './load';

export const WORK = ['mint', 'ownToken', 'storedToken', 'apiKey'] as const;

export type Work = (typeof WORK)[number];

export interface Requests {
  /** Returns requests of different users, which are valid for the next minutes. */
  readonly prepare: () => Promise<readonly PreparedRequest[]>;
  /** Returns whether a body is the right one. */
  readonly expected: (body: string) => boolean;
}

export interface Peer {
  readonly name: string;
  /** `service` is the process, or the first of several. So is `database`, unless the database is in the same process. */
  readonly pids: Readonly<Partial<Record<'service' | 'database', number>>>;
  readonly work: Readonly<Record<Work, Requests>>;
}
