// What the page says, in the languages of its users. Each language is a file of its own, loaded when it is chosen.

const LANGUAGES = ["en", "de", "fr", "es", "ja", "ar"];
const RIGHT_TO_LEFT = ["ar"];

let texts = {};
let overrides = {};

/** The language that is spoken now. */
export let language = "en";

/**
 * Loads the first language that we have of those wanted, and turns the page to it. `changed` holds texts from the
 * configuration, by language.
 */
export async function speak(wanted, changed = {}) {
  language = wanted.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => LANGUAGES.includes(tag)) ?? "en";
  texts = await (await fetch(`/ui/texts/${language}.json`)).json();
  overrides = changed[language] ?? {};
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(language) ? "rtl" : "ltr";
}

/** The text of this key, with `{names}` replaced by `values`. */
export function text(key, values = {}) {
  const pattern = overrides[key] ?? texts[key];
  if (pattern === undefined) throw new Error(`There is no text "${key}" in "${language}".`);
  return pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** An address inside a sentence: written from left to right in every language. */
export function address(to) {
  return `\u2066${to}\u2069`;
}

/** Whether there is a text of this key. */
export function hasText(key) {
  return key in texts;
}
