/**
 * A file of lines that stays readable when a process is killed, or the disk is full, in the middle of a line: the part of
 * the line is removed, and another line says what is missing. One process at a time writes the file.
 */
import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { systemErrorCode } from './start-error';

/** What is missing at this place of the file. */
export interface Loss {
  /** Lines that could not be written. */
  readonly lines: number;
  /** Code of the system error because of which they could not be written. */
  readonly code: string | undefined;
  /** Bytes of a line that an earlier process did not complete. */
  readonly incompleteBytes: number;
}

export interface LineFileOptions {
  /** Returns the line that reports a loss, without a line break. */
  readonly report: (loss: Loss) => string;
  /** Called when a line cannot be written, for the first since one could be. @param code of the system error */
  readonly onFailure: (code: string) => void;
}

const NO_LOSS: Loss = { lines: 0, code: undefined, incompleteBytes: 0 };

const NEWLINE = 0x0a;

/** Bytes that are read together to find the end of the last complete line. */
const BLOCK = 64 * 1024;

const newlinesIn = (bytes: Uint8Array): number => bytes.filter((byte) => byte === NEWLINE).length;

export class LineFile {
  private loss = NO_LOSS;
  private endsWithLine = false;

  /** @param file descriptor that appends, and that can be read */
  constructor(
    private readonly file: number,
    private readonly options: LineFileOptions,
  ) {}

  /**
   * Appends complete lines, which have reached the system when this function returns. It throws no error: lines that
   * cannot be written are counted, and the next line that can be written follows a line with their number.
   */
  append(lines: Uint8Array): void {
    // Not when the file is opened: only now is it certain that no other process writes the file.
    if (!this.endsWithLine) this.removeIncompleteLine();
    const report = Buffer.from(this.loss === NO_LOSS ? '' : `${this.options.report(this.loss)}\n`);
    const content = Buffer.concat([report, lines]);
    const { written, code } = this.write(content);
    if (code === undefined) {
      this.loss = NO_LOSS;
      return;
    }
    this.endsWithLine = false;
    if (this.loss.lines === 0) this.options.onFailure(code);
    const stored = content.subarray(0, written).lastIndexOf(NEWLINE) + 1;
    const before = stored < report.length ? this.loss : NO_LOSS;
    const lost = newlinesIn(content.subarray(Math.max(stored, report.length)));
    this.loss = { ...before, lines: before.lines + lost, code };
  }

  close(): void {
    closeSync(this.file);
  }

  private write(content: Uint8Array): { readonly written: number; readonly code?: string } {
    let written = 0;
    try {
      // A full disk can take a part of it.
      while (written < content.length) written += writeSync(this.file, content, written);
      return { written };
    } catch (error) {
      return { written, code: systemErrorCode(error) ?? 'unknown error' };
    }
  }

  private removeIncompleteLine(): void {
    try {
      const { size } = fstatSync(this.file);
      const end = this.endOfLastLine(size);
      if (end < size) ftruncateSync(this.file, end);
      // After a failed write, its own loss is known.
      if (end < size && this.loss.lines === 0) this.loss = { ...NO_LOSS, incompleteBytes: size - end };
      this.endsWithLine = true;
    } catch {
      // Tried again before the next line.
    }
  }

  private endOfLastLine(size: number): number {
    const block = Buffer.alloc(BLOCK);
    for (let end = size; end > 0; end -= BLOCK) {
      const start = Math.max(0, end - BLOCK);
      const read = readSync(this.file, block, 0, end - start, start);
      const newline = block.subarray(0, read).lastIndexOf(NEWLINE);
      if (newline >= 0) return start + newline + 1;
    }
    return 0;
  }
}
