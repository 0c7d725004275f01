/**
 * Reads the bucket of the audit trail. The function that writes digests and the command that verifies them have different
 * clients of Amazon S3, so the client's requests are parameters.
 */
import type { ObjectVersion, TrailReader } from '../../domain/audit-trail/trail-bucket';

interface Listed {
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly LastModified?: Date | undefined;
  readonly IsLatest?: boolean | undefined;
}

/** A page of ListObjectVersions. */
interface VersionsPage {
  readonly IsTruncated?: boolean | undefined;
  readonly NextKeyMarker?: string | undefined;
  readonly NextVersionIdMarker?: string | undefined;
  readonly Versions?: readonly Listed[] | undefined;
  readonly DeleteMarkers?: readonly Listed[] | undefined;
}

/**
 * Returns the versions and delete markers of a page by key, and of one key the newest first. The clients for Amazon S3
 * separate versions and delete markers, and lose their order; times have seconds.
 */
function versionsOf({ Versions = [], DeleteMarkers = [] }: VersionsPage): ObjectVersion[] {
  const version = (listed: Listed, deleteMarker: boolean) => ({
    key: listed.Key ?? '',
    versionId: listed.VersionId ?? '',
    lastModified: listed.LastModified?.getTime() ?? 0,
    deleteMarker,
    isLatest: listed.IsLatest ?? false,
  });
  return [
    ...Versions.map((listed) => version(listed, false)),
    ...DeleteMarkers.map((listed) => version(listed, true)),
  ]
    .sort(
      (a, b) =>
        Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) ||
        Number(b.isLatest) - Number(a.isLatest) ||
        b.lastModified - a.lastModified,
    )
    .map(({ key, versionId, lastModified, deleteMarker }) => ({
      key,
      versionId,
      lastModified,
      deleteMarker,
    }));
}

/** The requests to one bucket. */
export interface TrailRequests {
  /** ListObjectVersions. */
  readonly versions: (page: {
    readonly Prefix: string;
    readonly KeyMarker: string | undefined;
    readonly VersionIdMarker: string | undefined;
  }) => Promise<VersionsPage>;
  /** GetObject. */
  readonly object: (version: {
    readonly Key: string;
    readonly VersionId: string;
  }) => Promise<{ readonly Body?: { transformToByteArray(): Promise<Uint8Array> } | undefined }>;
}

const MISSING: readonly string[] = ['NoSuchKey', 'NoSuchVersion'];

export const trailReader = (requests: TrailRequests): TrailReader => ({
  async *list(Prefix, after) {
    let KeyMarker = after === '' ? undefined : after;
    let VersionIdMarker: string | undefined;
    for (;;) {
      const page = await requests.versions({ Prefix, KeyMarker, VersionIdMarker });
      yield* versionsOf(page);
      if (!page.IsTruncated) return;
      ({ NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page);
    }
  },
  async read({ key: Key, versionId: VersionId }) {
    try {
      const { Body } = await requests.object({ Key, VersionId });
      return await Body?.transformToByteArray();
    } catch (error) {
      if (error instanceof Error && MISSING.includes(error.name)) return undefined;
      throw error;
    }
  },
});
