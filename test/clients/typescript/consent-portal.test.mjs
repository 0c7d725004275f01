/** Consent portals with the AWS SDK for JavaScript. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import {
  BedrockAgentCoreControlClient,
  CreateConsentPortalCommand,
  CreateOauth2CredentialProviderCommand,
  CreateWorkloadIdentityCommand,
  DeleteConsentPortalCommand,
  GetConsentPortalCommand,
  ListConsentPortalsCommand,
  paginateListConsentPortals,
  UpdateConsentPortalCommand,
} from '@aws-sdk/client-bedrock-agentcore-control';

const service = JSON.parse(process.env.SERVICE);
const control = new BedrockAgentCoreControlClient({ signingName: 'execute-api' });
const executionRoleArn = 'arn:aws:iam::000000000000:role/portal';

const newName = (kind) => `ts-${kind}-${randomUUID().slice(0, 8)}`;

let credentialProviderArn;
const sources = [];
before(async () => {
  const { issuer, clientId, clientSecret } = service.identityProvider;
  const discoveryUrl = `${issuer}/.well-known/openid-configuration`;
  ({ credentialProviderArn } = await control.send(
    new CreateOauth2CredentialProviderCommand({
      name: newName('sign-in'),
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: { clientId, clientSecret, oauthDiscovery: { discoveryUrl } },
      },
    }),
  ));
  for (const name of [newName('agent'), newName('agent')]) {
    await control.send(new CreateWorkloadIdentityCommand({ name }));
    sources.push({ type: 'workload-identity', identifier: name });
  }
});

const create = (name = newName('portal')) =>
  control.send(
    new CreateConsentPortalCommand({
      name,
      executionRoleArn,
      idpConfig: { credentialProviderArn, scopes: ['openid'] },
      sources,
    }),
  );

const get = (consentPortalIdentifier) =>
  control.send(new GetConsentPortalCommand({ consentPortalIdentifier }));

async function untilActive(identifier) {
  for (;;) {
    const portal = await get(identifier);
    if (portal.status === 'ACTIVE' && portal.portalUrl) return portal;
    assert.match(portal.status, /^(CREATING|UPDATING)$/, portal.statusReason);
    await setTimeout(100);
  }
}

describe('a consent portal', { timeout: 60_000 }, () => {
  it('becomes active, is changed, and is deleted, by its ID and its ARN', async () => {
    const { consentPortalId, consentPortalArn, $metadata } = await create();
    assert.equal($metadata.httpStatusCode, 202);
    const active = await untilActive(consentPortalId);
    assert.deepEqual(active.sources, sources);
    assert.ok(active.createdAt instanceof Date);
    const updated = await control.send(
      new UpdateConsentPortalCommand({
        consentPortalIdentifier: consentPortalArn,
        idpConfig: { credentialProviderArn, scopes: ['email'] },
      }),
    );
    assert.equal(updated.$metadata.httpStatusCode, 202);
    assert.deepEqual((await untilActive(consentPortalArn)).idpConfig.scopes, ['email']);
    const deleted = await control.send(
      new DeleteConsentPortalCommand({ consentPortalIdentifier: consentPortalArn }),
    );
    assert.equal(deleted.$metadata.httpStatusCode, 204);
    await assert.rejects(get(consentPortalId), { name: 'ResourceNotFoundException' });
  });

  it('is listed in pages', async () => {
    const names = [newName('listed'), newName('listed')];
    for (const name of names) await create(name);
    const listed = [];
    for await (const page of paginateListConsentPortals({ client: control, pageSize: 1 }, {})) {
      assert.ok(page.consentPortals.length <= 1);
      listed.push(...page.consentPortals.map(({ name }) => name));
    }
    assert.deepEqual(
      names.filter((name) => listed.includes(name)),
      names,
    );
    await assert.rejects(control.send(new ListConsentPortalsCommand({ nextToken: 'forged' })), {
      name: 'ValidationException',
    });
  });

  it('is rejected with a gateway as its source', async () => {
    const gateway = [{ type: 'agentcore-gateway', identifier: 'gateway-0123456789' }];
    await assert.rejects(
      control.send(
        new CreateConsentPortalCommand({
          name: newName('portal'),
          executionRoleArn,
          idpConfig: { credentialProviderArn, scopes: ['openid'] },
          sources: gateway,
        }),
      ),
      ({ name, fieldList }) => name === 'ValidationException' && fieldList[0].name === 'sources.0.type',
    );
  });
});
