/** Consecutive ports for a service that tests start at a port of their choice. */
import { createServer } from 'node:net';

/** The service's own, the eight of its examples, and those of KMS and Secrets Manager. */
const PORTS = 11;

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      resolve(true);
    });
  });
  server.close();
  return free;
}

/** The first of as many consecutive free ports as the service and its examples take. */
export async function freePorts(): Promise<number> {
  // Test files run at the same time, so each process looks elsewhere first.
  const start = 14_600 + (process.pid % 100) * 100;
  for (let first = start; first < 30_000; first += PORTS) {
    const ports = Array.from({ length: PORTS }, (_, index) => first + index);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first;
  }
  throw new Error('No free ports were found.');
}
