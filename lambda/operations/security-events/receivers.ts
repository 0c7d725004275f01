/**
 * Beyond AWS: an identity provider reports that a session or an account ended. The function authenticates the identity
 * provider.
 */
import { open } from '../operation';
import type { ReferenceOf } from '../reference';

export const receivers = {
  ReceiveSecurityEvents: { ...open('security-events', '/events/{issuerId}', 'POST'), status: 202 },
  GlobalTokenRevocation: {
    ...open('security-events', '/global-token-revocation/{issuerId}', 'POST'),
    status: 204,
  },
  BackChannelLogout: open('security-events', '/backchannel-logout/{issuerId}', 'POST'),
} as const;

export const reference: ReferenceOf<typeof receivers> = {
  ReceiveSecurityEvents:
    'Receives a security event token (SET) of the issuer with this ID (RFC 8935; Shared Signals Framework 1.0). Returns 202, or 400 with `err` and `description`. See [security events](identity-provider.md#receive-security-events).',
  GlobalTokenRevocation:
    'Ends all sessions of a user (`sub_id`) of the issuer with this ID. The bearer token authenticates the caller. See [security events](identity-provider.md#receive-security-events).',
  BackChannelLogout:
    'Receives a logout token (`logout_token`) of the issuer with this ID (OpenID Connect Back-Channel Logout 1.0). See [security events](identity-provider.md#receive-security-events).',
};
