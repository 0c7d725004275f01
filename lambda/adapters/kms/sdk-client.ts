/** AWS KMS by the client of the AWS SDK. */
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GetPublicKeyCommand,
  ListResourceTagsCommand,
  ReEncryptCommand,
  SignCommand,
  type KMSClient,
} from '@aws-sdk/client-kms';
import { createSdkClient } from '../aws/sdk-client';
import type { Kms, KmsOperations } from './client';

export const createKms = (client: KMSClient): Kms =>
  createSdkClient<KmsOperations>(client, {
    Decrypt: DecryptCommand,
    DescribeKey: DescribeKeyCommand,
    Encrypt: EncryptCommand,
    GenerateDataKey: GenerateDataKeyCommand,
    GenerateDataKeyWithoutPlaintext: GenerateDataKeyWithoutPlaintextCommand,
    GetPublicKey: GetPublicKeyCommand,
    ListResourceTags: ListResourceTagsCommand,
    ReEncrypt: ReEncryptCommand,
    Sign: SignCommand,
  });
