/** The CloudWatch namespace of all metrics: those that begin with `AWS/` are AWS's own. */
export const METRICS_NAMESPACE = 'AgentIdentity';
