import { Authsignal } from "authsignal-wasm";
import { isOpen } from "example-shared/format.js";
import { createSubscriber } from "svelte/reactivity";

let changed;

export const authsignal = new Authsignal({
  tenantId: "local",
  baseUrl: import.meta.env.VITE_AUTHSIGNAL_URL,
  onBindingChange: () => changed?.(),
  // The server's clock decides: what it calls expired is worth nothing, whatever the time is here.
  onTokenExpired: () => authsignal.clearToken(),
});

/** The binding window: whatever reads it in an effect follows it, each second while it is open. */
class BindingWindow {
  #subscribe = createSubscriber((update) => {
    changed = update;
    const timer = setInterval(update, 1000);
    return () => {
      changed = undefined;
      clearInterval(timer);
    };
  });

  /** How many seconds it is open still: 0 if it is closed. */
  get secondsLeft() {
    this.#subscribe();
    const { binding } = authsignal;
    return isOpen(binding) ? Math.ceil(binding.remainingMs / 1000) : 0;
  }
}

export const bindingWindow = new BindingWindow();
