/** From CommonJS, the package is required, or loaded by `import()`. */
import authsignal = require("authsignal-wasm");
import inJavaScript = require("authsignal-wasm/js");
import testing = require("authsignal-wasm/testing");
// @ts-expect-error What `exports` does not name is no entry.
import file = require("authsignal-wasm/index.cjs");
import type { Authsignal } from "authsignal-wasm" with { "resolution-mode": "import" };

export const client: authsignal.Authsignal = new authsignal.Authsignal({ tenantId: "tenant" });
export const same: authsignal.Authsignal = new inJavaScript.Authsignal({ tenantId: "tenant" });
export const isExpired = (code: authsignal.ErrorCode): boolean => code === authsignal.ErrorCode.expired_token;
export const scripted = (origin: string): testing.ScriptedAuthenticator => new testing.ScriptedAuthenticator({ origin });
// @ts-expect-error The tenant's id is needed.
new authsignal.Authsignal({});
void file;

export const create = async (tenantId: string): Promise<Authsignal> => {
  const { Authsignal } = await import("authsignal-wasm");
  return new Authsignal({ tenantId });
};
