/**
 * Selects the request at which the winner of the lease dies. The steps of a renewal are identified by their writes to
 * the grant (`lambda/adapters/dynamodb/grant-store.ts`).
 */
import * as v from 'valibot';
import { localTableName } from '../../lib/local/dynamodb';
import type { DatabaseRequest, Fate } from './database-proxy';

/** The step at which the winner dies. */
export type Step =
  /** It has the lease, which says that the request is sent, but the request is not sent. */
  | 'lease taken'
  /** The provider has responded, but the grant is not updated. */
  | 'answered'
  /** The grant has the new tokens, but no caller has received them. */
  | 'written';

const FATES: Readonly<Record<Step, Fate>> = {
  'lease taken': 'die after',
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

  /** @param step undefined if no worker must die */
  arm(step: Step | undefined): void {
    this.step = step;
    this.deaths = 0;
  }

  /** The number of workers that died since it was armed: 0 or 1. */
  get killed(): number {
    return this.deaths;
  }

  fateOf(request: DatabaseRequest): Fate {
    if (this.step === undefined || request.operation !== 'UpdateItem') return 'pass';
    return isWriteOf(this.step, request.body) ? FATES[this.step] : 'pass';
  }

  /** Records a death, so that no second worker dies. */
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
      return lease?.M.sentAt !== undefined;
    case 'answered':
    case 'written':
      return tokens !== undefined;
  }
}
