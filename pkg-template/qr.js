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

export const openSession = (context, call, notify, answer, parameters) => {
  const { action, polling, pollInterval = 3000, refreshInterval = 540_000, onRefresh, onStateChange, signal } = parameters;
  let { custom } = parameters;
  /** What the session has under way; each challenge of it replaces the last. */
  let generation = 0;
  let timers = [];
  let socket;
  let last;

  const later = (run, milliseconds) => timers.push(setTimeout(run, milliseconds));
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
  const refreshed = async (challenge) => {
    const mine = generation;
    const { data } = await challenge;
    if (data && mine === generation) notify(onRefresh, data.challengeId, data.expiresAt);
  };
  const refreshLater = () => later(() => renew(1000), refreshInterval);
  /** A new challenge in the place of the last, tried until there is one. */
  const renew = (backoff) => {
    const renewed = refreshed(create());
    const mine = generation;
    renewed.catch(() => mine === generation && retry(backoff));
  };
  const retry = (backoff) =>
    later(() => renew(Math.min(2 * backoff, LONGEST_BACKOFF_MS)), backoff * (0.5 + Math.random() / 2));

  const poll = async ({ signal, timeout } = parameters) => {
    const mine = reset();
    const result = await call(QR_CODE_CHALLENGE, context, { action, custom, signal, timeout });
    if (mine !== generation || !result.data) return result;
    const { challengeId, deviceCode, expiresAt } = result.data;
    const ask = async () => {
      const { data, errorCode } = await call(QR_CODE_VERIFY, context, { challengeId, deviceCode }).catch(() => ({
        errorCode: "network_error",
      }));
      if (mine !== generation) return;
      if (data?.isVerified) report("approved", data.token);
      else if (data?.isClaimed) report(data.isConsumed ? "rejected" : "claimed");
      // A lost request is asked again; a refused one would be refused for ever.
      const over = expiresAt && Date.now() > Date.parse(expiresAt);
      if (mine === generation && !over && (data || errorCode === "network_error")) later(ask, pollInterval);
    };
    if (deviceCode) later(ask, pollInterval);
    if (onRefresh) refreshLater();
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
      later(
        () => (timeout ? resolve(answer(context, "timeout", `No answer within ${timeout} ms`)) : socket?.close()),
        timeout || SILENCE_MS,
      );
      signal?.addEventListener("abort", () => reject(signal.reason));
      socket ??= connect();
      const ask = () =>
        socket.send(JSON.stringify({ type: "CREATE_CHALLENGE", data: { challengeType: "QR_CODE", actionCode: action, custom } }));
      if (socket.readyState === WebSocket.OPEN) ask();
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
        const { type, data } = message ?? {};
        if (type === "CHALLENGE_CREATED" && !challengeId) {
          challengeId = data.challengeId;
          timers.forEach(clearTimeout);
          last = data.state ?? "unclaimed";
          refreshLater();
          resolve({ data: { challengeId, expiresAt: data.expiresAt } });
        } else if (type === "STATE_CHANGE" && data?.challengeId === challengeId) report(data.state, data.accessToken);
      };
    });

  const create = polling ? poll : listen;
  signal?.addEventListener("abort", end);
  return {
    challenge: create,
    refresh: (given) => {
      custom = given?.custom ?? custom;
      return refreshed(create(given));
    },
    end,
  };
};
