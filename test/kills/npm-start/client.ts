/** Calls a running service that `npm start` started, as its local principals do. */
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { hideDate } from '../../flows/support/world';
import { send, signed } from '../../local/handmade-request';
import type { Ready } from '../../local/program';

export class Client {
  readonly data: BedrockAgentCore;
  readonly control: BedrockAgentCoreControl;

  constructor(private readonly ready: Ready) {
    const settings = {
      endpoint: ready.endpoint,
      region: ready.region,
      credentials: this.credentials('agent'),
      // A request without a response must not be repeated without the ledger.
      maxAttempts: 1,
      ...{ signingName: 'execute-api' },
    };
    this.data = new BedrockAgentCore(settings);
    this.control = new BedrockAgentCoreControl(settings);
    this.data.middlewareStack.add(hideDate, { step: 'deserialize', priority: 'low' });
    this.control.middlewareStack.add(hideDate, { step: 'deserialize', priority: 'low' });
  }

  close(): void {
    this.data.destroy();
    this.control.destroy();
  }

  private credentials(principal: string): { accessKeyId: string; secretAccessKey: string } {
    const { accessKeyId = '', secretAccessKey = '' } = this.ready.principals[principal] ?? {};
    return { accessKeyId, secretAccessKey };
  }

  /** Calls an operation for which AWS SDK clients have no command. @throws Error if its status is not 200 */
  async post(path: string, input: object, principal: 'agent' | 'operator'): Promise<void> {
    const request = await signed(new URL(this.ready.endpoint).host, {
      path,
      body: JSON.stringify(input),
      credentials: this.credentials(principal),
    });
    const { status } = await send(request);
    if (status !== 200) throw new Error(`${path}: status ${String(status)}`);
  }
}
