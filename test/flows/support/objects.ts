/** Objects in the local Amazon S3 of the running service, stored with the AWS SDK client. */
import { S3 } from '@aws-sdk/client-s3';

const BUCKET = 'authorities';

let count = 0;

/** A client with every permission there, because the process has the emulators' credentials. */
const client = (): S3 => new S3({});

const placeOf = (uri: string) => ({ Bucket: BUCKET, Key: uri.slice(`s3://${BUCKET}/`.length) });

/** Replaces the object and its tags. @param owner value of the owner tag; `null` for an object without the tag */
export const changeObject = (uri: string, body: string | Buffer, owner: string | null) =>
  client().putObject({
    ...placeOf(uri),
    Body: body,
    ...(owner !== null && { Tagging: new URLSearchParams({ 'agent-identity:owner': owner }).toString() }),
  });

/** Returns the URI of a new object, whose key needs percent-encoding. */
export async function putObject(body: string | Buffer, owner: string | null): Promise<string> {
  count += 1;
  const uri = `s3://${BUCKET}/of agents/ca+${count}.pem`;
  await changeObject(uri, body, owner);
  return uri;
}

export const deleteObject = (uri: string) => client().deleteObject(placeOf(uri));
