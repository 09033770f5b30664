import { Authsignal, type Binding } from "authsignal-wasm";
import { isOpen } from "example-shared/format.js";
import { useEffect, useReducer, useSyncExternalStore } from "react";

// One client for the page, outside of React: a component that mounts twice must not get a second one.
const listeners = new Set<() => void>();
let binding: Binding | undefined;

export const authsignal = new Authsignal({
  tenantId: "local",
  baseUrl: import.meta.env.VITE_AUTHSIGNAL_URL,
  onBindingChange(next) {
    binding = next;
    listeners.forEach((changed) => changed());
  },
  // The server's clock decides: what it calls expired is worth nothing, whatever the time is here.
  onTokenExpired: () => authsignal.clearToken(),
});

const subscribe = (changed: () => void) => {
  listeners.add(changed);
  return () => void listeners.delete(changed);
};

/** How many seconds the window is open still: 0 if it is closed. */
export function useSecondsLeft() {
  const now = useSyncExternalStore(subscribe, () => binding);
  const [, tick] = useReducer((count: number) => count + 1, 0);
  const open = now !== undefined && isOpen(now);
  useEffect(() => {
    if (!open) return;
    const timer = setInterval(tick, 1000);
    return () => clearInterval(timer);
  }, [open]);
  return open ? Math.ceil(authsignal.binding.remainingMs / 1000) : 0;
}
