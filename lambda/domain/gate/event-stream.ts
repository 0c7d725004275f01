/**
 * Passes server-sent events to the caller. It holds back bytes after the last complete event, so that a truncated event
 * never looks complete. A blank line ends an event; a line ends with CR, LF, or both.
 * Source: WHATWG HTML, "Server-sent events", "Parsing an event stream".
 */

/** Maximum bytes of an incomplete event that are held back. A longer event is passed as it arrives. */
export const MAX_HELD_BYTES = 64 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;

/** The beginning of the field with an event's ID. */
const ID_FIELD = Buffer.from('id:');

export class EventStream {
  private held: Uint8Array[] = [];
  private heldBytes = 0;
  /** Whether part of an incomplete event or line has been passed. */
  private passing = false;
  /** Whether a field has arrived since the last blank line. */
  private fields = false;
  private atLineStart = true;
  private afterCr = false;
  /** Characters of {@link ID_FIELD} with which the line begins; -1 if it begins with others. */
  private idCharacters = 0;
  /** Whether the ID of the incomplete event is not empty; undefined if it has none. */
  private eventHasId: boolean | undefined;
  private passedId = false;

  /**
   * Whether another event can follow the passed bytes as a separate event, without completing an earlier one.
   */
  get betweenEvents(): boolean {
    return !this.passing;
  }

  /** Whether the last ID of a complete event is not empty, so that the client can resume the stream after it. */
  get resumable(): boolean {
    return this.passedId;
  }

  /** Returns the bytes to pass now; empty while an event is incomplete. */
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

  /** Returns the held-back bytes of a complete response, even if the last event is incomplete. */
  rest(): Uint8Array {
    return this.release();
  }

  /** Returns the position after the last line end at which no event is incomplete; 0 if there is none. */
  private endOfEvents(chunk: Uint8Array): number {
    let end = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      const pair = byte === LF && this.afterCr;
      this.afterCr = byte === CR;
      if (byte === CR || byte === LF) {
        // A field without a colon has an empty value.
        if (!this.atLineStart && this.idCharacters === ID_FIELD.length - 1) this.eventHasId = false;
        // The second half of a CRLF does not end another line.
        if (!pair && this.atLineStart) this.endEvent();
        this.atLineStart = true;
        if (!this.fields) end = at + 1;
        continue;
      }
      // A comment does not belong to an event.
      if (this.atLineStart && byte !== COLON) this.fields = true;
      this.noteId(byte);
      this.atLineStart = false;
    }
    return end;
  }

  private endEvent(): void {
    this.fields = false;
    this.passedId = this.eventHasId ?? this.passedId;
    this.eventHasId = undefined;
  }

  /** An empty ID resets the last one, so it resumes nothing. */
  private noteId(byte: number | undefined): void {
    if (this.atLineStart) this.idCharacters = 0;
    if (this.idCharacters < 0) return;
    if (this.idCharacters < ID_FIELD.length) {
      this.idCharacters = byte === ID_FIELD[this.idCharacters] ? this.idCharacters + 1 : -1;
      if (this.idCharacters === ID_FIELD.length) this.eventHasId = false;
    } else if (byte !== SPACE) {
      this.eventHasId = true;
      this.idCharacters = -1;
    }
  }

  private hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.held.push(bytes);
    this.heldBytes += bytes.length;
  }

  /** Passes an event that is too long to hold back, until its end. */
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
