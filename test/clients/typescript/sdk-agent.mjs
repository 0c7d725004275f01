/**
 * An agent on the AgentCore SDK for TypeScript, written for AgentCore Runtime and for nothing else: it tells its user's link, waits,
 * and tells of the token that it got only how it begins. PORT says where it listens, PROVIDER whom it asks.
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
