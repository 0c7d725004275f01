/** Reads the audit log while the service writes it. */
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { MissingError } from './wire';

/** Milliseconds to wait for an expected entry, and between two reads. */
const PATIENCE = 5000;
const LOOK = 20;

const EntrySchema = v.looseObject({
  operation: v.string(),
  outcome: v.picklist(['allowed', 'denied', 'failed']),
  principal: v.optional(v.string()),
  workloadIdentity: v.optional(v.string()),
  chain: v.optional(v.array(v.string())),
  user: v.optional(v.string()),
  scopes: v.optional(v.array(v.string())),
  result: v.optional(v.string()),
  reason: v.optional(v.string()),
});

export type Entry = v.InferOutput<typeof EntrySchema>;

const LineSchema = v.pipe(v.string(), v.parseJson(), v.object({ audit: EntrySchema }));

export class AuditTrail {
  /** Entries that were already returned, by their position in the log. */
  private readonly read = new Set<number>();

  /** @param path of the service's log */
  constructor(private readonly path: string) {}

  async all(): Promise<readonly Entry[]> {
    const lines = (await readFile(this.path, 'utf8')).split('\n');
    return lines.flatMap((line) => {
      const parsed = v.safeParse(LineSchema, line);
      return parsed.success ? [parsed.output.audit] : [];
    });
  }

  /** Makes `next` return only entries that are written after this call. */
  async skip(): Promise<void> {
    for (const place of (await this.all()).keys()) this.read.add(place);
  }

  /**
   * Returns the next entry of this operation, and waits for it if necessary.
   *
   * @throws MissingError when the entry is not written in time.
   */
  async next(operation: string, result?: string): Promise<Entry> {
    for (let waited = 0; waited < PATIENCE; waited += LOOK) {
      const entries = await this.all();
      const index = entries.findIndex(
        (entry, at) =>
          !this.read.has(at) &&
          entry.operation === operation &&
          (result === undefined || entry.result === result),
      );
      const found = entries[index];
      if (found !== undefined) {
        this.read.add(index);
        return found;
      }
      await wait(LOOK);
    }
    throw new MissingError(`the audit log has no entry of ${operation}${result ? ` with ${result}` : ''}`);
  }
}
