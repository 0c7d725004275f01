/**
 * One question and what the agent tells about it. It goes on while its user's browser is away at the consent
 * pages, and every page that shows it sees it from the beginning.
 */
import { EventEmitter, once } from 'node:events';
import type { ExampleAgent, Heard } from './agent-invocation';

export class Run {
  /** Whether its user has come back from the consent that the agent waits for, and allowed it. */
  consentGiven = false;
  private readonly told: Heard[] = [];
  private readonly hangUp = new AbortController();
  private ended = false;
  /** Says `news` whenever there is some, and when the run ends. Each page that shows it listens. */
  private readonly bell = new EventEmitter().setMaxListeners(0);

  /** @param listen asks the agent; ends with the answer, or when the signal is aborted. */
  constructor(
    readonly agent: ExampleAgent,
    readonly question: string,
    listen: (signal: AbortSignal) => AsyncIterable<Heard>,
  ) {
    void this.collect(listen(this.hangUp.signal));
  }

  get live(): boolean {
    return !this.ended;
  }

  /** Whether this is the last that was heard, so far. */
  endsWith(news: Heard): boolean {
    return this.told.at(-1) === news;
  }

  /** Hangs up: the agent's work ends too. */
  stop(): void {
    this.hangUp.abort();
  }

  /** All that was told, and then each piece of news as it comes, until the run ends. */
  async *follow(): AsyncGenerator<Heard> {
    for (let next = 0; ; next += 1) {
      while (next >= this.told.length) {
        if (this.ended) return;
        await once(this.bell, 'news');
      }
      const news = this.told[next];
      if (news !== undefined) yield news;
    }
  }

  private async collect(source: AsyncIterable<Heard>): Promise<void> {
    try {
      for await (const news of source) this.tell(news);
    } catch (error) {
      if (!this.hangUp.signal.aborted) {
        const cause = error instanceof Error ? error.name : 'unknown error';
        process.stderr.write(`The agent "${this.agent.name}" was not understood: ${cause}\n`);
        this.tell({ kind: 'failed', reason: 'The agent broke off. Please try again in a moment.' });
      }
    } finally {
      this.ended = true;
      this.bell.emit('news');
    }
  }

  private tell(news: Heard): void {
    this.told.push(news);
    this.bell.emit('news');
  }
}
