"use client";
import * as library from "authsignal-wasm";
import { useEffect, useMemo } from "react";

export default function Client() {
  // On the server as well, where client components are rendered first.
  const { binding } = useMemo(() => new library.Authsignal({ tenantId: "local" }), []);
  useEffect(() => {
    globalThis.library = library;
  }, []);
  return <p>The window: {binding.state}</p>;
}
