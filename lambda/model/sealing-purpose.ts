/** The purpose of a vault key. The KMS permissions of each function group are limited to purposes. */
export const SEALING_PURPOSES = [
  'grant',
  'consent',
  'client-secret',
  'api-key',
  'subject-token',
  'revocation',
] as const;
export type SealingPurpose = (typeof SEALING_PURPOSES)[number];

/** The purposes of an agent's keys. Each secret of a provider has its own key, which is created with the secret. */
export const ROTATED_PURPOSES = [
  'grant',
  'consent',
  'subject-token',
] as const satisfies readonly SealingPurpose[];
