/**
 * What Cypress lends a test, as far as the example uses it, and by Cypress's rules: a command is queued and runs once the
 * test's function has returned; what is given in a `then` runs before what was queued behind it; a query is repeated
 * until what follows from it holds. It is run in the page, and knows of nothing outside of itself.
 */
export const lend = () => {
  const PATIENCE_MS = 20_000;
  const befores = [];
  const afters = [];
  window.tests = [];

  // The commands that wait, and where the next one goes. Undefined while no test runs.
  let queue;
  let place = 0;

  const retried = async (query) => {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return query();
      } catch (error) {
        if (Date.now() > end) throw error;
      }
      await new Promise(requestAnimationFrame);
    }
  };

  const played = async (name, define) => {
    queue = [];
    place = 0;
    const returned = define();
    if (typeof returned?.then === "function") throw new Error(`${name} returns a promise: Cypress mixes none with commands`);
    while (queue.length > 0) {
      const command = queue.shift();
      place = 0;
      await command();
    }
    queue = undefined;
  };

  const enqueue = (command) => {
    if (!queue) throw new Error("a command outside of a running test");
    queue.splice(place, 0, command);
    place += 1;
  };

  const isOneElement = (subject) => {
    if (!(subject instanceof Element)) throw new Error("the command goes on from an element, and there is none");
    return subject;
  };

  /** Commands one after the other. `query` finds the subject once more where it is a query's. */
  const chain = (state) => {
    const next = (command) => {
      enqueue(async () => command());
      return chain(state);
    };
    return {
      then: (use) =>
        next(async () => {
          const returned = use(state.subject);
          if (returned !== undefined && !returned.then) state.subject = returned;
        }),
      type: (text) =>
        next(() => {
          const field = isOneElement(state.subject);
          field.focus();
          field.value += text;
          field.dispatchEvent(new Event("input", { bubbles: true }));
        }),
      click: () => next(() => isOneElement(state.subject).click()),
      should: (how, expected) =>
        next(() =>
          retried(() => {
            if (how !== "have.text") throw new Error(`the stand-in knows no should("${how}")`);
            const { textContent } = isOneElement(state.query());
            if (textContent !== expected) throw new Error(`the page says "${textContent}", not "${expected}"`);
          }),
        ),
    };
  };

  const queried = (query) => {
    const state = { query };
    enqueue(async () => (state.subject = await retried(query)));
    return chain(state);
  };

  const found = (selector, isMeant, what) => {
    const element = [...document.querySelectorAll(selector)].find(isMeant);
    if (!element) throw new Error(`the page has no ${selector}${what}: ${document.body.innerText}`);
    return element;
  };

  window.cy = {
    task: (name, argument) => {
      const state = {};
      enqueue(async () => (state.subject = await window.runTask(name, argument)));
      return chain(state);
    },
    get: (selector) => queried(() => found(selector, () => true, "")),
    contains: (selector, text) => queried(() => found(selector, (one) => one.textContent.includes(text), ` with "${text}"`)),
  };
  window.describe = (_, define) => define();
  window.beforeEach = (before) => befores.push(before);
  window.afterEach = (after) => afters.push(after);
  window.it = (name, test) => {
    const run = async () => {
      for (const before of befores) await played("beforeEach", before);
      try {
        await played(name, test);
      } finally {
        for (const after of afters) await played("afterEach", after);
      }
    };
    window.tests.push({ name, run });
  };
};
