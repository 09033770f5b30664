/** `startLocalServer` of `authsignal-wasm/testing`, with the program that was really built. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { connectLocalServer, ScriptedAuthenticator, startLocalServer } from "authsignal-wasm/testing";

const { AUTHSIGNAL_LOCAL: program } = process.env;
const testing = import.meta.resolve("authsignal-wasm/testing");

/** What a script says that is run as a program of its own, with this environment and in this folder. */
const run = (script, { env = {}, cwd } = {}) => {
  const source = `import { startLocalServer } from ${JSON.stringify(testing)};\n${script}`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", source], {
    encoding: "utf8",
    cwd,
    env: { PATH: "", ...env },
    timeout: 20_000,
  });
  return { said: stdout.trim(), complained: stderr, status };
};

describe("finding the program", () => {
  const start = "const server = await startLocalServer(); console.log(server.baseUrl); await server.stop();";
  const isAddress = /^http:\/\/localhost:\d+\/v1$/;
  let empty;
  before(() => (empty = mkdtempSync(join(tmpdir(), "authsignal-kit-"))));
  after(() => rmSync(empty, { recursive: true }));

  test("the environment names it", () => {
    assert.match(run(start, { env: { AUTHSIGNAL_LOCAL: program }, cwd: empty }).said, isAddress);
  });

  test("it is on PATH", () => {
    assert.match(run(start, { env: { PATH: [empty, dirname(program)].join(delimiter) }, cwd: empty }).said, isAddress);
  });

  test("cargo has built it in a folder around the working one", () => {
    const [target, deep] = [join(empty, "target/debug"), join(empty, "frontend/tests")];
    mkdirSync(target, { recursive: true });
    mkdirSync(deep, { recursive: true });
    copyFileSync(program, join(target, "authsignal-local"));
    assert.match(run(start, { cwd: deep }).said, isAddress);
    rmSync(join(empty, "target"), { recursive: true });
  });

  test("it is nowhere: the error names every way to give it", () => {
    const { status, complained } = run(start, { cwd: empty });
    assert.equal(status, 1);
    assert.match(complained, /authsignal-local was not found.*cargo build -p authsignal-local.*PATH.*AUTHSIGNAL_LOCAL.*program/);
    assert.match(complained, /code: 'local_server_not_found'/);
  });

  test("a name that is wrong is told as what it is", async () => {
    const wrong = startLocalServer({ program: "/nowhere/authsignal-local" });
    await assert.rejects(wrong, { code: "local_server_not_found", message: /The option `program` names \/nowhere/ });
    const { complained } = run(start, { env: { AUTHSIGNAL_LOCAL: "/nowhere/else" }, cwd: empty });
    assert.match(complained, /AUTHSIGNAL_LOCAL names \/nowhere\/else/);
  });

  test("what ends before it listens is quoted", async () => {
    const failing = startLocalServer({ program, database: "nonsense:" });
    await assert.rejects(failing, { code: "local_server_failed", message: /ended with status 1.*\n.*the database/ });
    await assert.rejects(startLocalServer({ program: fileURLToPath(import.meta.url) }), { code: "local_server_failed" });
  });

  test("an address that is printed in two pieces is read as a whole", async () => {
    const halting = join(empty, "halting");
    const script = `#!${process.execPath}
      process.stdout.write("listening on http://localhost:10", () => setTimeout(() => console.log("80"), 200));
      process.stdin.resume();`;
    writeFileSync(halting, script, { mode: 0o755 });
    const { said } = run(`console.log((await startLocalServer({ program: ${JSON.stringify(halting)} })).origin);`);
    assert.equal(said, "http://localhost:1080");
  });

  test("a runner that is killed leaves no server behind", async () => {
    const source = `import { startLocalServer } from ${JSON.stringify(testing)};
      console.log((await startLocalServer()).origin);
      setInterval(() => {}, 1000);`;
    const runner = spawn(process.execPath, ["--input-type=module", "-e", source], { stdio: ["ignore", "pipe", "inherit"] });
    const [origin] = await once(createInterface(runner.stdout), "line");
    const connection = connect(new URL(origin).port, "localhost").on("error", () => {});
    await once(connection, "connect");
    runner.kill("SIGKILL");
    // The server gives up who is connected, as it ends.
    await once(connection.resume(), "close", { signal: AbortSignal.timeout(20_000) });
    await assert.rejects(fetch(origin), TypeError);
  });

  test("a test that forgets to stop it neither hangs nor leaves it behind", async () => {
    const forgetful = "console.log((await startLocalServer()).origin);";
    const { said, status } = run(forgetful, { env: { AUTHSIGNAL_LOCAL: program }, cwd: empty });
    assert.equal(status, 0);
    await assert.rejects(fetch(`${said}/local/clock`), TypeError);
  });
});

describe("a running server", () => {
  let server;
  before(async () => (server = await startLocalServer({ program })));
  after(() => server.stop());

  test("the outbox has what was sent, and a code is found by its address", async () => {
    await server.seed({ userId: "anna", authenticators: [{ verificationMethod: "EMAIL_OTP", email: "anna@example.test" }] });
    const { token } = await server.track("anna", "pay");
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    await fetch(`${server.baseUrl}/client/challenge/email-otp`, { method: "POST", headers });
    const [message] = await server.outbox();
    assert.equal(message.to, "anna@example.test");
    assert.equal(await server.codeSentTo("anna@example.test"), message.code);
    await assert.rejects(server.codeSentTo("otto@example.test"), {
      message: "No code was sent to otto@example.test. Messages went to: anna@example.test",
    });
  });

  test("the clock moves by seconds, and a token that has ended is no longer valid", async () => {
    const { token, authenticator } = await server.signedInUser();
    assert.equal(authenticator.passkeys.length, 1);
    assert.equal((await server.validate(token)).isValid, true);
    const before = await server.clock.now();
    await server.clock.advance(601);
    assert.ok((await server.clock.now()) - before >= 601_000);
    assert.equal((await server.validate(token)).isValid, false);
  });

  test("a snapshot brings back what reset has deleted", async () => {
    const { userId } = await server.signedInUser();
    await server.snapshot("one user");
    await server.reset();
    assert.deepEqual(await server.authenticators(userId), []);
    await server.restore("one user");
    assert.equal((await server.authenticators(userId))[0].verificationMethod, "PASSKEY");
    await assert.rejects(server.restore("none"), /POST \/local\/restore answered 404/);
  });

  test("faults happen as wished, and requests are listed", async () => {
    await server.faults({ path: "/client/challenge", outcome: { json: 429 } });
    const response = await fetch(`${server.baseUrl}/client/challenge`, { method: "POST" });
    assert.equal(response.status, 429);
    const { path, status } = (await server.requests()).at(-1);
    assert.deepEqual({ path, status }, { path: "/v1/client/challenge", status: 429 });
  });

  test("a server that runs already is used, and left running", async () => {
    const other = connectLocalServer(`${server.origin}/`);
    assert.equal(other.baseUrl, server.baseUrl);
    await other.stop();
    await server.clock.now();
  });

  test("stopping twice is stopping once", async () => {
    const other = await startLocalServer({ program });
    await Promise.all([other.stop(), other.stop()]);
    await other.stop();
    await assert.rejects(fetch(other.origin), TypeError);
  });

  test("what signs up can sign in", async () => {
    const authenticator = new ScriptedAuthenticator({ origin: server.origin });
    const user = await server.signedInUser({ userId: "u-7", username: "Seven", authenticator });
    assert.equal(user.authenticator, authenticator);
    assert.equal(authenticator.passkeys[0].userName, "Seven");
    assert.equal(authenticator.passkeys[0].credentialId, user.credentialId);
  });

  test("a user of an app at another origin has their passkey from there", async () => {
    const { authenticator, token } = await server.signedInUser({ origin: "http://localhost:5173" });
    assert.equal(authenticator.origin, "http://localhost:5173");
    assert.equal((await server.validate(token)).isValid, true);
  });
});

test("a runner that turns import into require gets the same", async () => {
  const required = createRequire(import.meta.url)("authsignal-wasm/testing");
  assert.deepEqual(Object.keys(required).sort(), Object.keys(await import("authsignal-wasm/testing")).sort());
  const server = await required.startLocalServer({ program });
  await server.stop();
});
