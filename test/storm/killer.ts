/**
 * Picks the request at which the winner of the lease dies. The steps of a renewal are known by what they write to
 * the grant (`lambda/adapters/dynamodb/grant-store.ts`).
 */
import * as v from 'valibot';
import { localTableName } from '../../lib/local/dynamodb';
import type { DatabaseRequest, Fate } from './database-proxy';

/** How far the winner comes before it dies. */
export type Step =
  /** It has the lease and does not know it yet. */
  | 'lease taken'
  /** Its lease says that the request is sent; it is not. */
  | 'marked as sent'
  /** The provider has answered; the grant does not know. */
  | 'answered'
  /** The grant has the new tokens; no one was given them. */
  | 'written';

const FATES: Readonly<Record<Step, Fate>> = {
  'lease taken': 'die after',
  'marked as sent': 'die after',
  answered: 'die before',
  written: 'die after',
};

const GrantWrite = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    TableName: v.literal(localTableName('Vault')),
    ExpressionAttributeValues: v.object({
      ':tokens': v.exactOptional(v.unknown()),
      ':lease': v.exactOptional(v.object({ M: v.object({ sentAt: v.exactOptional(v.unknown()) }) })),
    }),
  }),
);

export class Killer {
  private step: Step | undefined;
  private deaths = 0;

  /** @param step undefined for no one to die */
  arm(step: Step | undefined): void {
    this.step = step;
    this.deaths = 0;
  }

  /** How many died since it was armed; one at most. */
  get killed(): number {
    return this.deaths;
  }

  fateOf(request: DatabaseRequest): Fate {
    if (this.step === undefined || request.operation !== 'UpdateItem') return 'pass';
    return isWriteOf(this.step, request.body) ? FATES[this.step] : 'pass';
  }

  /** Notes a death, so that there is no other. */
  strike(): void {
    this.step = undefined;
    this.deaths += 1;
  }
}

function isWriteOf(step: Step, body: string): boolean {
  const parsed = v.safeParse(GrantWrite, body);
  if (!parsed.success) return false;
  const { ':tokens': tokens, ':lease': lease } = parsed.output.ExpressionAttributeValues;
  switch (step) {
    case 'lease taken':
      return lease !== undefined && lease.M.sentAt === undefined;
    case 'marked as sent':
      return lease?.M.sentAt !== undefined;
    case 'answered':
    case 'written':
      return tokens !== undefined;
  }
}
