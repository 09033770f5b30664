/**
 * The dialog around the pre-built UI, loaded by the first `launch(url, { mode: "popup" })`. The ids are public: apps
 * style them.
 */
const id = (name) => `__authsignal-popup-${name}`;

const element = (tag, attributes) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

const css = (width, height) => `
#${id("container")}, #${id("overlay")} { position: fixed; inset: 0; }
#${id("container")} { z-index: 2147483647; display: flex; }
#${id("container")}[aria-hidden='true'] { display: none; }
#${id("overlay")} { background-color: rgba(0, 0, 0, 0.18); opacity: 0; transition: opacity 150ms ease-out; }
#${id("content")} { margin: auto; position: relative; border-radius: 8px; overflow: hidden; width: ${width}; opacity: 0; transform: scale(0.95); transition: opacity 150ms ease-out, transform 150ms ease-out; }
.as-popup-visible #${id("overlay")}, .as-popup-visible #${id("content")} { opacity: 1; transform: none; }
.as-popup-closing #${id("overlay")}, .as-popup-closing #${id("content")} { transition-duration: 120ms; transition-timing-function: ease-in; }
#${id("iframe")} { width: 1px; min-width: 100%; border: 0; border-radius: inherit; max-height: ${height ? "100%" : "95vh"}; height: ${height ?? "384px"}; opacity: 0; transition: opacity 200ms ease-out; }
#${id("iframe")}.as-iframe-ready { opacity: 1; }
@media (prefers-reduced-motion: reduce) { #${id("overlay")}, #${id("content")}, #${id("iframe")} { transition: none !important; } }`;

/** Opens the dialog; the promise settles when it is closed, by the pre-built UI or by the user. */
export const show = (url, { width = "385px", height, isClosable = true }, follow) =>
  new Promise((resolve) => {
    if (!CSS.supports("width", width)) {
      console.warn("Invalid CSS value for `popupOptions.width`. Using default value instead.");
      width = "385px";
    }
    const container = element("div", {
      id: id("container"),
      role: isClosable ? "dialog" : "alertdialog",
      "aria-modal": "true",
      tabindex: "-1",
    });
    const overlay = element("div", { id: id("overlay") });
    const content = element("div", { id: id("content") });
    const style = new CSSStyleSheet();
    style.replaceSync(css(width, height));
    const iframe = element("iframe", {
      id: id("iframe"),
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
      clearTimeout(timer);
      iframe.classList.add("as-iframe-ready");
      container.classList.add("as-popup-visible");
    };
    const close = () => {
      container.classList.replace("as-popup-visible", "as-popup-closing");
      content.addEventListener("transitionend", remove);
      // In case that no transition runs.
      setTimeout(remove, 150);
    };
    const remove = () => {
      if (!container.isConnected) return;
      clearTimeout(timer);
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
      (message) => {
        if (message?.event === "AUTHSIGNAL_READY") reveal();
        const tall = Number(message?.height);
        if (!height && tall > 0) iframe.style.height = `${tall}px`;
      },
    );
    // A pre-built UI that never says that it is ready is shown all the same.
    const timer = setTimeout(reveal, 3000);
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
