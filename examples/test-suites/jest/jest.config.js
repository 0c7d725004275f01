module.exports = { globalSetup: './start-identity.mjs', globalTeardown: './stop-identity.mjs' };
