/**
 * The steps of an authorization request that need a user: sign-in and consent. oidc-provider sends the browser to
 * `/interaction/{uid}` and waits for a result. These routes show the pages and return the result.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type Interaction, type Provider } from 'oidc-provider';
import * as v from 'valibot';
import type { ExampleAccount } from './accounts';
import { consentPage, signInPage, requestErrorPage } from './interaction-pages';
import type { RequestHandler } from './loopback-server';
import { sendPage, type Brand } from './page';
import { readForm } from './request-body';

export interface InteractionOptions {
  readonly provider: Provider;
  readonly brand: Brand;
  readonly accounts: readonly ExampleAccount[];
  /** The permission that each scope gives a client, in plain words. Unlisted scopes are not shown. */
  readonly permissions: Readonly<Record<string, { readonly title: string; readonly detail: string }>>;
}

const INTERACTION_PATH = /^\/interaction\/[\w-]+(?<step>\/sign-in|\/consent)?$/;

/** Maximum length of a username that the sign-in page repeats after an error. All example usernames are shorter. */
const LONGEST_USERNAME = 100;

/** The missing scopes that the consent prompt of oidc-provider reports (`interaction_policy/prompts/consent.js`). */
const MissingSchema = v.object({
  missingOIDCScope: v.optional(v.array(v.string()), []),
  missingOIDCClaims: v.optional(v.array(v.string()), []),
  missingResourceScopes: v.optional(v.record(v.string(), v.array(v.string())), {}),
});

const ParametersSchema = v.object({
  client_id: v.string(),
  redirect_uri: v.optional(v.string()),
  /** RFC 8707, section 2: the parameter can be repeated. */
  resource: v.optional(v.union([v.string(), v.array(v.string())]), []),
  scope: v.optional(v.string(), ''),
});

/** Returns where a redirect URI sends the user, in words. A browser shows the host in the same form. */
function destinationOf(redirectUri: string): string {
  const { protocol, host } = new URL(redirectUri);
  return ['http:', 'https:'].includes(protocol) ? host : `the application for ${protocol} links`;
}

/** Serves the interaction routes, and passes every other request to the provider. */
export function withInteractions(options: InteractionOptions): RequestHandler {
  const { provider, brand } = options;
  const answer = provider.callback();

  return async (request, response) => {
    const url = new URL(request.url ?? '/', provider.issuer);
    const path = INTERACTION_PATH.exec(url.pathname);
    if (path === null) {
      await answer(request, response);
      return;
    }
    try {
      const interaction = await provider.interactionDetails(request, response);
      const step = path.groups?.step;
      if (request.method === 'GET' && step === undefined) {
        await show(options, response, interaction, url.searchParams.get('account') === 'other');
      } else if (request.method === 'POST' && step !== undefined) {
        const form = await readForm(request, provider.issuer);
        if (form === undefined) sendPage(response, 403, requestErrorPage(brand));
        else if (step === '/sign-in') await signIn(options, request, response, interaction, form);
        else await consent(options, request, response, interaction, form.get('decision') === 'allow');
      } else {
        sendPage(response, 404, requestErrorPage(brand));
      }
    } catch (error) {
      // The interaction is over or belongs to another browser.
      if (!(error instanceof errors.SessionNotFound)) throw error;
      sendPage(response, 400, requestErrorPage(brand, error.error));
    }
  };
}

async function show(
  { provider, brand, accounts, permissions }: InteractionOptions,
  response: ServerResponse,
  interaction: Interaction,
  otherAccount: boolean,
): Promise<void> {
  const parameters = v.parse(ParametersSchema, interaction.params);
  const client = await provider.Client.find(parameters.client_id);
  const clientName = client?.clientName ?? parameters.client_id;
  const action = `/interaction/${interaction.uid}`;
  const account = accounts.find(({ id }) => id === interaction.session?.accountId);

  if (interaction.prompt.name === 'login' || account === undefined || otherAccount) {
    const page = signInPage({ brand, accounts, clientName, action: `${action}/sign-in` });
    sendPage(response, 200, page, parameters.redirect_uri);
    return;
  }
  const asked = parameters.scope.split(' ').flatMap((scope) => permissions[scope] ?? []);
  const page = consentPage({
    brand,
    clientName,
    account,
    action: `${action}/consent`,
    switchAccount: `${action}?account=other`,
    permissions: asked,
    resources: [parameters.resource].flat().map((resource) => new URL(resource).href),
    destination: parameters.redirect_uri === undefined ? undefined : destinationOf(parameters.redirect_uri),
  });
  sendPage(response, 200, page, parameters.redirect_uri);
}

async function signIn(
  { provider, brand, accounts }: InteractionOptions,
  request: IncomingMessage,
  response: ServerResponse,
  interaction: Interaction,
  form: URLSearchParams,
): Promise<void> {
  const account = accounts.find(
    ({ username, password }) => username === form.get('username') && password === form.get('password'),
  );
  if (account !== undefined) {
    const result = { login: { accountId: account.id, amr: ['pwd'] } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    return;
  }
  const { client_id: clientId, redirect_uri: redirectUri } = v.parse(ParametersSchema, interaction.params);
  const client = await provider.Client.find(clientId);
  const action = `/interaction/${interaction.uid}/sign-in`;
  sendPage(
    response,
    401,
    signInPage({
      brand,
      accounts,
      action,
      clientName: client?.clientName ?? clientId,
      failedUsername: (form.get('username') ?? '').slice(0, LONGEST_USERNAME),
    }),
    redirectUri,
  );
}

async function consent(
  { provider }: InteractionOptions,
  request: IncomingMessage,
  response: ServerResponse,
  interaction: Interaction,
  allowed: boolean,
): Promise<void> {
  const accountId = interaction.session?.accountId;
  if (interaction.prompt.name !== 'consent' || accountId === undefined) {
    throw new errors.SessionNotFound('consent was not what this interaction waits for');
  }
  if (!allowed) {
    const denial = { error: 'access_denied', error_description: 'The user denied access.' };
    await provider.interactionFinished(request, response, denial, { mergeWithLastSubmission: false });
    return;
  }
  const { client_id: clientId } = v.parse(ParametersSchema, interaction.params);
  const existing =
    interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId);
  const grant = existing ?? new provider.Grant({ accountId, clientId });
  const missing = v.parse(MissingSchema, interaction.prompt.details);
  if (missing.missingOIDCScope.length > 0) grant.addOIDCScope(missing.missingOIDCScope);
  if (missing.missingOIDCClaims.length > 0) grant.addOIDCClaims(missing.missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(missing.missingResourceScopes)) {
    grant.addResourceScope(resource, scopes);
  }
  const grantId = await grant.save();
  // Only a new grant needs an ID here, because oidc-provider finds an existing grant by the session.
  const result = existing === undefined ? { consent: { grantId } } : { consent: {} };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}
