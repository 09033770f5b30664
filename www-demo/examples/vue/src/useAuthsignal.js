import { Authsignal } from "authsignal-wasm";
import { isOpen } from "example-shared/format.js";
import { computed, onScopeDispose, readonly, ref, shallowRef, watchEffect } from "vue";

// One client for the page; its window is state that every component may watch.
const binding = shallowRef();

const authsignal = new Authsignal({
  tenantId: "local",
  baseUrl: import.meta.env.VITE_AUTHSIGNAL_URL,
  onBindingChange: (next) => (binding.value = next),
  // The server's clock decides: what it calls expired is worth nothing, whatever the time is here.
  onTokenExpired: () => authsignal.clearToken(),
});

/** The client, and how many seconds its window is open still: 0 if it is closed. */
export function useAuthsignal() {
  const open = computed(() => binding.value !== undefined && isOpen(binding.value));
  const secondsLeft = ref(0);
  let timer;
  const look = () => (secondsLeft.value = open.value ? Math.ceil(authsignal.binding.remainingMs / 1000) : 0);
  watchEffect(() => {
    clearInterval(timer);
    // Read, so that a new token is looked at, too.
    if (binding.value && open.value) timer = setInterval(look, 1000);
    look();
  });
  onScopeDispose(() => clearInterval(timer));
  return { authsignal, secondsLeft: readonly(secondsLeft) };
}
