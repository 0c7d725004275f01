/** Consecutive ports for what listens at a chosen port. No other program gets them: the system chooses higher ones. */
import { createServer } from 'node:net';

/** The service's port, the eight ports of its examples, and those of KMS, Secrets Manager, S3, the gateways, and the tunnel. */
const PORTS = 15;

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

/** Returns the first of as many free ports as the service and its examples need. */
export async function freePorts(): Promise<number> {
  // Test files run concurrently, so each process starts its search at a different port.
  const start = 14_600 + (process.pid % 100) * 100;
  for (let first = start; first < 30_000; first += PORTS) {
    const ports = Array.from({ length: PORTS }, (_, index) => first + index);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first;
  }
  throw new Error('No free ports were found.');
}
