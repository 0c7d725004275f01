/** AWS SDK clients for the principals of the gateway in front of the deployment. */
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import type { Principal } from '../../lib/local/principals';
import { send, signed, type HttpResponse } from '../local/handmade-request';
import type { Front } from './front';

export class Callers {
  constructor(private readonly front: Front) {}

  data(principal: Principal = this.front.principals.agent): BedrockAgentCore {
    return new BedrockAgentCore(this.settings(principal));
  }

  control(principal: Principal = this.front.principals.operator): BedrockAgentCoreControl {
    return new BedrockAgentCoreControl(this.settings(principal));
  }

  /** Calls an operation for which AWS SDK clients have no command, with their signature. */
  async post(
    path: string,
    input: object,
    principal: Principal = this.front.principals.agent,
  ): Promise<HttpResponse> {
    const { endpoint, region } = this.front;
    const body = JSON.stringify(input);
    return send(await signed(new URL(endpoint).host, { path, body, credentials: principal, region }));
  }

  private settings({ accessKeyId, secretAccessKey }: Principal) {
    const { endpoint, region } = this.front;
    return {
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
      ...{ signingName: 'execute-api' },
    };
  }
}
