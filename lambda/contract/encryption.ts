/** What IAM policies name: the tags and limits that bound what functions may do. */
export { WEB_IDENTITY_LIFETIME, WEB_IDENTITY_TAGS } from '../domain/oauth/web-identity';
export { CERTIFICATES_OWNER } from '../domain/provider/private-authorities';
export { OWNER_TAG } from '../domain/ownership';
export { EVENT_SECRET_OWNER } from '../domain/identity/security-events';
