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
const OVER = "The QR code is over: begin another.";

/** A text, and not an empty one. */
const isText = (value) => value && typeof value === "string";
/** Milliseconds of the app's, or what they are by default. */
const interval = (given, otherwise) => (typeof given === "number" && given > 0 ? given : otherwise);

export const openSession = (context, call, notify, answer, parameters) => {
  const { action, polling, onRefresh, onStateChange, onError, signal } = parameters;
  const pollInterval = interval(parameters.pollInterval, 3000);
  const refreshInterval = interval(parameters.refreshInterval, 540_000);
  let { custom } = parameters;
  /** Settle the challenge that was asked for last: without an answer, as nobody waits for it any more, or by an error. */
  let drop;
  let refuse;
  /** Whether a challenge is asked for, or will be: what is shown counts no more once the API refuses it. */
  let renewing;
  /** What is shown and heard until another takes its place, and its state: the id, or what asks about it. */
  let shown;
  let last;
  /** One for each of what can be ahead: the next challenge or the end of waiting for it; the end of what is shown; a poll. */
  const timers = [];
  let socket;
  /** How many challenges the socket still has to tell of. */
  let due;

  // What is longer than a timer can be, such as an Infinity that means never, would be over at once.
  const later = (which, run, milliseconds) => {
    clearTimeout(timers[which]);
    timers[which] = setTimeout(run, Math.min(milliseconds, 2 ** 31 - 1));
  };
  const hangUp = () => {
    // Its `close` event comes when it is no longer the session's.
    socket?.close();
    socket = undefined;
  };
  const end = () => {
    if (signal?.aborted) refuse?.(signal.reason);
    timers.forEach(clearTimeout);
    // Which brings nothing.
    drop = shown = drop?.();
    hangUp();
    signal?.removeEventListener("abort", end);
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
  /** A new challenge is there: shown until it is refreshed, or over. */
  const begin = (next, expiresAt) => {
    shown = next;
    last = "unclaimed";
    renewing = false;
    later(0, () => renewQuietly(1000), onRefresh || !polling ? refreshInterval : Infinity);
    const left = Date.parse(expiresAt) - Date.now();
    const expire = () => renewing || fail(answer(context, "challenge_expired", OVER));
    // A clock that is wrong, or no date: what codes live by default. The last poll comes first.
    later(1, expire, interval(left, 600_000) + pollInterval);
  };
  /** A new challenge in the place of the last, tried until there is one. */
  const renew = async (backoff, given) => {
    const created = create(given);
    const mine = drop;
    let result = LOST;
    try {
      result = await created;
    } finally {
      if (mine === drop) {
        const { data, errorCode } = result;
        if (data) notify(onRefresh, data.challengeId, data.expiresAt);
        else if (PASSING.test(errorCode)) retry(backoff);
        else fail(result);
      }
    }
  };
  const renewQuietly = (backoff) => renew(backoff).catch(() => {});
  const retry = (backoff) =>
    later(0, () => renewQuietly(Math.min(2 * backoff, LONGEST_BACKOFF_MS)), backoff * (0.5 + Math.random() / 2));

  const poll = async (options) => {
    const mine = drop;
    const result = await call(QR_CODE_CHALLENGE, context, { action, custom, ...options });
    if (mine !== drop || !result.data) return result;
    const { challengeId, deviceCode, expiresAt } = result.data;
    const ask = async () => {
      const result = await call(QR_CODE_VERIFY, context, { challengeId, deviceCode }).catch(() => LOST);
      if (shown !== ask) return;
      const { data, errorCode } = result;
      if (data?.isVerified) report("approved", data.token);
      else if (data?.isClaimed) report(data.isConsumed ? "rejected" : "claimed");
      if (shown !== ask) return;
      if (data || PASSING.test(errorCode)) later(2, ask, pollInterval);
      else if (!renewing) fail(result);
    };
    begin(ask, expiresAt);
    if (deviceCode) later(2, ask, pollInterval);
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
    due = 0;
    opened.onclose = ({ code, reason }) => {
      if (socket !== opened) return;
      socket = undefined;
      refuse(Object.assign(new Error(`WebSocket closed with ${code} ${reason}`), { code: "socket_lost" }));
      // Lost in the middle of a challenge: its states can't be heard any more, so a new one takes its place.
      if (shown) retry(1000);
    };
    opened.onmessage = (event) => {
      if (socket !== opened) return;
      let message;
      try {
        message = JSON.parse(event.data);
      } catch (cause) {
        return console.error("Failed to parse WebSocket message:", cause);
      }
      const { type, data } = Object(message);
      const { challengeId, expiresAt, state, accessToken } = Object(data);
      if (!isText(challengeId)) return;
      // The answers come in the order of the requests, and only the last one's is waited for.
      if (type === "CHALLENGE_CREATED" && due && !--due) {
        begin(challengeId, expiresAt);
        drop({ data: { challengeId, expiresAt } });
      } else if (type === "STATE_CHANGE" && challengeId === shown && isText(state)) report(state, accessToken);
    };
    return opened;
  };

  const listen = (timeout, giveUp) => {
    const text = JSON.stringify({ type: "CREATE_CHALLENGE", data: { challengeType: "QR_CODE", actionCode: action, custom } });
    later(0, timeout > 0 ? giveUp : () => socket?.close(), timeout > 0 ? timeout : SILENCE_MS);
    socket ??= connect();
    const ask = () => {
      due += 1;
      socket.send(text);
    };
    if (socket.readyState === 1) ask();
    else socket.onopen = ask;
  };

  /** Asks for a challenge; the one that was asked for before is waited for no more. `undefined`: nor is this, since. */
  const create = (given) => {
    const { signal: own, timeout } = given ?? parameters;
    const giveUp = () => {
      if (own?.aborted) refuse(own.reason);
      else drop(answer(context, "timeout", `No answer within ${timeout} ms`));
      hangUp();
    };
    return new Promise((resolve, reject) => {
      own?.throwIfAborted();
      drop?.();
      drop = resolve;
      refuse = reject;
      renewing = true;
      signal?.addEventListener("abort", end);
      own?.addEventListener("abort", giveUp);
      if (polling) poll({ signal: own, timeout }).then(resolve, reject);
      else listen(timeout, giveUp);
    }).finally(() => own?.removeEventListener("abort", giveUp));
  };
  return {
    challenge: async () => {
      let result = LOST;
      try {
        result = await create();
      } finally {
        if (result && !result.data) end();
      }
      return result ?? answer(context, "aborted", OVER);
    },
    refresh: async (given) => {
      // Before what goes on with the last one is touched.
      JSON.stringify(given?.custom);
      custom = given?.custom ?? custom;
      await renew(1000, given);
    },
    end,
  };
};
