/**
 * The customer managed key. It wraps the vault keys and the signing keys, and encrypts the tables. The functions' roles
 * state who can use it for which purpose (function-access.ts). Its key policy delegates that to IAM and allows no AWS
 * service.
 */
import type { RemovalPolicy } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

interface EncryptionKeyProps {
  readonly multiRegion: boolean;
  readonly removalPolicy: RemovalPolicy;
}

export class EncryptionKey extends Key {
  constructor(scope: Construct, id: string, { multiRegion, removalPolicy }: EncryptionKeyProps) {
    super(scope, id, {
      description: 'agent-identity: wraps vault and signing keys, encrypts tables',
      enableKeyRotation: true,
      // A single-Region key never becomes a multi-Region key, and only those can be replicated.
      ...(multiRegion && { multiRegion }),
      // Without the key, the vault cannot be decrypted. So by default the key stays when the stack is deleted.
      removalPolicy,
    });
  }
}
