/**
 * How functions learn the trusted issuers: from their environment, or from a Lambda layer if the issuers could exceed the
 * environment. A layer version cannot be changed. CloudFormation publishes it before it updates the functions, and one
 * update of a function sets both the layer and the digest of its file. No table and no role is involved, so to add an
 * issuer, a principal must be able to change the functions, as with the environment.
 */
import { FileSystem, Token } from 'aws-cdk-lib';
import { Code, LayerVersion, type ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import type { Construct } from 'constructs';
import { createHash } from 'node:crypto';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeployedIssuer } from '../../lambda/domain/identity/trusted-issuer';

/** Issuers with more bytes are in a layer, so that half of the 4 KB is left for the other variables of a function. */
const MAX_ENVIRONMENT_BYTES = 2000;

const FILE = 'trusted-issuers.json';

/** Where Lambda extracts layers. Source: Lambda developer guide, "Packaging your layer content". */
const LAYERS = '/opt';

/** What a function that verifies users gets. */
export interface TrustedIssuersOfFunction {
  readonly environment: Readonly<Record<string, string>>;
  readonly layers: ILayerVersion[];
}

/**
 * Returns how functions learn the issuers. A layer is written at synthesis, so issuers with a value that is known only at
 * deployment stay in the environment.
 *
 * @param scope gets the child `TrustedIssuers` if there is a layer
 */
export function addTrustedIssuers(
  scope: Construct,
  issuers: readonly DeployedIssuer[],
): TrustedIssuersOfFunction {
  const json = JSON.stringify(issuers);
  // Lambda measures the environment as JSON, in which each quote of the value is escaped.
  const bytes = Buffer.byteLength(JSON.stringify(json));
  if (bytes <= MAX_ENVIRONMENT_BYTES || Token.isUnresolved(json)) {
    return { environment: { TRUSTED_ISSUERS: json }, layers: [] };
  }
  const folder = FileSystem.mkdtemp('agent-identity-issuers-');
  const file = join(folder, FILE);
  writeFileSync(file, json);
  // Functions run as another user than the one that owns the file, whatever the umask is here.
  chmodSync(file, 0o644);
  const layer = new LayerVersion(scope, 'TrustedIssuers', {
    code: Code.fromAsset(folder),
    description: 'agent-identity: trusted issuers',
  });
  // The cloud assembly has a copy by now. Without staging, as for a local test of functions, it refers to this folder.
  const isStaged = !scope.node.tryGetContext(DISABLE_ASSET_STAGING_CONTEXT);
  if (isStaged) rmSync(folder, { recursive: true });
  return {
    environment: {
      TRUSTED_ISSUERS_FILE: `${LAYERS}/${FILE}`,
      TRUSTED_ISSUERS_SHA256: createHash('sha256').update(json).digest('hex'),
    },
    layers: [layer],
  };
}
