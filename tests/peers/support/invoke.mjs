/**
 * Calls a method by its path (`email.enroll`) and answers what it answered; what it threw as
 * `{thrown: {name, code, message}}`. Needs nothing around it: Playwright sends it into a page as it stands.
 */
export const invoke = async (authsignal, method, values) => {
  const names = method.split(".");
  const name = names.pop();
  const target = names.reduce((object, name) => object[name], authsignal);
  try {
    return await target[name](...values);
  } catch ({ name, code, message }) {
    return { thrown: { name, code, message } };
  }
};
