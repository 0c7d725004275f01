/** Consent sessions. */
import * as v from 'valibot';
import type { Of } from '../of';

export const SESSION_STATES = [
  'CREATED',
  'STARTED',
  'CONSENTED',
  'REDEEMING',
  'COMPLETED',
  'FAILED',
] as const;
export type SessionState = (typeof SESSION_STATES)[number];

/** The binding of a browser's authorization request: only this browser, with the response to it, can continue. */
const StartSchema = v.object({
  stateHash: v.string(),
  cookieHash: v.string(),
  /** JWE of the PKCE code verifier. */
  sealedVerifier: v.string(),
});

export interface Start extends Of<typeof StartSchema> {}

/** The key of the session's grant. */
const SessionKeySchema = v.object({
  /** JWK thumbprint of the public key, for `dpop_jkt`. */
  thumbprint: v.string(),
  /** JWE of the key, which the public function cannot open. */
  sealed: v.string(),
});

/** What the consent page of this service says in addition to the request itself. */
const ConsentPageContentSchema = v.object({
  /** What the agent uses the access for, in the words of the portal's owner. */
  purpose: v.exactOptional(v.string()),
  /** The portal to which the session returns, whose appearance the page has. */
  portalId: v.exactOptional(v.string()),
});

export interface ConsentPageContent extends Of<typeof ConsentPageContentSchema> {}

export const SessionSchema = v.object({
  /** SHA-256 of the session's ID: a reader of the table learns no session URI. */
  hash: v.string(),
  state: v.picklist(SESSION_STATES),
  /** Number of writes. Each write is conditional on the previous one. */
  revision: v.number(),
  /** Epoch seconds. */
  createdAt: v.number(),
  expiresAt: v.number(),

  /** `displayName` is the name for people. */
  workload: v.object({ name: v.string(), id: v.string(), arn: v.string(), displayName: v.string() }),
  userHash: v.string(),
  provider: v.object({ name: v.string(), id: v.string(), displayName: v.string() }),
  /** The target of the session's grant, and the grant's epoch when the session began. */
  target: v.string(),
  epoch: v.number(),
  /** Whether a request with `forceAuthentication` began it; absent if not. */
  forceAuthentication: v.exactOptional(v.boolean()),

  scopes: v.array(v.string()),
  /**
   * Scopes that custom parameters request, now and at earlier consents; absent if there are none. Policies evaluate them,
   * but `scope` does not contain them.
   */
  parameterScopes: v.exactOptional(v.array(v.string())),
  resources: v.array(v.string()),
  audiences: v.array(v.string()),
  returnUrl: v.string(),
  /** The fixed part of the authorization request, resolved when the session began. */
  authorization: v.object({
    endpoint: v.string(),
    /** Origin of the token endpoint when the session began: the code goes there only. Absent if there was none. */
    tokenOrigin: v.exactOptional(v.string()),
    issuer: v.string(),
    /** Whether the server always identifies itself in its response (RFC 9207 section 3). */
    issuerInResponse: v.boolean(),
    clientId: v.string(),
    /** Digest of the client and its authorization server: a reconfigured provider does not get this session's code. */
    client: v.string(),
    callbackId: v.string(),
    scopeSeparator: v.string(),
    /** Whether the request has a code challenge (RFC 7636). */
    pkce: v.boolean(),
    /** Whether the request is pushed to the provider before the browser is redirected (RFC 9126). */
    pushed: v.boolean(),
    /** Scopes that the request omits, because the server does not know them; absent if there are none. */
    omittedScopes: v.exactOptional(v.array(v.string())),
    /** Parameters that the vendor requires in addition to the standard ones. */
    parameters: v.record(v.string(), v.string()),
  }),
  /** Present if the tokens are bound to a key, which the code is bound to already (RFC 9449 section 10). */
  dpop: v.exactOptional(SessionKeySchema),
  /** Present if the person confirms on a page of this service before the browser is redirected to the provider. */
  page: v.exactOptional(ConsentPageContentSchema),
  /** JWE of `SealedRequest`. */
  sealedRequest: v.string(),
  start: v.exactOptional(StartSchema),
  /** The browser that delivered the provider's response, and the time. */
  responded: v.exactOptional(
    v.object({
      /** SHA-256 of the browser's cookie. */
      cookieHash: v.string(),
      /** Epoch seconds. */
      at: v.number(),
      /** Whether a completion was rejected since then, and the session stayed as it is. */
      refused: v.exactOptional(v.literal(true)),
    }),
  ),
  /** SHA-256 of the completion URI's ID; present only while a code can be redeemed. */
  completionHash: v.exactOptional(v.string()),
  /** JWE of the authorization code. */
  sealedCode: v.exactOptional(v.string()),
  /** OAuth error code of a failed session, or this service's reason. */
  failure: v.exactOptional(v.string()),
});

export interface Session extends Of<typeof SessionSchema> {}
