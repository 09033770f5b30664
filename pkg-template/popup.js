/**
 * The dialog around the pre-built UI, loaded by the first `launch(url, { mode: "popup" })`. The ids are public: apps
 * style them.
 */
const element = (tag, attributes) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

/** Without spaces: nothing takes them out of a text. */
const css = (width, height) => `
#__authsignal-popup-container{position:fixed;inset:0;z-index:2147483647;display:flex}
#__authsignal-popup-overlay{position:fixed;inset:0;background:#0000002e;opacity:0;transition:150ms ease-out}
#__authsignal-popup-content{margin:auto;position:relative;border-radius:8px;overflow:hidden;width:${width};opacity:0;transform:scale(.95);transition:150ms ease-out}
.as-popup-visible>*{opacity:1!important;transform:none!important}
.as-popup-closing>*{transition:120ms ease-in!important}
#__authsignal-popup-iframe{width:1px;min-width:100%;border:0;border-radius:inherit;max-height:${height ? "100%" : "95vh"};height:${height ?? "384px"};opacity:0;transition:opacity 200ms ease-out}
#__authsignal-popup-iframe.as-iframe-ready{opacity:1}
@media (prefers-reduced-motion:reduce){#__authsignal-popup-container *{transition:none!important}}`;

/** Opens the dialog; the promise settles when it is closed, by the pre-built UI or by the user. */
export const show = (url, { width = "385px", height, isClosable = true }, follow) =>
  new Promise((resolve) => {
    if (!CSS.supports("width", width)) {
      console.warn("Invalid CSS value for `popupOptions.width`. Using default value instead.");
      width = "385px";
    }
    const container = element("div", {
      id: "__authsignal-popup-container",
      role: isClosable ? "dialog" : "alertdialog",
      "aria-modal": "true",
      tabindex: "-1",
    });
    const overlay = element("div", { id: "__authsignal-popup-overlay" });
    const content = element("div", { id: "__authsignal-popup-content" });
    const style = new CSSStyleSheet();
    style.replaceSync(css(width, height));
    const iframe = element("iframe", {
      id: "__authsignal-popup-iframe",
      // Its page cannot know otherwise whether it may end by Escape.
      name: isClosable ? "authsignal" : "authsignal-alert",
      title: "Authsignal multi-factor authentication",
      src: url,
      allow: "publickey-credentials-get *; publickey-credentials-create *; clipboard-write",
    });
    // It grows with its content: a scrollbar would only flash.
    if (!height) iframe.style.overflow = "hidden";
    content.append(iframe);
    container.append(overlay, content);

    const focused = document.activeElement;
    const { overflow } = document.body.style;
    const reveal = () => {
      iframe.classList.add("as-iframe-ready");
      container.classList.add("as-popup-visible");
    };
    const close = () => {
      container.classList.replace("as-popup-visible", "as-popup-closing");
      setTimeout(remove, 150);
    };
    const remove = () => {
      if (!timer) return;
      timer = clearInterval(timer);
      document.removeEventListener("keydown", onKey, true);
      document.removeEventListener("focusin", onFocus);
      container.remove();
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== style);
      document.body.style.overflow = overflow;
      focused?.focus?.();
      resolve(stop());
    };
    const onKey = (event) => {
      if (event.key === "Escape" && isClosable) remove();
    };
    const onFocus = (event) => {
      if (!container.contains(event.target)) container.focus();
    };
    const stop = follow(
      () => iframe.contentWindow,
      close,
      (what, tall) => {
        if (what === "AUTHSIGNAL_READY") reveal();
        if (!height && tall > 0) iframe.style.height = `${Number(tall)}px`;
      },
      // At once: who gives it up may open the next one.
      remove,
    );
    let ticks = 0;
    // Nothing tells that the app, going to another view, has taken it out of the page; and a pre-built UI that in three
    // seconds has not said that it is ready is shown all the same.
    let timer = setInterval(() => (container.isConnected ? ++ticks === 6 && reveal() : remove()), 500);
    if (height) iframe.addEventListener("load", reveal);
    if (isClosable) overlay.addEventListener("click", remove);
    document.addEventListener("keydown", onKey, true);
    document.addEventListener("focusin", onFocus);
    // Not as an element: a Content-Security-Policy without 'unsafe-inline' would block it, and report it.
    document.adoptedStyleSheets.push(style);
    document.body.append(container);
    document.body.style.overflow = "hidden";
    // Safari and Firefox refuse a ceremony in a document without focus.
    container.focus();
  });
