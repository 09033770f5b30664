import { Authsignal, load } from "authsignal-wasm";
import Client from "./client";

/** A server component, made at each request: the core runs here, too. */
export const dynamic = "force-dynamic";

export default async function Page() {
  const { binding } = new Authsignal({ tenantId: "local" });
  await load();
  return (
    <>
      <p>On the server: {binding.state}</p>
      <Client />
    </>
  );
}
