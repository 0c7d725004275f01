/** Secrets Manager in memory, by ARN; it finds whatever it was given, of whichever account and region. */
import type { SecretTexts } from '../../lambda/domain/sealing/external-secret';

export interface InMemorySecret {
  readonly tags: Readonly<Record<string, string>>;
  readonly text?: string;
}

export const createInMemorySecretTexts = (
  secrets: Readonly<Record<string, InMemorySecret>> = {},
): SecretTexts => ({
  describe: (secretId) => {
    const secret = secrets[secretId];
    return Promise.resolve(secret && { arn: secretId, tags: secret.tags });
  },
  text: (arn) => Promise.resolve(secrets[arn]?.text),
});
