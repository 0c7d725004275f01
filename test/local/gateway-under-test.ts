/** A gateway for the registry's routes, with one handler that the test controls. */
import { createServer } from 'node:http';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { OPERATIONS } from '../../lambda/operations';
import type { FunctionFailure } from '../../lib/local/function-failure';
import { createGateway } from '../../lib/local/gateway';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { LOCAL_ACCOUNT, LOCAL_REGION, type Principal } from '../../lib/local/principals';

export const agent: Principal = {
  arn: `arn:aws:sts::${LOCAL_ACCOUNT}:assumed-role/agent/local`,
  id: 'AROAAAAAAAAAAAAAAAAAA',
  accessKeyId: 'AKIAAAAAAAAAAAAAAAAA',
  secretAccessKey: 'a-secret-key-of-the-agent',
};

export class GatewayUnderTest {
  readonly events: { event: APIGatewayProxyEvent; context: Context }[] = [];
  readonly failures: FunctionFailure[] = [];
  answer = (): Promise<APIGatewayProxyResult> => Promise.resolve({ statusCode: 200, body: '{}' });

  private constructor(
    public port: number,
    public close: () => Promise<void>,
  ) {}

  /** @param clientPort the port that clients use, if it is not the listening port */
  static async start(clientPort?: number): Promise<GatewayUnderTest> {
    const gateway = new GatewayUnderTest(0, () => Promise.resolve());
    const handler = (event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> => {
      gateway.events.push({ event, context });
      return gateway.answer();
    };
    const listener = createGateway({
      accountId: LOCAL_ACCOUNT,
      region: LOCAL_REGION,
      ...(clientPort !== undefined && { clientPort }),
      routes: Object.values(OPERATIONS),
      handlers: {
        'control-plane': handler,
        'token-exchange': handler,
        'credential-retrieval': handler,
        'oauth-callback': handler,
        'token-vault': handler,
        grants: handler,
        operator: handler,
        'security-events': handler,
        portal: handler,
      },
      principals: [agent],
      reportFailure: (failure) => gateway.failures.push(failure),
      integrationTimeoutMs: 300,
    });
    const { port, close } = await listenOnLoopback(createServer({ maxHeaderSize: 64 * 1024 }, listener), 0);
    gateway.port = port;
    gateway.close = close;
    return gateway;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get endpoint(): string {
    return `http://${this.host}`;
  }

  /** Forgets received requests, and responds with 200 and the given JSON. */
  reset(body: object, statusCode = 200): void {
    this.events.length = 0;
    this.failures.length = 0;
    this.answer = () => Promise.resolve({ statusCode, body: JSON.stringify(body) });
  }
}
