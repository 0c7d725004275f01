/**
 * Keeps a notice of the AWS SDK off stderr: on Node.js 20, it prints when its support for Node.js 20 ends. docs/local.md says
 * it in its place.
 */
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
