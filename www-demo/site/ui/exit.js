import { configuration, isRegistered } from "./configuration.js";

/** The ways out of this page: back by redirect, or messages to the page that opened it. */
export class Exit {
  #opener;
  /** Whom to tell: the opener's origin; every one that may be it, if the browser does not say. */
  #origins = [];
  #isKnown = false;
  #redirectUrl;

  /** `isPopup`: opened by `launch` in its popup or window mode. */
  constructor(isPopup) {
    if (!isPopup) return;
    this.#opener = window.parent === window ? window.opener : window.parent;
    if (!this.#opener) return;
    const origin = openerOrigin(this.#opener);
    this.#isKnown = Boolean(origin);
    this.#origins = (origin ? [origin] : configuration.origins).filter(isRegistered);
  }

  get isPopup() {
    return Boolean(this.#opener);
  }

  /**
   * Whether Escape ends the popup: `launch` hears the key only while the focus is outside of the frame. Ours gives the
   * frame another name where it may not; the vendor's cannot say so.
   */
  get mayEscape() {
    return this.isPopup && window.parent !== window && window.name === "authsignal";
  }

  /** The address that `track` was given. The server has checked its origin; a second look costs nothing. */
  set redirectUrl(url) {
    const { protocol, origin } = new URL(url);
    if ((protocol !== "https:" && protocol !== "http:") || !isRegistered(origin)) return;
    this.#redirectUrl = url;
    // An app whose own policy is to send no referrer: it has said where it is when it tracked.
    if (this.#opener && !this.#isKnown) this.#origins = [...new Set([...configuration.origins, origin])];
  }

  /** The first screen stands. */
  ready() {
    this.#post(JSON.stringify({ event: "AUTHSIGNAL_READY" }));
  }

  /** The page is so high now, in CSS pixels. */
  resized(height) {
    if (window.parent !== window) this.#post({ height });
  }

  /** The API said no. */
  failed(errorCode, statusCode) {
    this.#post(JSON.stringify({ event: "AUTHSIGNAL_API_ERROR", errorCode, statusCode }));
  }

  /** Hands `token` back and leaves; false if there is nobody to hand it to, or perhaps nobody. */
  leave(token) {
    if (this.#opener) {
      this.#post(JSON.stringify({ event: "AUTHSIGNAL_CLOSE_POPUP", token }));
      return this.#isKnown && this.#origins.length > 0;
    }
    if (!this.#redirectUrl) return false;
    const target = new URL(this.#redirectUrl);
    target.searchParams.set("token", token);
    location.replace(target);
    return true;
  }

  /**
   * Never to `*`: whoever has put this page into a frame or has opened it must be registered to hear of it. The browser
   * hands a message over only if the opener really is of the origin that it is for.
   */
  #post(message) {
    for (const origin of this.#origins) this.#opener.postMessage(message, origin);
  }
}

/** The origin of the page that opened this one, as far as the browser tells. */
function openerOrigin(opener) {
  return location.ancestorOrigins?.[0] ?? sameOrigin(opener) ?? referrerOrigin();
}

function sameOrigin(opener) {
  try {
    return opener.location.origin;
  } catch {
    return undefined;
  }
}

function referrerOrigin() {
  return document.referrer ? new URL(document.referrer).origin : undefined;
}
