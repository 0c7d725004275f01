/**
 * The customer managed key: it wraps the vault keys and the signing keys, and encrypts the tables. Who may use it for
 * what is said by the roles (grant.ts); its own policy leaves that to IAM and lets no service in.
 */
import type { RemovalPolicy } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

export class EncryptionKey extends Key {
  constructor(scope: Construct, id: string, { removalPolicy }: { readonly removalPolicy: RemovalPolicy }) {
    super(scope, id, {
      description: 'agent-identity: wraps vault and signing keys, encrypts tables',
      enableKeyRotation: true,
      // Without the key the vault is noise, so by default it outlives the stack.
      removalPolicy,
    });
  }
}
