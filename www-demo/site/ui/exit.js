import { isRegistered } from "./configuration.js";

/** The ways out of this page: back by redirect, or messages to the page that opened it. */
export class Exit {
  #opener;
  #origin;
  #redirectUrl;

  /** `isPopup`: opened by `launch` in its popup or window mode. */
  constructor(isPopup) {
    if (!isPopup) return;
    this.#opener = window.parent === window ? window.opener : window.parent;
    this.#origin = this.#opener ? openerOrigin(this.#opener) : undefined;
  }

  get isPopup() {
    return Boolean(this.#opener);
  }

  /** The address that `track` was given. The server has checked its origin; a second look costs nothing. */
  set redirectUrl(url) {
    const { protocol, origin } = new URL(url);
    if ((protocol === "https:" || protocol === "http:") && isRegistered(origin)) this.#redirectUrl = url;
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

  /** Hands `token` back and leaves; false if there is nobody to hand it to. */
  leave(token) {
    if (this.#opener) return this.#post(JSON.stringify({ event: "AUTHSIGNAL_CLOSE_POPUP", token }));
    if (!this.#redirectUrl) return false;
    const target = new URL(this.#redirectUrl);
    target.searchParams.set("token", token);
    location.replace(target);
    return true;
  }

  /** Never to `*`: whoever has put this page into a frame or has opened it must be registered to hear of it. */
  #post(message) {
    if (!this.#origin) return false;
    this.#opener.postMessage(message, this.#origin);
    return true;
  }
}

/** The origin of the page that opened this one, if it is registered. */
function openerOrigin(opener) {
  const origin = location.ancestorOrigins?.[0] ?? sameOrigin(opener) ?? referrerOrigin();
  return origin && origin !== "null" && isRegistered(origin) ? origin : undefined;
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
