/** Consent portals in the directory table. */
import * as v from 'valibot';
import {
  CONSENT_PORTAL_STATUSES,
  type ConsentPortal,
  type ConsentPortalStore,
} from '../../domain/portal/consent-portal';
import { consentPortalKey, PREFIX } from '../../contract/table-keys';
import { createOwnedResourceStore, OWNED_RESOURCE_MEMBERS } from './owned-resource-store';
import type { Table } from './table';

const text = v.exactOptional(v.string());
const strings = v.array(v.string());

const ConsentPortalRecord = v.object({
  ...OWNED_RESOURCE_MEMBERS,
  description: text,
  executionRoleArn: v.string(),
  sources: v.array(v.object({ type: v.literal('workload-identity'), identifier: v.string() })),
  idpConfig: v.object({ credentialProviderArn: v.string(), scopes: strings, audience: text }),
  branding: v.exactOptional(v.object({ name: text, color: text, logo: text })),
  connections: v.array(
    v.object({
      workloadName: v.string(),
      credentialProviderName: v.string(),
      scopes: strings,
      customParameters: v.exactOptional(v.record(v.string(), v.string())),
      purpose: text,
    }),
  ),
  resources: v.exactOptional(v.array(v.object({ arn: v.string(), id: v.string() }))),
  status: v.picklist(CONSENT_PORTAL_STATUSES),
  statusReason: text,
  configurationRevision: v.number(),
});

export const createConsentPortalStore = (directory: Table): ConsentPortalStore =>
  createOwnedResourceStore<ConsentPortal>(directory, {
    kind: PREFIX.consentPortal,
    keyOf: consentPortalKey,
    schema: ConsentPortalRecord,
  });
