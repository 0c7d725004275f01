/** Verification of user tokens for functions that trust only the issuers that their configuration names. */
import type { ConnectionPolicy } from '../../adapters/http/connection-policy';
import { createTransport } from '../../adapters/http/transport';
import { createUserTokenVerifier } from '../../adapters/http/user-token-verifier';
import { system } from '../../adapters/system';
import type { UserTokenVerifier } from '../../domain/identity/user-token';
import { createMetadataReader, type MetadataReader } from '../../domain/oauth/provider-metadata';

export function issuerReaders(policy: ConnectionPolicy): {
  readonly metadata: MetadataReader;
  readonly userTokens: UserTokenVerifier;
} {
  const transport = createTransport(policy);
  const metadata = createMetadataReader(transport, policy, system);
  return { metadata, userTokens: createUserTokenVerifier([], metadata, transport, system) };
}
