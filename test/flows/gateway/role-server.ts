/**
 * AWS STS in the place of that of the embedded cloud, which has no roles: it decides by the external ID that the trust policy of a
 * role requires. test/deployed assumes roles of an independent emulator.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AssumedSession {
  readonly roleArn: string | null;
  readonly externalId: string | null;
  readonly sessionName: string | null;
  readonly seconds: string | null;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export const ROLE = 'arn:aws:iam::123456789012:role/target-orders';

export class RoleServer {
  /** The required external ID of each role. */
  readonly trust = new Map<string, string>();
  readonly sessions: AssumedSession[] = [];
  /** Responds with this status in place of a session, or not at all. */
  failure: number | 'silence' | undefined;
  private readonly server: Server;

  /** The server of all tests of a file, for functions that start before. */
  static ofFile(): RoleServer {
    const roles = new RoleServer();
    beforeAll(async () => {
      await new Promise<void>((listening) => roles.server.listen(0, '127.0.0.1', listening));
      const { port } = roles.server.address() as AddressInfo;
      process.env.AWS_ENDPOINT_URL_STS = `http://127.0.0.1:${port}`;
    });
    beforeEach(() => {
      roles.sessions.length = 0;
      roles.failure = undefined;
    });
    afterAll(() => {
      roles.server.closeAllConnections();
      return new Promise((closed) => roles.server.close(closed));
    });
    return roles;
  }

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (this.failure === 'silence') return;
        const [status, body] = this.answer(new URLSearchParams(Buffer.concat(chunks).toString()));
        response.writeHead(status, { 'content-type': 'text/xml', connection: 'close' }).end(body);
      });
    });
  }

  private answer(form: URLSearchParams): [status: number, body: string] {
    const roleArn = form.get('RoleArn');
    const externalId = form.get('ExternalId');
    const isTrusted = externalId !== null && this.trust.get(roleArn ?? '') === externalId;
    if (!isTrusted || this.failure !== undefined) {
      const code = this.failure === undefined ? 'AccessDenied' : 'InternalFailure';
      const error = `<Error><Code>${code}</Code><Message>not for ${externalId}</Message></Error>`;
      return [Number(this.failure ?? 403), `<ErrorResponse>${error}</ErrorResponse>`];
    }
    const session = {
      roleArn,
      externalId,
      sessionName: form.get('RoleSessionName'),
      seconds: form.get('DurationSeconds'),
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(120).toString('base64'),
    };
    this.sessions.push(session);
    const credentials = [
      `<AccessKeyId>${session.accessKeyId}</AccessKeyId>`,
      `<SecretAccessKey>${session.secretAccessKey}</SecretAccessKey>`,
      `<SessionToken>${session.sessionToken}</SessionToken>`,
      '<Expiration>2099-01-01T00:00:00Z</Expiration>',
    ].join('');
    return [
      200,
      `<AssumeRoleResponse><AssumeRoleResult><Credentials>${credentials}</Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    ];
  }
}
