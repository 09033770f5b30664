/** What comes of the pre-built UI, loaded by the first `launch` that opens a window or a dialog. */
import { show } from "./popup.js";

/**
 * Follows the pre-built UI at that address until it is done: it says so, the user has closed it, or the app's signal or
 * time is over. `opened` is its window, undefined for a dialog. Only the window that was opened is heard, and only from the
 * origin that it was opened at.
 */
export const follow = (url, options, opened, notify, limit) => {
  const { onError, signal, popupOptions } = options;
  const { origin } = new URL(url, location.href);
  signal?.throwIfAborted();
  // As long as it hands nothing over, whoever closes it ends it; what the API refused before says why.
  let result = { token: undefined, errorCode: "window_closed" };
  const hear = (source, done, other, giveUp = done) => {
    const listen = (event) => {
      if (event.origin !== origin || event.source !== source()) return;
      let message = event.data;
      try {
        message = JSON.parse(message);
      } catch {
        // Heights come as plain objects.
      }
      const { event: what, errorCode, statusCode, token, height } = Object(message);
      if (what === "AUTHSIGNAL_API_ERROR") {
        result.errorCode &&= errorCode ?? result.errorCode;
        notify(onError, { errorCode, statusCode });
      } else if (what === "AUTHSIGNAL_CLOSE_POPUP") {
        // What is handed over stands, whatever ends while the dialog closes.
        release();
        result = { token };
        done();
      } else other?.(what, height);
    };
    addEventListener("message", listen);
    const release = limit(options, () => {
      // What is resolved with a thenable that rejects is rejected.
      result = signal?.aborted ? { then: (_, reject) => reject(signal.reason) } : { token: undefined, errorCode: "timeout" };
      giveUp();
    });
    // Ends that, and tells what `launch` came to.
    return () => {
      release();
      removeEventListener("message", listen);
      return result;
    };
  };
  if (!opened) return show(url, { ...popupOptions, __proto__: null }, hear);
  return new Promise((resolve) => {
    const end = () => {
      clearInterval(timer);
      resolve(stop());
    };
    const stop = hear(() => opened, end);
    // No event tells that the user has closed it.
    const timer = setInterval(() => opened.closed && end(), 500);
  });
};
