/** What the infrastructure and the command know of the audit trail in Amazon S3: its keys, its head, and how it is verified. */
import type { ObjectVersion } from '../domain/audit-trail/trail-bucket';

export { DIGESTS_PREFIX, ENTRIES_PREFIX } from '../domain/audit-trail/audit-digest';
export type { ObjectVersion, TrailReader } from '../domain/audit-trail/trail-bucket';
export { verifyTrail, type Problem, type Verification } from '../domain/audit-trail/verify-trail';

interface Listed {
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly LastModified?: Date | undefined;
  readonly IsLatest?: boolean | undefined;
}

/** A page of ListObjectVersions. */
interface VersionsPage {
  readonly Versions?: readonly Listed[] | undefined;
  readonly DeleteMarkers?: readonly Listed[] | undefined;
}

/**
 * Returns the versions and delete markers of a page by key, and of one key the newest first. The clients for Amazon S3
 * separate versions and delete markers, and lose their order; times have seconds.
 */
export function versionsOf({ Versions = [], DeleteMarkers = [] }: VersionsPage): ObjectVersion[] {
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
