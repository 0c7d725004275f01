/** `agent-identity provider get`. */
import { buildCommand } from '@stricli/core';
import { CONNECTION_FLAGS } from '../../connection-flags';
import type { CliContext } from '../../context';
import { isoTime, printFields, printJson } from '../../output';
import { connect } from '../../service';
import { onBehalfOfText } from './on-behalf-of';
import { privateEndpointsOf } from '../../private-endpoints';
import { authoritiesOf, boundFields, CLIENT_KINDS, configOf } from './provider';
import {
  findProvider,
  KIND_FLAG,
  KIND_NAMES,
  PROVIDER_NAME,
  type FoundProvider,
  type KindFlags,
} from './lookup';

/** Returns labels and values that both kinds of providers have. */
const commonFields = ({ provider, kind }: FoundProvider) =>
  [
    ['Provider', provider.name],
    ['Kind', KIND_NAMES[kind]],
    ['ARN', provider.credentialProviderArn],
    ['Created', provider.createdTime === undefined ? undefined : isoTime(provider.createdTime)],
    ['Changed', provider.lastUpdatedTime === undefined ? undefined : isoTime(provider.lastUpdatedTime)],
  ] as const;

export const get = buildCommand({
  docs: {
    brief: 'Show a credential provider',
    fullDescription: 'Shows a credential provider with its callback URL, and never its secret.',
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, kind: KIND_FLAG },
    positional: { kind: 'tuple', parameters: [PROVIDER_NAME] },
  },
  async func(this: CliContext, flags: KindFlags, name: string) {
    const service = await connect(this, flags);
    const found = await findProvider(service, name, flags);
    if (flags.json) {
      printJson(this, found.provider);
      return;
    }
    const more = [];
    if (found.kind === 'oauth2') {
      const { credentialProviderVendor, callbackUrl } = found.provider;
      const config = configOf(found.provider);
      const { clientId, clientRegistration, oauthDiscovery } = config;
      const { discoveryUrl, authorizationServerMetadata } = oauthDiscovery ?? {};
      more.push(
        ['Vendor', credentialProviderVendor] as const,
        ['Client ID', clientId] as const,
        ['Client', clientRegistration && CLIENT_KINDS[clientRegistration]] as const,
        ['Server', discoveryUrl ?? authorizationServerMetadata?.issuer] as const,
        ...boundFields(found.provider),
        ['On behalf of', onBehalfOfText(config)] as const,
        ['CA certificates', authoritiesOf(config)] as const,
        ...privateEndpointsOf(config).map((text) => ['Private endpoint', text] as const),
        ['Callback URL', callbackUrl] as const,
      );
    }
    printFields(this, [...commonFields(found), ...more]);
  },
});
