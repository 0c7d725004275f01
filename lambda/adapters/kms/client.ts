/** The requests to AWS KMS that this service sends. */
import type * as Sdk from '@aws-sdk/client-kms';
import type { ServiceClient } from '../aws/service-client';

export interface KmsOperations {
  readonly Decrypt: readonly [Sdk.DecryptCommandInput, Sdk.DecryptCommandOutput];
  readonly DescribeKey: readonly [Sdk.DescribeKeyCommandInput, Sdk.DescribeKeyCommandOutput];
  readonly Encrypt: readonly [Sdk.EncryptCommandInput, Sdk.EncryptCommandOutput];
  readonly GenerateDataKey: readonly [Sdk.GenerateDataKeyCommandInput, Sdk.GenerateDataKeyCommandOutput];
  readonly GenerateDataKeyWithoutPlaintext: readonly [
    Sdk.GenerateDataKeyWithoutPlaintextCommandInput,
    Sdk.GenerateDataKeyWithoutPlaintextCommandOutput,
  ];
  readonly GetPublicKey: readonly [Sdk.GetPublicKeyCommandInput, Sdk.GetPublicKeyCommandOutput];
  readonly ListResourceTags: readonly [Sdk.ListResourceTagsCommandInput, Sdk.ListResourceTagsCommandOutput];
  readonly ReEncrypt: readonly [Sdk.ReEncryptCommandInput, Sdk.ReEncryptCommandOutput];
  readonly Sign: readonly [Sdk.SignCommandInput, Sdk.SignCommandOutput];
}

export type Kms = ServiceClient<KmsOperations>;
