/** In-memory Secrets Manager, by ARN. It returns every secret that it was given, of any account and Region. */
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
