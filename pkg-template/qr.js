/**
 * QR code sessions, loaded by the first `qrCode.challenge()`: a WebSocket that tells of each change, or polling. A
 * session ends by itself when the challenge is approved, rejected or over, and whenever `end()` says so: from then on it
 * calls nobody.
 */
const QR_CODE_CHALLENGE = 27;
const QR_CODE_VERIFY = 28;

/** How long the server may take to answer on the socket. */
const SILENCE_MS = 15_000;
const LONGEST_BACKOFF_MS = 30_000;

/** Codes of what may go better the next time. What the API refuses, it would refuse for ever. */
const PASSING = /network|timeout|response|many/;
const LOST = { errorCode: "network_error" };

export const openSession = (context, call, notify, answer, parameters) => {
  const { action, polling, pollInterval = 3000, refreshInterval = 540_000, onRefresh, onStateChange, onError, signal } = parameters;
  let { custom } = parameters;
  /** What the session has under way; each challenge of it replaces the last. */
  let generation = 0;
  let timers = [];
  let socket;
  let last;

  // What is longer than a timer can be, such as an Infinity that means never, would be over at once.
  const later = (run, milliseconds) => timers.push(setTimeout(run, Math.min(milliseconds, 2 ** 31 - 1)));
  const reset = () => {
    timers.forEach(clearTimeout);
    timers = [];
    last = undefined;
    return ++generation;
  };
  const end = () => {
    reset();
    // Its `close` event comes when it is no longer the session's.
    socket?.close();
    socket = undefined;
  };
  /** Tells of a state once, and ends with the last one. */
  const report = (state, token) => {
    if (state === last) return;
    last = state;
    if (state === "approved" || state === "rejected") end();
    notify(onStateChange, state, token);
  };
  /** Ends for a reason that no promise tells any more. */
  const fail = (error) => {
    end();
    notify(onError, error);
  };
  const expireLater = (expiresAt) => {
    const left = Date.parse(expiresAt) - Date.now();
    const expire = () => fail(answer(context, "challenge_expired", "The QR code is over: begin another."));
    // A clock that is wrong, or no date: what codes live by default. The last poll comes first.
    later(expire, (left > 0 ? left : 600_000) + pollInterval);
  };
  const refreshLater = () => later(() => renewQuietly(1000), refreshInterval);
  /** A new challenge in the place of the last, tried until there is one. */
  const renew = async (backoff, given) => {
    const created = create(given);
    const mine = generation;
    let result = LOST;
    try {
      result = await created;
    } finally {
      const { data, errorCode } = result;
      if (mine !== generation);
      else if (data) notify(onRefresh, data.challengeId, data.expiresAt);
      else if (PASSING.test(errorCode)) retry(backoff);
      else fail(result);
    }
  };
  const renewQuietly = (backoff) => renew(backoff).catch(() => {});
  const retry = (backoff) =>
    later(() => renewQuietly(Math.min(2 * backoff, LONGEST_BACKOFF_MS)), backoff * (0.5 + Math.random() / 2));

  const poll = async ({ signal, timeout } = parameters) => {
    const mine = reset();
    const result = await call(QR_CODE_CHALLENGE, context, { action, custom, signal, timeout });
    if (mine !== generation || !result.data) return result;
    const { challengeId, deviceCode, expiresAt } = result.data;
    const ask = async () => {
      const result = await call(QR_CODE_VERIFY, context, { challengeId, deviceCode }).catch(() => LOST);
      if (mine !== generation) return;
      const { data, errorCode } = result;
      if (data?.isVerified) report("approved", data.token);
      else if (data?.isClaimed) report(data.isConsumed ? "rejected" : "claimed");
      if (mine !== generation) return;
      if (data || PASSING.test(errorCode)) later(ask, pollInterval);
      else fail(result);
    };
    if (deviceCode) later(ask, pollInterval);
    if (onRefresh) refreshLater();
    expireLater(expiresAt);
    return result;
  };

  /** The socket's address: beside the API's, on the host that the vendor has for it. */
  const address = () =>
    context.baseUrl
      .replace("http", "ws")
      .replace(/^([^/]*\/\/([^/]*\.)?)api\./, "$1api-ws.")
      .replace(/v1$/, "ws-v1-challenge");

  const connect = () => {
    const { token } = context.cell;
    const subject = token ? `token.${token}` : `tenant.${context.tenantId}`;
    const opened = new WebSocket(address(), ["authsignal-ws", `x.authsignal.${subject}`]);
    opened.onclose = () => {
      if (socket !== opened) return;
      socket = undefined;
      // Lost in the middle of a challenge: its states can't be heard any more, so a new one takes its place.
      if (last !== undefined) retry(1000);
    };
    return opened;
  };

  const listen = ({ signal, timeout } = parameters) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const mine = reset();
      if (timeout > 0) later(() => resolve(answer(context, "timeout", `No answer within ${timeout} ms`)), timeout);
      else later(() => socket?.close(), SILENCE_MS);
      signal?.addEventListener("abort", () => reject(signal.reason));
      socket ??= connect();
      const ask = () =>
        socket.send(JSON.stringify({ type: "CREATE_CHALLENGE", data: { challengeType: "QR_CODE", actionCode: action, custom } }));
      if (socket.readyState === 1) ask();
      else socket.addEventListener("open", ask);
      socket.addEventListener("close", ({ code, reason }) =>
        reject(Object.assign(new Error(`WebSocket closed with ${code} ${reason}`), { code: "socket_lost" })),
      );
      let challengeId;
      socket.onmessage = (event) => {
        if (mine !== generation) return;
        let message;
        try {
          message = JSON.parse(event.data);
        } catch (cause) {
          return console.error("Failed to parse WebSocket message:", cause);
        }
        const { type, data } = Object(message);
        const id = data?.challengeId;
        if (!id) return;
        if (type === "CHALLENGE_CREATED" && !challengeId) {
          challengeId = id;
          timers.forEach(clearTimeout);
          last = data.state ?? "unclaimed";
          refreshLater();
          expireLater(data.expiresAt);
          resolve({ data: { challengeId, expiresAt: data.expiresAt } });
        } else if (type === "STATE_CHANGE" && id === challengeId) report(data.state, data.accessToken);
      };
    });

  const create = polling ? poll : listen;
  signal?.addEventListener("abort", end);
  return {
    challenge: async () => {
      const result = await create();
      if (!result.data) end();
      return result;
    },
    refresh: (given) => {
      custom = given?.custom ?? custom;
      return renew(1000, given);
    },
    end,
  };
};
