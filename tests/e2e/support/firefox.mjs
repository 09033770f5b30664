import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const PREFERENCES = {
  // A software authenticator that WebDriver can program, and no search for real ones.
  "security.webauth.webauthn_enable_softtoken": true,
  "security.webauth.webauthn_enable_usbtoken": false,
};

/**
 * Firefox with a virtual authenticator, through geckodriver: Playwright cannot add one to an unpatched Firefox. Only the
 * few commands of W3C WebDriver that the tests need.
 */
export class Firefox {
  #driver;
  #session;

  static async start() {
    const { GECKODRIVER, FIREFOX } = process.env;
    if (!GECKODRIVER) throw new Error("geckodriver is missing: set GECKODRIVER to its path.");
    const firefox = new Firefox();
    firefox.#driver = spawn(GECKODRIVER, ["--port", "0"], { stdio: ["ignore", "pipe", "ignore"] });
    const base = await listening(firefox.#driver);
    const { sessionId } = await send(`${base}/session`, "POST", {
      capabilities: {
        alwaysMatch: {
          "moz:firefoxOptions": { binary: FIREFOX, args: ["-headless"], prefs: PREFERENCES },
        },
      },
    });
    firefox.#session = `${base}/session/${sessionId}`;
    await firefox.#post("timeouts", { implicit: 0, script: 10_000, pageLoad: 30_000 });
    await firefox.#post("webauthn/authenticator", {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserConsenting: true,
      isUserVerified: true,
    });
    return firefox;
  }

  async stop() {
    await send(this.#session, "DELETE");
    this.#driver.kill();
  }

  async goto(url) {
    await this.#post("url", { url });
  }

  /** Runs the body of a function in the page, and answers what it returns. */
  async evaluate(body, ...args) {
    return this.#post("execute/sync", { script: body, args });
  }

  /** Clicks the visible button of this text, as a person would. */
  async press(label) {
    await this.#post(`element/${await this.#find(`//button[normalize-space()="${label}"]`)}/click`, {});
  }

  /** Types into the field of this id. */
  async fill(id, value) {
    const field = await this.#find(`//input[@id="${id}"]`);
    await this.#post(`element/${field}/clear`, {});
    await this.#post(`element/${field}/value`, { text: value });
  }

  /** The text of the first element that this CSS selector finds, as it is seen. */
  async text(selector) {
    return this.evaluate("return document.querySelector(arguments[0])?.innerText ?? ''", selector);
  }

  /** Goes into the frame of this id, or back to the page; what is called next is about it. */
  async enterFrame(id) {
    const frame = id && { [ELEMENT]: await this.#find(`//iframe[@id="${id}"]`) };
    await this.#post("frame", { id: frame ?? null });
  }

  async #find(xpath) {
    const deadline = Date.now() + 5_000;
    for (;;) {
      const found = await this.#post("elements", { using: "xpath", value: xpath });
      for (const { [ELEMENT]: id } of found) {
        if (await send(`${this.#session}/element/${id}/displayed`, "GET")) return id;
      }
      if (Date.now() > deadline) throw new Error(`Nothing visible is found by ${xpath}.`);
    }
  }

  #post(path, body) {
    return send(`${this.#session}/${path}`, "POST", body);
  }
}

/** The address that geckodriver says it listens on. */
async function listening(driver) {
  for await (const line of createInterface({ input: driver.stdout })) {
    const [, address] = /Listening on (\S+)/.exec(line) ?? [];
    if (address) return `http://${address}`;
  }
  throw new Error("geckodriver ended before it listened.");
}

async function send(url, method, body) {
  const response = await fetch(url, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${url}: ${value.error}: ${value.message}`);
  return value;
}
