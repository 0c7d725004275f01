/** The in-memory seal, and the in-memory wrapper of signing keys: a sealed text is a ticket for the plaintext. */
import { randomUUID } from 'node:crypto';
import {
  UnreadableError,
  type Seal,
  type SealInspection,
  type SealingContext,
} from '../../lambda/domain/sealing/sealing';
import type { KeyWrapper } from '../../lambda/domain/workload-token/signing-key';

const canonical = ({ purpose, ownerId, ownerArn, binding }: SealingContext): string =>
  JSON.stringify([purpose, ownerId, ownerArn, Object.entries(binding).sort()]);

/** Issues tickets, and returns the plaintext for a ticket only with the context that it was issued for. */
class Tickets {
  readonly #kept = new Map<string, { readonly context: string; readonly plaintext: string }>();

  issue(context: string, plaintext: string): Promise<string> {
    const ticket = randomUUID();
    this.#kept.set(ticket, { context, plaintext });
    return Promise.resolve(ticket);
  }

  redeem(context: string, ticket: string): Promise<string> {
    const kept = this.#kept.get(ticket);
    return kept?.context === context
      ? Promise.resolve(kept.plaintext)
      : Promise.reject(new UnreadableError('a sealed record was found where it does not belong'));
  }

  contextOf(ticket: string): string | undefined {
    return this.#kept.get(ticket)?.context;
  }
}

export function createInMemorySeal(): Seal & SealInspection {
  const tickets = new Tickets();
  return {
    seal: (context, plaintext) => tickets.issue(canonical(context), plaintext),
    open: (context, sealed) => tickets.redeem(canonical(context), sealed),
    ownerArnOf(sealed) {
      const context = tickets.contextOf(sealed);
      return context === undefined ? undefined : (JSON.parse(context) as string[])[2];
    },
  };
}

/** Its keys can be unwrapped by any wrapper with the same tickets, but never under another `kid`. */
export function createInMemoryKeyWrapper(): KeyWrapper {
  const tickets = new Tickets();
  return {
    wrap: (kid, plaintext) => tickets.issue(kid, plaintext),
    unwrap: ({ kid, wrappedPrivateKey }) => tickets.redeem(kid, wrappedPrivateKey).catch(() => undefined),
  };
}
