/**
 * QR code sessions, loaded by the first `qrCode.challenge()`: a WebSocket that tells of each change, or polling. A
 * session ends by itself when the challenge is approved, rejected or over, and whenever `end()` says so: from then on it
 * calls nobody.
 */
const QR_CODE_CHALLENGE = 27;
const QR_CODE_VERIFY = 28;

const isFinal = (state) => state === "approved" || state === "rejected";

/** How long the server may take to answer on the socket. */
const SILENCE_MS = 15_000;
const LONGEST_BACKOFF_MS = 30_000;

export const openSession = (context, call, notify, coded, parameters) => {
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
    const closing = socket;
    socket = undefined;
    closing?.close();
  };
  /** Tells of a state once, and ends with the last one. */
  const report = (state, token) => {
    if (state === last) return;
    last = state;
    if (isFinal(state)) end();
    notify(onStateChange, state, token);
  };
  const refreshed = async (challenge) => {
    const { data } = await challenge;
    if (data) notify(onRefresh, data.challengeId, data.expiresAt);
  };
  const refreshLater = () => later(() => refreshed(create()).catch((cause) => console.error(cause)), refreshInterval);

  const poll = async () => {
    const mine = reset();
    const result = await call(QR_CODE_CHALLENGE, context, { action, custom, signal });
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
  const address = () => {
    const url = new URL(context.baseUrl);
    url.protocol = url.protocol.replace("http", "ws");
    url.hostname = url.hostname.replace(/(^|\.)api\./, "$1api-ws.");
    url.pathname = url.pathname.replace(/v1$/, "ws-v1-challenge");
    return url;
  };

  const connect = () =>
    new Promise((resolve, reject) => {
      if (socket?.readyState === WebSocket.OPEN) return resolve(socket);
      const { token } = context.cell;
      const subject = token ? `x.authsignal.token.${token}` : `x.authsignal.tenant.${context.tenantId}`;
      const opening = new WebSocket(address(), ["authsignal-ws", subject]);
      socket = opening;
      opening.onopen = () => resolve(opening);
      opening.onclose = ({ code, reason }) => {
        reject(coded(`WebSocket connection error: closed with ${code} ${reason}`, "socket_lost"));
        if (socket !== opening) return;
        socket = undefined;
        // Lost in the middle of a challenge: its states can't be heard any more, so a new one takes its place.
        if (last !== undefined) reconnect(1000);
      };
    });

  const reconnect = (backoff) =>
    later(
      () => refreshed(create()).catch(() => reconnect(Math.min(2 * backoff, LONGEST_BACKOFF_MS))),
      backoff * (0.5 + Math.random() / 2),
    );

  const listen = async () => {
    const mine = reset();
    const open = await connect();
    return new Promise((resolve, reject) => {
      const fail = () => reject(coded("The server did not answer on the WebSocket", "socket_lost"));
      later(fail, SILENCE_MS);
      signal?.addEventListener("abort", () => reject(signal.reason));
      open.addEventListener("close", fail);
      let challengeId;
      open.onmessage = (event) => {
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
      open.send(JSON.stringify({ type: "CREATE_CHALLENGE", data: { challengeType: "QR_CODE", actionCode: action, custom } }));
    });
  };

  const create = polling ? poll : listen;
  signal?.addEventListener("abort", end);
  return {
    challenge: create,
    refresh: (newCustom) => {
      custom = newCustom ?? custom;
      return refreshed(create());
    },
    end,
  };
};
