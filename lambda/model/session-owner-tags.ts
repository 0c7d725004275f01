/** Tags of a session that invokes the agents of an owner: the owner by ARN, and as its tag can name it with the unique ID. */
export const SESSION_OWNER_TAGS = { arn: 'owner', arnAndId: 'owner-and-id' } as const;
