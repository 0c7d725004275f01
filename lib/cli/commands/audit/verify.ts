/** `agent-identity audit verify`: whether a part of the audit trail was changed, removed, or hidden. */
import type { KeyObject } from 'node:crypto';
import { buildCommand } from '@stricli/core';
import {
  verifyTrail,
  type Problem,
  type Verification,
} from '../../../../lambda/domain/audit-trail/verify-trail';
import type { ObjectVersion, TrailReader } from '../../../../lambda/domain/audit-trail/trail-bucket';
import { auditHeadKey } from '../../../../lambda/model/table-keys';
import { JSON_FLAG, optionalText } from '../../connection-flags';
import type { CliContext } from '../../context';
import { dynamoDb } from '../../dynamodb';
import { checkFailed, CliError, usageError } from '../../failure';
import { print, printAside, printJson, progress, styled } from '../../output';
import { pastTimeOf } from '../../past-time';
import { publicKeyOfFile, publicKeyOfKms, regionOfKey } from '../../public-keys';
import { signerOf } from '../../service';
import { checkTrailFolder, trailFolder } from '../../trail-folder';

interface VerifyFlags {
  readonly bucket?: string;
  readonly folder?: string;
  readonly key?: readonly string[];
  readonly publicKey?: readonly string[];
  readonly headTable?: string;
  readonly head?: string;
  readonly from: number;
  readonly to?: number;
  readonly region?: string;
  readonly profile?: string;
  readonly json: boolean;
}

/** Says what to do about an error of the client for Amazon S3. */
async function withAdvice<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CliError) throw error;
    const { name, message } = error as Error;
    throw new CliError(`Amazon S3 rejected a request (${name}): ${message}`, {
      next: 'Check --bucket, the Region, and the permissions s3:ListBucketVersions and s3:GetObjectVersion.',
    });
  }
}

const withAdvices = (reader: TrailReader): TrailReader => ({
  async *list(prefix, after) {
    const versions = reader.list(prefix, after)[Symbol.asyncIterator]();
    for (;;) {
      const next: IteratorResult<ObjectVersion> = await withAdvice(() => versions.next());
      if (next.done === true) return;
      yield next.value;
    }
  },
  read: (version) => withAdvice(() => reader.read(version)),
});

async function readerOf(context: CliContext, flags: VerifyFlags): Promise<TrailReader> {
  const { bucket, folder } = flags;
  if (folder !== undefined) return trailFolder(folder);
  if (bucket === undefined) {
    throw usageError('Set --bucket to the bucket of the audit trail, or --folder to a copy of it.');
  }
  const { region, credentials } = await signerOf(context, flags);
  return withAdvices(context.loadS3().trailBucket({ region, credentials }, bucket));
}

async function publicKeysOf(context: CliContext, flags: VerifyFlags): Promise<KeyObject[]> {
  const { key = [], publicKey = [] } = flags;
  if (key.length + publicKey.length === 0) {
    throw usageError(
      'Set --key to the ARN of the KMS key that signs the digests, or --public-key to a copy of its public key.',
      'Take it from the output AuditTrailOptions of the stack, not from the bucket.',
    );
  }
  return Promise.all([
    ...key.map((arn) => publicKeyOfKms(context, arn, flags)),
    ...publicKey.map((path) => publicKeyOfFile(path)),
  ]);
}

/** @throws CliError unless the text is a SHA-256 hash: a mistyped one must not look like a cut trail */
function hashOf(text: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text)) {
    throw usageError('--head must be a SHA-256 hash, which has 64 hexadecimal digits.');
  }
  return text.toLowerCase();
}

type Head = { readonly digestS3Object?: string; readonly hashValue: string } | undefined;

async function headOf(context: CliContext, flags: VerifyFlags): Promise<Head> {
  const { bucket, headTable, head } = flags;
  if (headTable === undefined) return head === undefined ? undefined : { hashValue: head };
  if (head !== undefined) throw usageError('Set --head-table or --head, not both.');
  if (bucket === undefined) {
    throw usageError('With --head-table, set --bucket too: the table has a record for each bucket.');
  }
  const db = await dynamoDb(context, flags);
  const { pk, sk } = auditHeadKey(bucket);
  const item = await db.get(headTable, { pk: { S: pk }, sk: { S: sk } });
  const [digestS3Object, hashValue] = [item?.digestS3Object?.S, item?.hashValue?.S];
  if (digestS3Object === undefined || hashValue === undefined) {
    throw new CliError(`The table ${headTable} has no digest of the bucket ${bucket}.`, {
      next: 'Check --head-table and --bucket. If they are right, no digest was written yet, or the record was removed: look for WriteAuditDigest in the log of the function audit-digest.',
    });
  }
  return { digestS3Object, hashValue };
}

const many = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

function printProblem(context: CliContext, { problem, s3Object, s3ObjectVersionId, detail }: Problem): void {
  const version = s3ObjectVersionId ? ` (version ${s3ObjectVersionId})` : '';
  print(context, [styled('red', problem.padEnd(10)), `  ${s3Object}${version}  ${detail}`]);
}

function printResult(
  context: CliContext,
  { digests, files, startTime, endTime, newest, problems }: Verification,
): void {
  for (const problem of problems) printProblem(context, problem);
  const period = startTime === undefined || endTime === undefined ? '' : ` from ${startTime} to ${endTime}`;
  print(context, [
    `Verified ${many(digests, 'digest')} and ${many(files, 'log file')}${period}: `,
    problems.length === 0 ? styled('green', 'no problem') : styled('red', many(problems.length, 'problem')),
    '.',
  ]);
  if (newest) print(context, `Newest digest: ${newest.digestS3Object}, SHA-256 ${newest.hashValue}`);
}

export const verify = buildCommand({
  docs: {
    brief: 'Verify that no part of the audit trail in Amazon S3 was changed, removed, or hidden',
    fullDescription: [
      'Verifies the signatures and the chain of the hourly digests, and the hashes of the log files that they list, from the newest to the oldest.',
      'Says what is wrong: invalid, missing, moved, gap, cut, hidden, unlisted, or unexpected (docs/audit-trail.md). The status is 1 if there is a problem.',
      'It reads only the bucket, the public key, and the record of the newest digest: the service does not have to run.',
      'The output AuditTrailOptions of the stack has the options. To continue an interrupted run, set --to to the last time that it showed.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      bucket: optionalText('name', 'Bucket of the audit trail; with --folder, the one that was copied'),
      folder: optionalText('path', 'Copy of the bucket, as "aws s3 sync" makes it, instead of the bucket'),
      key: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        placeholder: 'ARN',
        brief: 'KMS key that signs the digests; set the option again for each further one',
      },
      publicKey: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        placeholder: 'path',
        brief: 'PEM file with the public key, instead of --key',
      },
      headTable: optionalText('name', 'DynamoDB table with the record of the newest digest'),
      head: {
        kind: 'parsed',
        parse: hashOf,
        optional: true,
        placeholder: 'hash',
        brief: 'SHA-256 of a digest that must be in the trail, from an earlier verification',
      },
      from: {
        kind: 'parsed',
        parse: (text: string) => pastTimeOf('--from', text),
        default: '7d',
        placeholder: 'time',
        brief: 'Digests since then: a duration or a time',
      },
      to: {
        kind: 'parsed',
        parse: (text: string) => pastTimeOf('--to', text),
        optional: true,
        placeholder: 'time',
        brief: 'Digests until then (default: the newest, which must be of the last hours)',
      },
      region: optionalText(
        'name',
        'Region of bucket and table (default: of the first --key, AWS_REGION, or of the profile)',
      ),
      profile: optionalText('name', 'Profile of the AWS configuration with the credentials (AWS_PROFILE)'),
      json: JSON_FLAG,
    },
  },
  async func(this: CliContext, stated: VerifyFlags) {
    const { from, to, bucket, json, key: [keyArn] = [] } = stated;
    // The constructs create the key in the Region of bucket and table.
    const region = stated.region ?? (keyArn === undefined ? undefined : regionOfKey(keyArn));
    const flags = { ...stated, ...(region !== undefined && { region }) };
    if (to !== undefined && to <= from) throw usageError('--to must be after --from.');
    const reader = await readerOf(this, flags);
    const publicKeys = await publicKeysOf(this, flags);
    if (flags.folder !== undefined) await checkTrailFolder(flags.folder);
    // Before the listing: the head can only move on.
    const head = await headOf(this, flags);
    const { show, end } = progress(this);
    let result: Verification;
    try {
      result = await verifyTrail({
        reader,
        bucket,
        publicKeys,
        from,
        to,
        head,
        now: Date.now(),
        progress: ({ digests, files, of, endTime }) => {
          show(
            `Verified ${digests} of ${many(of, 'digest')}, ${many(files, 'log file')}, down to ${endTime} …`,
          );
        },
      });
    } finally {
      end();
    }
    if (json) printJson(this, result);
    else printResult(this, result);
    if (result.problems.length > 0) throw checkFailed();
    if (result.digests === 0) {
      throw new CliError('There is no digest in this period.', { next: 'Check --bucket, --from, and --to.' });
    }
    if (head === undefined) {
      printAside(
        this,
        'Without --head-table or --head, newer digests that were removed are found only by their age.',
      );
    } else if (!result.anchored) {
      printAside(
        this,
        'The recorded digest is not in this period, so it was not compared with the chain. To compare it, verify again without --to.',
      );
    }
  },
});
