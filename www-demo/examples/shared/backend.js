/**
 * The app's own backend, in Node.js: it alone holds the API secret, and knows its users by a cookie. It is a function
 * `(request, response, next)`, as Vite's server and Express take it. Yours does the same with your tenant's secret.
 */
import { randomUUID } from "node:crypto";
import { json } from "node:stream/consumers";
import { Authsignal } from "@authsignal/node";
import { apiUrl } from "./settings.js";

const authsignal = new Authsignal({ apiSecretKey: process.env.AUTHSIGNAL_SECRET ?? "local-secret", apiUrl });

/** Who is signed in, by the value of their cookie. Yours are in a database, and end. */
const sessions = new Map();

/** What is answered with this status: `{errorCode, errorDescription}`, as the API's errors are. */
class Refusal extends Error {
  constructor(status, errorCode, errorDescription) {
    super(errorDescription);
    Object.assign(this, { status, errorCode, errorDescription });
  }
}

const sessionId = (request) => /(?:^|; )session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];

const signedIn = (request) => {
  const user = sessions.get(sessionId(request));
  if (!user) throw new Refusal(401, "not_signed_in", "Nobody is signed in.");
  return user;
};

const setCookie = (response, value, more = "") =>
  response.setHeader("Set-Cookie", `session=${value}; Path=/; HttpOnly; SameSite=Strict${more}`);

const routes = {
  /** Who is signed in, with their authenticators; `user` is null if nobody is. */
  "GET /api/session": async ({ request }) => {
    const user = sessions.get(sessionId(request));
    if (!user) return { user: null, authenticators: [] };
    const all = await authsignal.getAuthenticators({ userId: user.userId });
    const authenticators = all.filter(({ verifiedAt }) => verifiedAt).map(({ verificationMethod }) => verificationMethod);
    return { user, authenticators };
  },

  /** A token for a new user's first authenticator. Nobody is signed in until it is there. */
  "POST /api/sign-up": async ({ body: { username } }) => {
    if (typeof username !== "string" || !/^\S.{0,63}$/.test(username)) {
      throw new Refusal(400, "invalid_username", "A user name has 1 to 64 characters, and does not begin with a space.");
    }
    const { token } = await authsignal.track({ userId: randomUUID(), action: "signUp", attributes: { username } });
    return { token };
  },

  /** What the page brings counts once Authsignal has confirmed it: then a session begins. */
  "POST /api/sign-in": async ({ body: { token }, response }) => {
    const { isValid, userId } = await authsignal.validateChallenge({ token });
    if (!isValid || !userId) throw new Refusal(401, "not_verified", "The challenge of this token was not completed.");
    const { username } = await authsignal.getUser({ userId });
    const id = randomUUID();
    sessions.set(id, { userId, username });
    setCookie(response, id);
    return {};
  },

  /**
   * A token that may add an authenticator without a challenge. Who gets it is the backend's decision, which should rest
   * on something else that has proved the user; here, to show the call, a session is enough.
   */
  "POST /api/token": async ({ request }) => {
    const { userId } = signedIn(request);
    const attributes = { scope: "add:authenticators" };
    const { token } = await authsignal.track({ userId, action: "addAuthenticator", attributes });
    return { token };
  },

  "POST /api/sign-out": async ({ request, response }) => {
    sessions.delete(sessionId(request));
    setCookie(response, "", "; Max-Age=0");
    return {};
  },
};

export const backend = async (request, response, next) => {
  const route = routes[`${request.method} ${request.url.split("?")[0]}`];
  if (!route) return next();
  const send = (status, body) => {
    response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
    response.end(JSON.stringify(body));
  };
  try {
    const body = request.method === "POST" ? await json(request) : {};
    send(200, await route({ request, response, body: Object(body) }));
  } catch (error) {
    // Ours, the vendor's SDK's, or a body that is no JSON.
    const { status = error.statusCode ?? (error instanceof SyntaxError ? 400 : 502) } = error;
    const { errorCode = "backend_failed", errorDescription = error.message } = error;
    send(status, { errorCode, errorDescription });
  }
};
