/** The name of a workload identity, as AWS has it. */
export const WORKLOAD_NAME = /^[A-Za-z0-9_.-]{3,255}$/;
