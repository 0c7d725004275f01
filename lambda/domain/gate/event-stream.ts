/**
 * Server-sent events on their way to the caller: what stands behind the last whole event is held back, so that an event
 * that was cut in two never looks whole. A blank line ends an event; a line ends with CR, LF or both.
 * Source: WHATWG HTML, "Server-sent events", "Parsing an event stream".
 */

/** Bytes of an unfinished event that are held back. A longer one passes as it comes. */
export const MAX_HELD_BYTES = 64 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;

export class EventStream {
  private held: Uint8Array[] = [];
  private heldBytes = 0;
  /** Whether part of an unfinished event or line has been passed. */
  private passing = false;
  /** Whether a field has come since the last blank line. */
  private fields = false;
  private atLineStart = true;
  private afterCr = false;

  /**
   * Whether another event may follow what has been passed: it would be one of its own, and make none of what came
   * before.
   */
  get betweenEvents(): boolean {
    return !this.passing;
  }

  /** @returns what may pass now; empty while an event is unfinished */
  take(chunk: Uint8Array): Uint8Array {
    const end = this.endOfEvents(chunk);
    if (end > 0) {
      this.passing = false;
      const passed = this.release(chunk.subarray(0, end));
      this.hold(chunk.subarray(end));
      return this.overflowing() ? Buffer.concat([passed, this.release()]) : passed;
    }
    this.hold(chunk);
    return this.overflowing() ? this.release() : new Uint8Array(0);
  }

  /** @returns what was held back: an answer that came to its end is the agent's, finished or not */
  rest(): Uint8Array {
    return this.release();
  }

  /** Position behind the last line end of the chunk at which no event is unfinished; 0 when there is none. */
  private endOfEvents(chunk: Uint8Array): number {
    let end = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      const pair = byte === LF && this.afterCr;
      this.afterCr = byte === CR;
      if (byte === CR || byte === LF) {
        // The second half of a CRLF ends no line of its own.
        if (!pair && this.atLineStart) this.fields = false;
        this.atLineStart = true;
        if (!this.fields) end = at + 1;
        continue;
      }
      // A comment is part of no event.
      if (this.atLineStart && byte !== COLON) this.fields = true;
      this.atLineStart = false;
    }
    return end;
  }

  private hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.held.push(bytes);
    this.heldBytes += bytes.length;
  }

  /** An event too long to be held back passes as it comes, until its end. */
  private overflowing(): boolean {
    this.passing ||= this.heldBytes > MAX_HELD_BYTES;
    return this.passing;
  }

  private release(...more: Uint8Array[]): Uint8Array {
    const released = [...this.held, ...more];
    this.held = [];
    this.heldBytes = 0;
    return released.length === 1 && released[0] ? released[0] : Buffer.concat(released);
  }
}
