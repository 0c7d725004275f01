/**
 * Composition of the internal function that locks the log files of the audit trail, and writes its digests, on schedules. It
 * reads the bucket, and writes digests and the head of their chain. It cannot delete a version, shorten a retention, or
 * write log files.
 */
import { S3Client } from '@aws-sdk/client-s3';
import { createAuditHeadStore } from '../adapters/dynamodb/directory-stores';
import { createDigestSigner } from '../adapters/kms/digest-signer';
import { createTrailBucket } from '../adapters/s3/trail-bucket';
import { system } from '../adapters/system';
import { AUDIT_DIGEST_CALLS } from '../model/events/audit-digest';
import { lockLogFiles } from '../domain/audit-trail/lock-log-files';
import { writeDigest } from '../domain/audit-trail/write-digest';
import { createAws } from './composition/aws';
import { sdkClients } from './composition/sdk-clients';
import { readEnvironment } from './composition/environment';
import { createCallHandler } from './composition/invocation';
import { audit } from './composition/logging';

const DAY_MS = 86_400_000;

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'TRAIL_BUCKET',
  'RETENTION_MODE',
  'RETENTION_DAYS',
  'DIGEST_KEY_ARN',
);
const { kms, tables } = createAws(env, sdkClients());
const deps = {
  bucket: createTrailBucket(
    new S3Client({}),
    env.TRAIL_BUCKET,
    env.RETENTION_MODE === 'COMPLIANCE' ? 'COMPLIANCE' : 'GOVERNANCE',
  ),
  retentionMs: Number(env.RETENTION_DAYS) * DAY_MS,
  heads: createAuditHeadStore(tables.DIRECTORY_TABLE, env.TRAIL_BUCKET),
  signer: createDigestSigner(kms, env.DIGEST_KEY_ARN),
  system,
};

/** Each digest has its own entry. Log events cannot be changed, so it is another record of the hash. */
async function digest(): Promise<void> {
  const written = await writeDigest(deps);
  if (!written) return;
  audit.record({
    operation: 'WriteAuditDigest',
    outcome: 'allowed',
    resource: written.digestS3Object,
    result: written.hashValue,
  });
}

export const handler = createCallHandler(
  AUDIT_DIGEST_CALLS,
  { lock: () => lockLogFiles(deps), digest },
  { refusal: 'The audit-digest event is not valid.', auditSuccess: false },
);
