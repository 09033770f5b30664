/** The tasks of a Cypress configuration: `setupNodeEvents: async (on) => on("task", tasks(await startLocalServer()))`. */
export const tasks = (server) => ({
  async "authsignal:reset"() {
    await server.reset();
    return { tenantId: server.tenantId, baseUrl: server.baseUrl };
  },
  async "authsignal:track"(username) {
    return (await server.track(username, "signUp", { username })).token;
  },
  async "authsignal:advance"(seconds) {
    await server.clock.advance(seconds);
    return null;
  },
});
