import { once } from "node:events";
import { createServer } from "node:http";

/** A backend's address for webhooks: keeps what arrives, text and signature, and answers 200. */
export class Receiver {
  #server;
  #received = [];
  #waiting = [];

  static async start() {
    const receiver = new Receiver();
    receiver.#server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request.setEncoding("utf8")) body += chunk;
      receiver.#take({ body, signature: request.headers["x-signature-v2"] });
      response.end();
    });
    receiver.#server.listen(0, "127.0.0.1");
    await once(receiver.#server, "listening");
    receiver.url = `http://127.0.0.1:${receiver.#server.address().port}/events`;
    return receiver;
  }

  #take(event) {
    const { type } = JSON.parse(event.body);
    const at = this.#waiting.findIndex((waiting) => waiting.type === type);
    if (at >= 0) this.#waiting.splice(at, 1)[0].resolve(event);
    else this.#received.push({ type, ...event });
  }

  /** The next event of this type, `{body, signature}`, whether it has come or is to come. */
  next(type) {
    const at = this.#received.findIndex((event) => event.type === type);
    if (at >= 0) return Promise.resolve(this.#received.splice(at, 1)[0]);
    return new Promise((resolve) => this.#waiting.push({ type, resolve }));
  }

  async stop() {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}
