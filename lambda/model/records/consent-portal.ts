/** Consent portals. */
import * as v from 'valibot';
import type { Of } from '../of';
import { OwnedResourceSchema } from './owned-resource';

/**
 * The AWS states, except for `DELETING`: no request finds a deleted portal. Only an `ACTIVE` portal has pages.
 * `CREATING` and `UPDATING` last until the configuration was verified.
 */
const CONSENT_PORTAL_STATUSES = ['CREATING', 'ACTIVE', 'FAILED', 'UPDATING', 'UPDATE_FAILED'] as const;

/** An agent or a gateway whose connections the portal lists. */
const PortalSourceSchema = v.object({
  type: v.picklist(['workload-identity', 'agentcore-gateway']),
  /** Name of the workload identity: of a gateway, its ID. */
  identifier: v.string(),
});

export interface PortalSource extends Of<typeof PortalSourceSchema> {}

/** How users sign in to the portal. */
const PortalSignInSchema = v.object({
  /** ARN of an OAuth2 credential provider of this deployment that has a discovery URL. */
  credentialProviderArn: v.string(),
  /** Scopes of the sign-in, to which the service adds `openid`. */
  scopes: v.array(v.string()),
  audience: v.exactOptional(v.string()),
});

/** How the pages look. Not in the AWS API. */
const PortalBrandingSchema = v.object({
  /** Replaces the portal's name on the pages. */
  name: v.exactOptional(v.string()),
  /** `#rrggbb`. */
  color: v.exactOptional(v.string()),
  /** An image as a `data:` URL. */
  logo: v.exactOptional(v.string()),
});

const PortalConnectionSchema = v.object({
  /** One of the portal's sources. */
  workloadName: v.string(),
  credentialProviderName: v.string(),
  scopes: v.array(v.string()),
  customParameters: v.exactOptional(v.record(v.string(), v.string())),
  /** What the agent uses the access for, in words for the user. */
  purpose: v.exactOptional(v.string()),
});

/** A connection that a user can make on the page before any grant exists. Not in the AWS API. */
export interface PortalConnection extends Of<typeof PortalConnectionSchema> {}

export const ConsentPortalSchema = v.object({
  ...OwnedResourceSchema.entries,
  description: v.exactOptional(v.string()),
  /** Required by the AWS API. Stored and returned, and never used. */
  executionRoleArn: v.string(),
  sources: v.array(PortalSourceSchema),
  idpConfig: PortalSignInSchema,
  branding: v.exactOptional(PortalBrandingSchema),
  connections: v.array(PortalConnectionSchema),
  /**
   * Of the resources that the portal names, and named before, by their ARNs, which contain their names, the latest last.
   */
  resources: v.array(v.object({ arn: v.string(), id: v.string() })),
  status: v.picklist(CONSENT_PORTAL_STATUSES),
  /**
   * Why the status is `FAILED` or `UPDATE_FAILED`, or why users might not be able to sign in, to make a connection, or to
   * disconnect one, although it is `ACTIVE`: for the owner, without secrets.
   */
  statusReason: v.exactOptional(v.string()),
  /**
   * Revision that wrote the configuration which the status is about. The result of a verification applies to this
   * revision, also after a change of tags.
   */
  configurationRevision: v.number(),
});

/**
 * `id` is the AWS member `consentPortalId`, which the portal's address contains. Its random suffix makes it unique: a portal that
 * is deleted and created again under its name has another address, so a page of the earlier portal does not lead to it.
 */
export interface ConsentPortal extends Of<typeof ConsentPortalSchema> {}

/** Resources by their ARNs, which contain their names, the latest last. */
export type ConfiguredResources = ConsentPortal['resources'];
