/** Finding the users of reports that name email addresses, for functions that verify tokens of users. */
import { createRestrictionStore, createUserEmailStore } from '../../adapters/dynamodb/directory-stores';
import type { Table } from '../../adapters/dynamodb/table';
import { system } from '../../adapters/system';
import type { DeployedIssuer } from '../../domain/identity/trusted-issuer';
import { createUserEmails, type UserEmails } from '../../domain/restriction/user-emails';

export const userEmailsOf = (directory: Table, trustedIssuers: readonly DeployedIssuer[]): UserEmails =>
  createUserEmails({
    userEmails: createUserEmailStore(directory),
    restrictions: createRestrictionStore(directory),
    issuers: trustedIssuers.filter(({ securityEvents }) => securityEvents?.emailSubjects),
    system,
  });
