/** The requests for consent portals. */
import * as v from 'valibot';
import { matching, onlyCharacters, smallAsJson, text } from './constraints';
import { customParameters, line, providerName, scopes, workloadName } from './names';
import type { Of } from './of';
import { tags } from './request-values';
import { SCOPE_TOKEN, SCOPE_TOKEN_RULE } from './scope-token';
import { fitsAuthorizationUrl } from './url-bounds';

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

const sourceIdentifier = matching(
  3,
  2048,
  /^(arn:aws(-[a-z-]+)?:bedrock-agentcore:[a-z0-9-]{1,20}:[0-9]{12}:gateway\/([0-9a-z]-?){1,48}-[a-z0-9]{10}|[A-Za-z0-9_.-]{3,255})$/,
  'must be the name of a workload identity, or the ID or the ARN of a gateway',
);

/** AWS has only the second type. */
const source = v.strictObject({
  type: v.picklist(['workload-identity', 'agentcore-gateway']),
  identifier: sourceIdentifier,
});

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

export const identifiedPortal = v.strictObject({ consentPortalIdentifier: portalIdentifier });

/** Members of a creation and of an update. */
const optional = {
  description: v.exactOptional(text(0, 512)),
  branding: v.exactOptional(branding),
  connections: v.exactOptional(connections),
};

export const createdPortal = v.strictObject({
  name: portalName,
  executionRoleArn,
  idpConfig,
  sources,
  ...optional,
  tags: v.exactOptional(tags),
});
export interface CreatePortalInput extends Of<typeof createdPortal> {}

export const updatedPortal = v.strictObject({
  ...identifiedPortal.entries,
  executionRoleArn: v.exactOptional(executionRoleArn),
  idpConfig: v.exactOptional(idpConfig),
  // The AWS API cannot change the sources.
  sources: v.exactOptional(sources),
  ...optional,
  /** IDs of other owners' resources that were created again, and that the portal accepts under their names. */
  acceptedResourceIds: v.exactOptional(
    v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(64))), v.maxLength(71)),
  ),
});
export interface UpdatePortalInput extends Of<typeof updatedPortal> {}
