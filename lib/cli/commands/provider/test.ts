/** `agent-identity provider test`: the checks of one provider. */
import { buildCommand } from '@stricli/core';
import { hasFailed, printChecks } from '../../checks';
import { CONNECTION_FLAGS } from '../../connection-flags';
import type { CliContext } from '../../context';
import { checkFailed } from '../../failure';
import { printAside, printJson } from '../../output';
import { connect } from '../../service';
import { checkProvider } from './checks';
import { tokenCommand } from './on-behalf-of';
import { apiKeyProviderError, findProvider, KIND_FLAG, PROVIDER_NAME, type KindFlags } from './lookup';

export const test = buildCommand({
  docs: {
    brief: 'Check a credential provider',
    fullDescription: [
      'Checks an OAuth 2.0 credential provider: discovery, endpoints, callback URL, PKCE, refresh, and revocation,',
      'DPoP, and for cross-app access the provider that gets the identity assertions.',
      'Sends no secret and obtains no token, so it cannot know whether the vendor accepts the client and the callback URL:',
      'these lines say todo. Ends with status 1 if a check fails.',
    ].join('\n'),
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, kind: KIND_FLAG },
    positional: { kind: 'tuple', parameters: [PROVIDER_NAME] },
  },
  async func(this: CliContext, flags: KindFlags, name: string) {
    const service = await connect(this, flags);
    const { kind, provider } = await findProvider(service, name, { kind: flags.kind, likely: 'oauth2' });
    if (kind === 'api-key') throw apiKeyProviderError(name);
    const checks = await checkProvider(service, provider);
    if (flags.json) printJson(this, { checks });
    else {
      printChecks(this, checks);
      if (!hasFailed(checks)) {
        printAside(this, `To obtain a token, run ${tokenCommand(provider)}.`);
      }
    }
    if (hasFailed(checks)) throw checkFailed();
  },
});
