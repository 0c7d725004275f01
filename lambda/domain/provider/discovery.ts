/** Where an authorization server's metadata comes from. */

/** AWS's `Oauth2AuthorizationServerMetadata`: what is stated instead of discovered. */
export interface StatedMetadata {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly responseTypes?: readonly string[] | undefined;
  readonly tokenEndpointAuthMethods?: readonly string[] | undefined;
}

/** AWS's `Oauth2Discovery`: exactly one of the two. */
export type Oauth2Discovery =
  | { readonly discoveryUrl: string; readonly authorizationServerMetadata?: undefined }
  | { readonly discoveryUrl?: undefined; readonly authorizationServerMetadata: StatedMetadata };
