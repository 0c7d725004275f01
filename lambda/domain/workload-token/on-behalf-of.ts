/**
 * The user for whom the agent acts, as in the three operations that issue a token. Instead of a user token, an agent that
 * calls can name its verified user with its own token.
 */
export type OnBehalfOf =
  { readonly userToken: string } | { readonly userId: string } | { readonly userOfCaller: true } | undefined;
