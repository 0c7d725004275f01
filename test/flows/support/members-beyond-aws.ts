/**
 * Members that the AWS model does not contain. The AWS SDK clients omit them from requests and remove them from responses,
 * so they are added before the client signs, and read before the client parses the response.
 */
import type { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';

interface Message {
  body: unknown;
}

/** Returns the body of a response, which can then be read again. */
export async function bodyOf(response: Message): Promise<Buffer> {
  if (response.body instanceof Uint8Array) return Buffer.from(response.body);
  const chunks: Buffer[] = [];
  for await (const chunk of response.body as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  response.body = new Uint8Array(body);
  return body;
}

/** @returns the same client, whose requests have these members too */
export function alsoSending(client: BedrockAgentCoreControl, members: object): BedrockAgentCoreControl {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as Message;
      request.body = JSON.stringify({
        ...(JSON.parse(new TextDecoder().decode(request.body as Uint8Array)) as object),
        ...members,
      });
      return next(args);
    },
    { step: 'build', priority: 'high' },
  );
  return client;
}

/** @returns the same client, and the bodies of its responses */
export function alsoReading(client: BedrockAgentCoreControl): {
  client: BedrockAgentCoreControl;
  answers: Record<string, unknown>[];
} {
  const answers: Record<string, unknown>[] = [];
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const body = await bodyOf(result.response as Message);
      answers.push(JSON.parse(body.toString('utf8')) as Record<string, unknown>);
      return result;
    },
    { step: 'deserialize', priority: 'low' },
  );
  return { client, answers };
}
