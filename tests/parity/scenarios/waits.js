/** What takes its time: magic links that are awaited, QR codes that are polled or told over a socket. */
const FINALIZE = "POST /client/verify/email-magic-link/finalize";
const CHALLENGE = "POST /client/challenge/qr-code";
const POLL = "POST /client/verify/qr-code";

const qrChallenge = (id = "q1") => ({ challengeId: id, deviceCode: `device of ${id}`, expiresAt: "2030-01-01T00:10:00.000Z" });
const state = (isClaimed, isConsumed, isVerified, accessToken) => ({ isClaimed, isConsumed, isVerified, accessToken });
const PENDING = state(false, false, false);
const CLAIMED = state(true, false, false);
const REJECTED = state(true, true, false);
const APPROVED = state(true, true, true, "T2");

const created = (id) => ({ type: "CHALLENGE_CREATED", data: { challengeId: id, challengeType: "QR_CODE", expiresAt: "2030-01-01T00:10:00.000Z", state: "unclaimed" } });
const changed = (id, state, accessToken) => ({ type: "STATE_CHANGE", data: { challengeId: id, state, accessToken } });

const callbacks = (t) => ({ onStateChange: t.callback("onStateChange"), onRefresh: t.callback("onRefresh") });

/** A QR session over a socket, up to its first challenge. */
export const openSocket = async (t, parameters, options) => {
  const client = t.client(options);
  await t.call("challenge", () => client.qrCode.challenge({ action: "kiosk", ...callbacks(t), ...parameters }));
  await t.sockets[0].accept();
  await t.sockets[0].say(created("q1"));
  return client;
};
/** A QR session by polling. */
export const openPolling = async (t, replies, parameters, options) => {
  const client = t.client(options);
  t.on(CHALLENGE, qrChallenge());
  t.on(POLL, ...replies);
  await t.call("challenge", () => client.qrCode.challenge({ action: "kiosk", polling: true, onStateChange: t.callback("onStateChange"), ...parameters }));
  return client;
};

export const waits = [
  {
    name: "emailML.checkVerificationStatus: verified at once",
    run: async (t) => {
      const client = t.client();
      t.on(FINALIZE, { isVerified: true, accessToken: "T2" });
      client.setToken("T1");
      await t.call("wait", () => client.emailML.checkVerificationStatus());
      await t.advance(1000);
      t.on("POST /client/challenge/sms", { challengeId: "later" });
      await t.call("next", () => client.sms.challenge());
    },
  },
  {
    name: "emailML.checkVerificationStatus: verified at the third request",
    run: async (t) => {
      const client = t.client();
      t.on(FINALIZE, { isVerified: false }, { isVerified: false }, { isVerified: true, accessToken: "T2" });
      client.setToken("T1");
      await t.call("wait", () => client.emailML.checkVerificationStatus());
      for (let second = 0; second < 4; second += 1) {
        await t.advance(1000);
        t.note("a second later");
      }
    },
  },
  { name: "emailML.checkVerificationStatus: no token", run: async (t) => t.call("wait", () => t.client().emailML.checkVerificationStatus()) },

  {
    name: "qrCode polling: pending, then approved",
    run: async (t) => {
      const client = await openPolling(t, [PENDING, APPROVED]);
      await t.advance(9000);
      t.on("POST /client/challenge/sms", { challengeId: "later" });
      await t.call("the token is not kept", () => client.sms.challenge());
    },
  },
  {
    name: "qrCode polling: claimed, then rejected",
    run: async (t) => {
      await openPolling(t, [CLAIMED, REJECTED]);
      await t.advance(9000);
    },
  },
  {
    name: "qrCode polling: pollInterval and custom",
    run: async (t) => {
      await openPolling(t, [PENDING], { pollInterval: 500, custom: { till: "4" } });
      await t.advance(1600);
    },
  },
  {
    name: "qrCode polling: the token that is set goes with the challenge",
    run: async (t) => {
      t.client().setToken("T1");
      await openPolling(t, [APPROVED]);
      await t.advance(3000);
    },
  },
  {
    name: "qrCode polling: the challenge is refused",
    run: async (t) => {
      const client = t.client();
      t.on(CHALLENGE, t.refusal("invalid_request", "No.", 400));
      await t.call("challenge", () => client.qrCode.challenge({ action: "kiosk", polling: true, ...callbacks(t) }));
      await t.advance(10_000);
    },
  },
  {
    name: "qrCode polling: disconnect ends it",
    run: async (t) => {
      const client = await openPolling(t, [PENDING]);
      await t.advance(3000);
      client.qrCode.disconnect();
      await t.advance(60_000);
    },
  },
  {
    name: "qrCode polling: refreshed by itself",
    run: async (t) => {
      await openPolling(t, [PENDING], { refreshInterval: 4000, onRefresh: t.callback("onRefresh") });
      await t.advance(4500);
    },
  },
  {
    name: "qrCode polling: refreshed by the app, with other data",
    run: async (t) => {
      const client = await openPolling(t, [PENDING], { custom: { till: "4" }, onRefresh: t.callback("onRefresh") });
      t.on(CHALLENGE, qrChallenge("q2"));
      await t.call("refresh", () => client.qrCode.refresh({ custom: { till: "5" } }));
      await t.advance(3000);
    },
  },
  {
    name: "qrCode polling: a second challenge replaces the first",
    run: async (t) => {
      const client = await openPolling(t, [PENDING]);
      t.on(CHALLENGE, qrChallenge("q2"));
      await t.call("second", () => client.qrCode.challenge({ action: "door", polling: true, onStateChange: t.callback("onStateChange of the second") }));
      await t.advance(3000);
    },
  },

  {
    name: "qrCode socket: created, claimed, approved",
    decision: "a session closes its socket when it ends",
    run: async (t) => {
      await openSocket(t);
      await t.sockets[0].say(changed("q1", "claimed"));
      await t.sockets[0].say(changed("q1", "approved", "T2"));
    },
  },
  {
    name: "qrCode socket: rejected",
    decision: "a session closes its socket when it ends",
    run: async (t) => {
      await openSocket(t);
      await t.sockets[0].say(changed("q1", "rejected"));
    },
  },
  { name: "qrCode socket: custom data", run: async (t) => void (await openSocket(t, { custom: { till: "4" } })) },
  {
    name: "qrCode socket: the token that is set is in the sub-protocol",
    run: async (t) => {
      t.client().setToken("T1");
      await openSocket(t);
    },
  },
  { name: "qrCode socket: the address of a region", run: async (t) => void (await openSocket(t, {}, { baseUrl: "https://au.api.authsignal.com/v1" })) },
  { name: "qrCode socket: the address of a local server", run: async (t) => void (await openSocket(t, {}, { baseUrl: "http://localhost:9000/v1" })) },
  {
    name: "qrCode socket: another challenge's state is not heard",
    run: async (t) => {
      await openSocket(t);
      await t.sockets[0].say(changed("q9", "approved", "T9"));
    },
  },
  {
    name: "qrCode socket: refreshed by itself",
    run: async (t) => {
      await openSocket(t, { refreshInterval: 5000 });
      await t.advance(5000);
      await t.sockets[0].say(created("q2"));
      await t.sockets[0].say(changed("q1", "approved", "T1"));
      await t.sockets[0].say(changed("q2", "claimed"));
    },
  },
  {
    name: "qrCode socket: refreshed by the app, with other data",
    run: async (t) => {
      const client = await openSocket(t);
      await t.call("refresh", () => client.qrCode.refresh({ custom: { till: "5" } }));
      await t.sockets[0].say(created("q2"));
    },
  },
  {
    name: "qrCode socket: disconnect closes it",
    run: async (t) => {
      const client = await openSocket(t);
      client.qrCode.disconnect();
      await t.advance(600_000);
    },
  },
  {
    name: "qrCode socket: a message that is no JSON",
    run: async (t) => {
      await openSocket(t);
      await t.sockets[0].say("not JSON");
      await t.sockets[0].say(changed("q1", "claimed"));
    },
  },
  {
    name: "qrCode socket: a message of an unknown type",
    run: async (t) => {
      await openSocket(t);
      await t.sockets[0].say({ type: "NEWS", data: {} });
    },
  },
  { name: "qrCode: refresh before challenge", run: async (t) => t.call("refresh", () => t.client().qrCode.refresh()) },
  { name: "qrCode: disconnect before challenge", run: async (t) => t.call("disconnect", () => t.client().qrCode.disconnect()) },
];

export { APPROVED, CLAIMED, PENDING, callbacks, changed, created, qrChallenge };
