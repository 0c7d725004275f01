/**
 * An agent on the AgentCore SDK for TypeScript, written only for AgentCore Runtime: it sends the user's link, waits,
 * and sends only the beginning of its token. PORT is its port, and PROVIDER its credential provider.
 */
import process from 'node:process';
import { BedrockAgentCoreApp } from 'bedrock-agentcore/runtime';
import { withAccessToken } from 'bedrock-agentcore/identity';
import './signing.mjs';

const app = new BedrockAgentCoreApp({
  config: { logging: { enabled: false } },
  invocationHandler: {
    async *process({ question, state }, context) {
      let tell;
      const link = new Promise((resolve) => (tell = resolve));
      const calendar = withAccessToken({
        providerName: process.env.PROVIDER,
        scopes: ['calendar.read'],
        authFlow: 'USER_FEDERATION',
        customState: state,
        onAuthUrl: tell,
      })(async (token) => token.slice(0, 2));

      yield { asked: question, sessionId: context.sessionId, headers: Object.keys(context.headers).sort() };
      const token = calendar();
      const authorizationUrl = await Promise.race([link, token.then(() => undefined)]);
      if (authorizationUrl) yield { authorizationUrl };
      yield { token: await token };
    },
  },
});

app.run({ port: Number(process.env.PORT), host: '127.0.0.1' });
