/** The pre-built UI: redirect, popup, window. */
const URL_OF_UI = "https://ui.test/challenge?token=abc";

/** A message of the pre-built UI's, from the window that was opened. */
export const says = async (t, data, { origin = "https://ui.test", source = document.querySelector("iframe[name=authsignal]")?.contentWindow } = {}) => {
  const event = new MessageEvent("message", { data, origin });
  Object.defineProperty(event, "source", { value: source });
  window.dispatchEvent(event);
  await t.settle();
};
export const event = (name, rest) => JSON.stringify({ event: `AUTHSIGNAL_${name}`, ...rest });
const frames = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(resolve))));

/** The dialog as it is seen: what apps style and people hear, not how the styles got there. */
const look = async (t) => {
  await frames();
  const element = (name) => document.getElementById(`__authsignal-popup-${name}`);
  const container = element("container");
  if (!container) return t.note("dialog", "none", "scrolls", document.body.style.overflow !== "hidden");
  const iframe = element("iframe");
  t.note("dialog", {
    role: container.getAttribute("role"),
    modal: container.getAttribute("aria-modal"),
    hidden: container.getAttribute("aria-hidden") === "true",
    classes: container.className,
    focused: container.contains(document.activeElement),
    width: getComputedStyle(element("content")).width,
    radius: getComputedStyle(element("content")).borderRadius,
    overlay: getComputedStyle(element("overlay")).backgroundColor,
    ready: iframe.className,
    iframe: ["name", "title", "src", "allow", "style"].map((name) => iframe.getAttribute(name)),
    height: getComputedStyle(iframe).height,
    maxHeight: getComputedStyle(iframe).maxHeight,
    body: document.body.style.overflow,
  });
};

const openPopup = async (t, options) => {
  t.begin("launch", () => t.client().launch(URL_OF_UI, { mode: "popup", ...options }));
  await t.settle();
  await frames();
};
const popup = (name, options, then, rest) => ({
  name: `launch popup: ${name}`,
  run: async (t) => {
    await openPopup(t, typeof options === "function" ? options(t) : options);
    await then(t);
  },
  ...rest,
});
const CLOSED = { decision: "TokenPayload.errorCode says that the user closed it" };

export const launch = [
  { name: "launch redirect: by default", run: async (t) => t.call("launch", () => t.client().launch(URL_OF_UI)) },
  { name: "launch redirect: by name", run: async (t) => t.call("launch", () => t.client().launch(URL_OF_UI, { mode: "redirect" })) },
  popup("the dialog", {}, look),
  popup("revealed when ready", {}, async (t) => {
    await says(t, event("READY"));
    await look(t);
  }),
  popup("revealed after three seconds", {}, async (t) => {
    await t.advance(2999);
    await look(t);
    await t.advance(1);
    await look(t);
  }),
  popup("width and height", { popupOptions: { width: "500px", height: "300px" } }, async (t) => {
    document.querySelector("iframe[name=authsignal]").dispatchEvent(new Event("load"));
    await t.advance(50);
    await look(t);
  }),
  popup("a width that is no CSS", { popupOptions: { width: "wide" } }, look),
  popup("not closable", { popupOptions: { isClosable: false } }, async (t) => {
    await look(t);
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    document.getElementById("__authsignal-popup-overlay").click();
    await t.settle();
    await look(t);
  }, { decision: "the frame's name tells the pre-built UI that Escape must not end it" }),
  popup("grows with its content", {}, async (t) => {
    await says(t, { height: 432 });
    await look(t);
  }),
  popup("errors are passed on", (t) => ({ onError: t.callback("onError") }), async (t) => {
    await says(t, event("API_ERROR", { errorCode: "too_many_requests", statusCode: 429 }));
    await look(t);
  }),
  popup("closed after an error", {}, async (t) => {
    await says(t, event("API_ERROR", { errorCode: "expired_token", statusCode: 401 }));
    document.getElementById("__authsignal-popup-overlay").click();
    await t.settle();
  }, { decision: "TokenPayload.errorCode is the API's if it had refused something before" }),
  popup("done after an error", {}, async (t) => {
    await says(t, event("API_ERROR", { errorCode: "too_many_requests", statusCode: 429 }));
    await says(t, event("CLOSE_POPUP", { token: "T2" }));
    await t.advance(150);
  }),
  popup("done", {}, async (t) => {
    await says(t, event("READY"));
    await look(t);
    await says(t, event("CLOSE_POPUP", { token: "T2" }));
    await t.advance(150);
    await look(t);
  }),
  popup("another origin is not heard", {}, async (t) => {
    await says(t, event("CLOSE_POPUP", { token: "forged" }), { origin: "https://evil.test" });
    await t.advance(1000);
  }),
  popup("closed by Escape", {}, async (t) => {
    document.getElementById("__authsignal-popup-container").dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    await t.settle();
    await look(t);
  }, CLOSED),
  popup("closed by a click beside it", {}, async (t) => {
    document.getElementById("__authsignal-popup-overlay").click();
    await t.settle();
    await look(t);
  }, CLOSED),
  popup("a second one", {}, async (t) => {
    await t.call("second", () => t.client().launch(URL_OF_UI, { mode: "popup" }));
  }),
  {
    name: "launch window: opened in the middle, done",
    run: async (t) => {
      t.begin("launch", () => t.client().launch(URL_OF_UI, { mode: "window", onError: t.callback("onError") }));
      await t.settle();
      await says(t, event("API_ERROR", { errorCode: "code", statusCode: 400 }), { source: t.windows[0] });
      await says(t, "no JSON", { source: t.windows[0] });
      await says(t, event("CLOSE_POPUP", { token: "T2" }), { source: t.windows[0] });
    },
  },
  {
    name: "launch window: width and height",
    run: async (t) => {
      t.begin("launch", () => t.client().launch(URL_OF_UI, { mode: "window", windowOptions: { width: 600, height: 700 } }));
      await t.settle();
    },
  },
  {
    name: "launch window: blocked",
    decision: "the error has the code popup_blocked",
    run: async (t) => {
      t.popups.blocked = true;
      await t.call("launch", () => t.client().launch(URL_OF_UI, { mode: "window" }));
    },
  },
];
