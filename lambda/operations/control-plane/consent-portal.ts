/** Consent portals: pages on which users connect their accounts to agents. */
import * as v from 'valibot';
import { matching, onlyCharacters, smallAsJson, text } from '../../model/constraints';
import { customParameters, line, providerName, scopes, workloadName } from '../../model/names';
import { SCOPE_TOKEN, SCOPE_TOKEN_RULE } from '../../model/scope-token';
import { fitsAuthorizationUrl } from '../../model/url-bounds';
import { NO_DELETING, OWN_LISTED, PORTAL_OF_OWNER, PORTAL_OWNED, UNUSED_ROLE } from '../differences';
import { operations } from '../operation';
import type { ReferenceOf } from '../reference';
import { listing, tags } from '../../model/request-values';

const portalName = matching(1, 50, /^[a-zA-Z0-9_-]+$/, onlyCharacters('the characters _ -'));

/** AWS documents the ID or the ARN. The pattern of its model has only the ID. */
const portalIdentifier = matching(
  1,
  2048,
  /^(arn:aws[^:]*:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:consent-portal\/)?[a-zA-Z0-9\-_]{1,50}-[A-Za-z0-9]{10}$/,
  'must be the ID or the ARN of a consent portal',
);

const executionRoleArn = matching(
  1,
  2048,
  /^arn:aws(-[a-z-]+)?:iam::[0-9]{12}:role\/[a-zA-Z0-9+=,.@\-_/]+$/,
  'must be the ARN of an IAM role',
);

/** The only AWS type of source is rejected with the reason, for the users of the AWS samples. */
const sourceType = v.pipe(
  v.picklist(['workload-identity', 'agentcore-gateway']),
  v.check(
    (type) => type === 'workload-identity',
    'must be workload-identity: this service has no gateways. Deploy a consent portal of workload identities, and name one in identifier',
  ),
  v.transform(() => 'workload-identity' as const),
);

const source = v.strictObject({ type: sourceType, identifier: workloadName });

const sources = v.pipe(v.array(source), v.minLength(1), v.maxLength(20));

const idpConfig = v.strictObject({
  credentialProviderArn: matching(
    1,
    2048,
    /^arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b|aws-iso-e|aws-iso-f|aws-eusc):bedrock-agentcore:[a-z0-9-]{1,32}:[0-9]{12}:token-vault\/[a-zA-Z0-9_-]{1,64}\/oauth2credentialprovider\/[a-zA-Z0-9_-]{1,128}$/,
    'must be the ARN of an OAuth2 credential provider',
  ),
  scopes: v.pipe(v.array(matching(1, 255, SCOPE_TOKEN, SCOPE_TOKEN_RULE)), v.minLength(1), v.maxLength(100)),
  audience: v.exactOptional(text(0, 2048)),
});

/** A page contains the logo, and API Gateway returns up to 10 MB. */
const LOGO_CHARACTERS = 24_000;

const branding = v.strictObject({
  name: v.exactOptional(line(64)),
  color: v.exactOptional(
    matching(7, 7, /^#[0-9a-fA-F]{6}$/, 'must be a color: # and six hexadecimal digits'),
  ),
  logo: v.exactOptional(
    matching(
      1,
      LOGO_CHARACTERS,
      /^data:image\/(png|jpeg|webp|svg\+xml);base64,[A-Za-z0-9+/]+={0,2}$/,
      'must be a data URL of a PNG, JPEG, WebP, or SVG image, in base64',
    ),
  ),
});

/** All connections in one DynamoDB item with the logo, the tags, and the other members. */
const CONNECTIONS_BYTES = 131_072;

const connection = v.pipe(
  v.strictObject({
    workloadName,
    credentialProviderName: providerName,
    scopes,
    customParameters: v.exactOptional(customParameters),
    purpose: v.exactOptional(line(256)),
  }),
  fitsAuthorizationUrl(),
);

const connections = v.pipe(v.array(connection), v.maxLength(50), smallAsJson(CONNECTIONS_BYTES));

const identified = v.strictObject({ consentPortalIdentifier: portalIdentifier });

/** Members of a creation and of an update. */
const optional = {
  description: v.exactOptional(text(0, 512)),
  branding: v.exactOptional(branding),
  connections: v.exactOptional(connections),
};

/** IDs of resources that were created again, which an update accepts. */
const acceptedResourceIds = v.exactOptional(
  v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(64))), v.maxLength(71)),
);

export const consentPortal = operations('control-plane', '/identities', {
  CreateConsentPortal: {
    status: 202,
    input: v.strictObject({
      name: portalName,
      executionRoleArn,
      idpConfig,
      sources,
      ...optional,
      tags: v.exactOptional(tags),
    }),
  },
  GetConsentPortal: { input: identified },
  UpdateConsentPortal: {
    status: 202,
    input: v.strictObject({
      ...identified.entries,
      executionRoleArn: v.exactOptional(executionRoleArn),
      idpConfig: v.exactOptional(idpConfig),
      sources: v.exactOptional(sources),
      ...optional,
      acceptedResourceIds,
    }),
  },
  DeleteConsentPortal: { status: 204, input: identified },
  ListConsentPortals: { input: listing(100) },
});

export const reference: ReferenceOf<typeof consentPortal> = {
  CreateConsentPortal: {
    does: 'Creates a consent portal: pages on which users connect their accounts to agents, and disconnect them ([portal.md](portal.md)). The status is `CREATING` until the service verified the sign-in provider, and then `ACTIVE`, or `FAILED` with a `statusReason`. A `statusReason` of an `ACTIVE` portal warns that users can probably not sign in, that they cannot disconnect the accounts of an agent, or that an agent or a connection is left out. Register `{portalUrl}/callback` as a redirect URI at the identity provider; `portalUrl` has no scheme, which is https. Users sign in with `idpConfig`, whose issuer the workload identities must trust.',
    errors: ['ConflictException', 'ServiceQuotaExceededException', 'ResourceNotFoundException'],
    differs: [PORTAL_OF_OWNER, UNUSED_ROLE, PORTAL_OWNED],
  },
  GetConsentPortal: {
    does: 'Returns a portal by its ID or ARN, with its status.',
    errors: ['ResourceNotFoundException'],
    differs: [PORTAL_OWNED],
  },
  UpdateConsentPortal: {
    does: 'Changes the given members. If `idpConfig`, `sources`, or `connections` is given, or if the last verification failed or ended with a warning, the status is `UPDATING` until the service verified the portal, and then `ACTIVE`, or `UPDATE_FAILED` with a `statusReason`. The portal has its pages only while it is `ACTIVE`.',
    errors: ['ResourceNotFoundException'],
    differs: [UNUSED_ROLE, PORTAL_OWNED],
  },
  DeleteConsentPortal: {
    does: 'Deletes a portal by its ID or ARN. Its pages and sessions end immediately. The connections of the users stay: they belong to the agents.',
    errors: ['ResourceNotFoundException'],
    differs: [PORTAL_OWNED, NO_DELETING],
  },
  ListConsentPortals: { does: 'Returns a page of consent portals, sorted by name.', differs: [OWN_LISTED] },
};
