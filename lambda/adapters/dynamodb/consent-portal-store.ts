/** Consent portals in the directory table. */
import type { ConsentPortalStore } from '../../domain/portal/consent-portal';
import { consentPortalKey, PREFIX } from '../../contract/table-keys';
import { ConsentPortalSchema, type ConsentPortal } from '../../model/records/consent-portal';
import { createOwnedResourceStore } from './owned-resource-store';
import type { Table } from './table';

export const createConsentPortalStore = (directory: Table): ConsentPortalStore =>
  createOwnedResourceStore<ConsentPortal>(directory, {
    kind: PREFIX.consentPortal,
    keyOf: consentPortalKey,
    schema: ConsentPortalSchema,
  });
