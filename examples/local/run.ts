/**
 * One question and the agent's events for it. The run continues while the user's browser is at the consent pages.
 * Every page that shows the run shows it from the beginning.
 */
import { EventEmitter, once } from 'node:events';
import type { ExampleAgent, InvocationEvent } from './agent-invocation';

export class Run {
  /** Whether the user has granted the consent that the agent waits for, and has come back. */
  consentGiven = false;
  private readonly told: InvocationEvent[] = [];
  private readonly hangUp = new AbortController();
  private ended = false;
  /** Emits `news` for each event and when the run ends. Each page that shows the run listens. */
  private readonly bell = new EventEmitter().setMaxListeners(0);

  /** @param listen invokes the agent; ends with the answer, or when the signal is aborted. */
  constructor(
    readonly agent: ExampleAgent,
    readonly question: string,
    listen: (signal: AbortSignal) => AsyncIterable<InvocationEvent>,
  ) {
    void this.collect(listen(this.hangUp.signal));
  }

  get live(): boolean {
    return !this.ended;
  }

  /** Whether this is the latest event so far. */
  endsWith(news: InvocationEvent): boolean {
    return this.told.at(-1) === news;
  }

  /** Disconnects from the agent, which ends the agent's work too. */
  stop(): void {
    this.hangUp.abort();
  }

  /** Yields all past events, then each new event as it arrives, until the run ends. */
  async *follow(): AsyncGenerator<InvocationEvent> {
    for (let next = 0; ; next += 1) {
      while (next >= this.told.length) {
        if (this.ended) return;
        await once(this.bell, 'news');
      }
      const news = this.told[next];
      if (news !== undefined) yield news;
    }
  }

  private async collect(source: AsyncIterable<InvocationEvent>): Promise<void> {
    try {
      for await (const news of source) this.tell(news);
    } catch (error) {
      if (!this.hangUp.signal.aborted) {
        const cause = error instanceof Error ? error.name : 'unknown error';
        process.stderr.write(
          `The agent "${this.agent.name}" sent a response that could not be read: ${cause}\n`,
        );
        this.tell({
          kind: 'failed',
          reason: 'The connection to the agent was lost. Please try again in a moment.',
        });
      }
    } finally {
      this.ended = true;
      this.bell.emit('news');
    }
  }

  private tell(news: InvocationEvent): void {
    this.told.push(news);
    this.bell.emit('news');
  }
}
