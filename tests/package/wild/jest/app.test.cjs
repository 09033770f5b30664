/** @jest-environment jsdom */
const { Authsignal } = require("authsignal-wasm");
const { request } = require("node:http");

// jsdom has no `fetch`.
globalThis.fetch = (url, { method, headers, body }) =>
  new Promise((resolve, reject) => {
    const asked = request(url, { method, headers }, async (response) => {
      let text = "";
      for await (const part of response) text += part;
      resolve({ ok: response.statusCode < 300, status: response.statusCode, json: async () => JSON.parse(text) });
    });
    asked.on("error", reject).end(body);
  });

test("an authenticator is added with a token", async () => {
  const authsignal = new Authsignal({ tenantId: "local", baseUrl: process.env.API });
  authsignal.setToken(process.env.TOKEN);
  expect((await authsignal.totp.enroll()).data.uri).toMatch(/^otpauth:/);
});
