// Two instances behind nginx, over TLS: what passes, what does not, and what happens when one instance ends.
//
// ADDRESS   where nginx listens: 127.0.0.1:8443
// CA        the file of its certificate
// INSTANCES the instances' own addresses, with commas
// FIRST     the process of the first of them
// SECRET, TENANT  as they were started with
import assert from "node:assert/strict";
import { createSign, generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { once } from "node:events";
import { after, test } from "node:test";

const { ADDRESS, CA, INSTANCES, FIRST, SECRET, TENANT } = process.env;
const NAME = "auth.example.com";
const [host, port] = ADDRESS.split(":");
const agent = new https.Agent({ ca: readFileSync(CA), servername: NAME, keepAlive: true });
const behindNginx = { request: https.request, options: { host, port, agent } };
const instances = INSTANCES.split(",").map((address) => {
  const [host, port] = address.split(":");
  return { request: http.request, options: { host, port } };
});
after(() => agent.destroy());

const basic = (user) => `Basic ${Buffer.from(user).toString("base64")}`;
const BACKEND = basic(`${SECRET}:`);
const CLIENT = basic(TENANT);

async function call(through, method, path, authorization = "", body = undefined) {
  const text = body === undefined ? "" : JSON.stringify(body);
  const headers = { host: NAME, authorization, "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  const request = through.request({ ...through.options, method, path, headers });
  request.end(text);
  const [response] = await once(request, "response");
  const answer = Buffer.concat(await response.toArray()).toString();
  const isJson = response.headers["content-type"]?.startsWith("application/json");
  return { status: response.statusCode, headers: response.headers, body: isJson ? JSON.parse(answer) : answer };
}

/** A WebSocket (RFC 6455), as far as short messages need it: Node 20 has none. */
async function socket(protocols) {
  const headers = {
    host: NAME,
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": randomBytes(16).toString("base64"),
    "sec-websocket-protocol": protocols,
  };
  const request = https.request({ ...behindNginx.options, agent: undefined, ca: readFileSync(CA), servername: NAME, path: "/ws-v1-challenge", headers });
  request.end();
  const [response, stream, head] = await Promise.race([
    once(request, "upgrade"),
    once(request, "response").then(([refused]) => assert.fail(`no upgrade: ${refused.statusCode}`)),
  ]);
  stream.unshift(head);
  let bytes = Buffer.alloc(0);
  const read = async (length) => {
    while (bytes.length < length) {
      const chunk = stream.read();
      if (chunk) bytes = Buffer.concat([bytes, chunk]);
      else await once(stream, "readable");
    }
    const taken = bytes.subarray(0, length);
    bytes = bytes.subarray(length);
    return taken;
  };
  return {
    protocol: response.headers["sec-websocket-protocol"],
    end: () => stream.destroy(),
    send(message) {
      const text = Buffer.from(JSON.stringify(message));
        const length = text.length < 126 ? Buffer.from([0x80 | text.length]) : Buffer.from([0x80 | 126, text.length >> 8, text.length & 255]);
      // A mask of zeros leaves the text as it is.
      stream.write(Buffer.concat([Buffer.from([0x81]), length, Buffer.alloc(4), text]));
    },
    /** The next message, or the code that the server closes with; pings are passed over. */
    async next() {
      for (;;) {
        const [first, short] = await read(2);
        const payload = await read(short === 126 ? (await read(2)).readUInt16BE() : short);
        if ((first & 15) === 1) return JSON.parse(payload.toString());
        if ((first & 15) === 8) return payload.readUInt16BE();
      }
    },
  };
}

const track = async (user) => {
  const { status, body } = await call(behindNginx, "POST", `/v1/users/${user}/actions/signIn`, BACKEND, {});
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};

test("the API answers under its public name, and the operator's pages do not", async () => {
  const { url, token } = await track("ada");
  assert.ok(url.startsWith(`https://${NAME}/ui/?token=`), url);
  assert.equal((await call(behindNginx, "GET", "/v1/client/user-authenticators", `Bearer ${token}`)).status, 200);
  assert.equal((await call(behindNginx, "GET", "/health")).status, 200);
  for (const path of ["/metrics", "/ready", "/local/outbox"]) {
    assert.equal((await call(behindNginx, "GET", path)).status, 404, path);
  }
  for (const instance of instances) {
    assert.equal((await call(instance, "GET", "/ready")).status, 200);
    assert.match((await call(instance, "GET", "/metrics")).body, /authsignal_local_http_requests_total/);
  }
});

test("the pre-built UI and all that it loads pass", async () => {
  const page = await call(behindNginx, "GET", new URL((await track("ada")).url).pathname);
  assert.equal(page.status, 200);
  assert.match(page.headers["content-security-policy"], /frame-ancestors https:\/\/app\.example\.com;/);
  for (const path of ["/ui/main.js", "/ui/ui.css", "/pkg/index.js"]) {
    assert.equal((await call(behindNginx, "GET", path)).status, 200, path);
  }
});

test("a body that is too large is answered by the server itself, in a way that pages can read", async () => {
  const { status, body } = await call(behindNginx, "POST", "/v1/validate", BACKEND, { token: "x".repeat(300_000) });
  assert.deepEqual([status, body.errorCode], [413, "invalid_request"]);
  const large = { userId: "ada", verificationMethod: "PASSKEY", name: "x".repeat(3_000_000) };
  const batch = await call(behindNginx, "POST", "/v1/users/authenticators", BACKEND, { authenticators: [large] });
  assert.deepEqual([batch.status, batch.body.failed], [200, 1], "a batch may be larger");
});

test("a screen hears of a phone through whichever instance, and is told when its own ends", async () => {
  const { privateKey, publicKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKey = key.export({ format: "der", type: "spki" }).toString("base64");
  const sign = (text) => createSign("SHA256").update(text).sign(privateKey, "base64");
  const path = "/v1/client/user-authenticators/qr-code";
  const { token } = await track(`grace-${randomBytes(4).toString("hex")}`);
  const added = await call(behindNginx, "POST", path, `Bearer ${token}`, { publicKey, deviceName: "phone", devicePlatform: "ios" });
  assert.equal(added.status, 200, JSON.stringify(added.body));

  // As many as it takes to have one at each instance.
  const screens = [];
  for (let at = 0; at < 4; at++) screens.push(await socket(`authsignal-ws, x.authsignal.tenant.${TENANT}`));
  for (const screen of screens) {
    assert.equal(screen.protocol, "authsignal-ws");
    screen.send({ type: "CREATE_CHALLENGE", data: { challengeType: "QR_CODE", actionCode: "kiosk" } });
    const { challengeId } = (await screen.next()).data;
    const said = { publicKey, challengeId, signature: sign(challengeId) };
    // Claimed through one instance and answered through the other: the screen is at one of them only.
    assert.equal((await call(instances[0], "POST", `${path}/challenge/claim`, CLIENT, said)).status, 200);
    assert.equal((await screen.next()).data.state, "claimed");
    assert.equal((await call(instances[1], "POST", `${path}/challenge`, CLIENT, { ...said, approved: true })).status, 200);
    const approved = (await screen.next()).data;
    assert.equal(approved.state, "approved");
    assert.ok(approved.accessToken);
  }

  const open = /websockets_open (\d+)/.exec((await call(instances[0], "GET", "/metrics")).body)[1];
  assert.ok(open > 0 && open < screens.length, `${open} of ${screens.length} sockets are at the first instance`);
  const farewells = screens.map((screen) => screen.next());
  process.kill(Number(FIRST), "SIGTERM");
  let told = 0;
  await new Promise((resolve) => {
    for (const farewell of farewells) farewell.then((code) => code === 1001 && ++told === Number(open) && resolve());
  });
  screens.forEach((screen) => screen.end());
  for (let at = 0; at < 20; at++) await track("ada");
});
