/** The measured runs: what the caller sends, what the agent responds, and how fast the caller reads. */
import { MAX_PAYLOAD_BYTES } from '../../../lambda/domain/gate/agent-request';

export interface Run {
  readonly name: string;
  /** The request body. */
  readonly payload: Buffer;
  /** The response of the agent. */
  readonly response: { readonly type: string; readonly chunk: Buffer; readonly chunks: number };
  /** How fast the caller reads; undefined for as fast as the gate writes. */
  readonly bytesPerSecond?: number;
  /** The number of calls in one process. */
  readonly calls: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

const QUESTION = Buffer.from('{"prompt":"Where to?"}');
const events = (chunk: string, chunks: number): Run['response'] => ({
  type: 'text/event-stream',
  chunk: Buffer.from(chunk),
  chunks,
});
/** As an agent sends the tokens of a language model. */
const TOKEN = `data: ${JSON.stringify({ delta: 'a few words of the answer' })}\n\n`;
const bytes = (mebibytes: number): Run['response'] => ({
  type: 'application/octet-stream',
  chunk: Buffer.alloc(64 * KIB, 'a'),
  chunks: (mebibytes * MIB) / (64 * KIB),
});

export const RUNS: readonly Run[] = [
  { name: 'a question, 20 events', payload: QUESTION, response: events(TOKEN, 20), calls: 100 },
  { name: '100,000 events', payload: QUESTION, response: events(TOKEN, 100_000), calls: 1 },
  {
    // The gate holds back up to 64 KiB of an event that is not complete.
    name: '500 events of 60 KiB, in pieces of 1 KiB',
    payload: QUESTION,
    response: {
      type: 'text/event-stream',
      chunk: Buffer.from(`data: ${'a'.repeat(KIB - 7)}\n`),
      chunks: 500 * 60,
    },
    calls: 1,
  },
  { name: '200 MiB', payload: QUESTION, response: bytes(200), calls: 1 },
  {
    // API Gateway passes on 2 MB per second after the first 10 MB.
    name: '20 MiB, the caller reads 2 MB per second',
    payload: QUESTION,
    response: bytes(20),
    bytesPerSecond: 2e6,
    calls: 1,
  },
  {
    // JSON escapes each byte with six characters.
    name: 'the largest payload, 4 MiB',
    payload: Buffer.alloc(MAX_PAYLOAD_BYTES, '\u0001'),
    response: events(TOKEN, 20),
    calls: 10,
  },
];
