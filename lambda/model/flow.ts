/** The AWS type `Oauth2FlowType`. */
export const FLOWS = ['USER_FEDERATION', 'M2M', 'ON_BEHALF_OF_TOKEN_EXCHANGE'] as const;

export type Flow = (typeof FLOWS)[number];
