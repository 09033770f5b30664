/** Plays one scenario against one of the two libraries, and hands back what was recorded. */
import * as world from "./world.js";
import { scenarios } from "./scenarios.js";

const LIBRARIES = { peer: "/peer.js", ours: "/pkg/index.js" };

/** How a call ended, without identity. */
const thrown = (library, error) => {
  if (!(error instanceof Error)) return { value: String(error) };
  const { name, code, message, cause } = error;
  return {
    name,
    code: typeof code === "string" ? code : undefined,
    message,
    cause: cause?.name,
    webAuthn: error instanceof library.WebAuthnError || undefined,
  };
};

const stage = (library) => {
  /** By label: how each call ended. */
  const ended = new Map();
  const calls = [];
  const end = (label, how, value) => {
    ended.set(label, { how, value });
    world.note(how, `${label}:`, value === undefined ? "undefined" : value);
  };
  const begin = (label, run) => {
    calls.push(label);
    let result;
    try {
      result = run();
    } catch (error) {
      return void end(label, "threw", thrown(library, error));
    }
    if (typeof result?.then !== "function") return void end(label, "returned", result);
    result.then(
      (value) => {
        // The keys matter to those who test `"error" in response`.
        const keys = ["data", "error"].filter((key) => typeof value === "object" && value !== null && key in value);
        end(label, keys.length ? `resolved (${keys})` : "resolved", value);
      },
      (error) => end(label, "rejected", thrown(library, error)),
    );
  };
  return {
    ...world,
    library,
    /** A client of the tenant `tenant`. */
    client: (options) => new library.Authsignal({ tenantId: "tenant", baseUrl: world.BASE, ...options }),
    /** A callback whose calls are recorded. */
    callback: (name, then) => (...values) => {
      // An argument left out and one that is undefined are the same to whom is called.
      const last = values.findLastIndex((value) => value !== undefined);
      world.note("callback", name, values.slice(0, last + 1));
      return then?.(...values);
    },
    /** Begins a call, and waits until nothing moves. */
    call: async (label, run) => {
      begin(label, run);
      await world.settle();
      return ended.get(label)?.value;
    },
    begin,
    ended,
    labels: calls,
    finish: () => {
      for (const label of calls) if (!ended.has(label)) world.note("pending", label);
      world.noteRemains();
    },
  };
};

/** Loads a library, and ours to the point where its core and its chunk are there. */
const load = async (side, { cold }) => {
  const library = await import(LIBRARIES[side]);
  if (side === "ours" && !cold) {
    await import("/pkg/later.js");
    const client = new library.Authsignal({ tenantId: "warm-up", baseUrl: "https://warm.test/v1" });
    await client.totp.enroll();
    document.cookie = `__as_aid=; max-age=0; domain=${client.cookieDomain}; path=/`;
  }
  return library;
};

window.play = async (side, name) => {
  const scenario = scenarios.find((each) => each.name === name);
  const library = await load(side, scenario);
  const t = stage(library);
  localStorage.clear();
  world.startRecording();
  let failure;
  try {
    await scenario.run(t);
    await world.settle();
    t.finish();
    if (side === "ours") scenario.check?.(seen(t));
  } catch (error) {
    failure = String(error.stack ?? error);
  }
  world.stopRecording();
  return { record: [...world.record], failure };
};

/** What a scenario's own check asks about. */
const seen = (t) => ({
  lines: [...world.record],
  /** Lines that begin so. */
  count: (start) => world.record.filter((line) => line.startsWith(start)).length,
  ended: (label) => t.ended.get(label),
  timers: world.waitingTimers(),
  /** All calls. */
  labels: t.labels,
  /** What nobody caught, in the record or out of it. */
  rejections: world.rejections,
});

window.scenarioList = scenarios.map(({ name, host, defect, since, decision, check }) => ({ name, host, defect, since, decision, checked: Boolean(check) }));
