//! The glue between the core and the face: the imports that wasm-bindgen writes, in the frame of `core.js`.
//!
//! wasm-bindgen has one heap for all values and frees each by itself. The core does not: the values of a task go with it
//! (see `src/slots.rs`), so the heap, the loader and the decoding of strings give way to the frame, and the names to the
//! short ones that wasm-opt gave them in the wasm. Whatever the frame does not know fails the build.

use crate::wasm::Mark;
use anyhow::{Context, Result, bail};
use serde_json::Value;

const FRAME: &str = include_str!("core.js");

/// What imports call that is written in JavaScript.
const VALUES: &str = concat!(include_str!("../../src/value.js"), include_str!("../../src/storage.js"));

/// What texts are told apart by, which have spaces in them: a sign that minifiers leave as it is.
const BETWEEN_TEXTS: &str = "!";

/// What names are told apart by: brotli knows many a word with a space behind it, and is 70 bytes smaller than with the other sign.
const BETWEEN_NAMES: &str = " ";

/// What stands before the imports, and behind them.
const BEFORE: &str = "    const import0 = {\n        __proto__: null,\n";
const BEHIND: &str = "\n    };\n";

/// The end of an import.
const ENDS: &str = "\n        },";

/// Imports whose failure counts. Any of the others may throw, too: test doubles of `fetch` yield anything, and a token may be none.
const OUTCOMES: [&str; 3] = ["__wbg_stringify_", "__wbg_encodedTenant_", "__wbg_apply_"];

/// The core's strings, and what the frame must know of their slots: see `src/words.rs`.
pub struct Words<'a> {
    pub table: &'a [&'a str],
    pub parameters: usize,
    pub below: usize,
    pub own: usize,
}

/// The glue. `names` is what `wasm-opt --minify-imports-and-exports-and-modules` prints.
pub fn prepare(glue: &str, names: &str, words: &Words) -> Result<String> {
    let imports = glue.split_once(BEFORE).and_then(|(_, rest)| rest.split_once(BEHIND));
    let (imports, _) = imports.context("wasm-bindgen's glue has changed: its imports are not found")?;
    let names: Value = serde_json::from_str(names).context("wasm-opt did not print the names that it gave")?;

    let mut kept = String::new();
    for name in list(&names, "imports")? {
        let [module, long, short] = texts(name)?;
        // Every import is of the one module that wasm-opt has renamed.
        if module != "./core_bg.js" {
            bail!("an import of another module than the glue: {module}");
        }
        let function = import(imports, long).with_context(|| format!("the import {long} of wasm-bindgen's glue"))?;
        kept.push_str(&format!("    {short}: {function},\n"));
    }
    let Words { table, parameters, below, own } = *words;
    let mut frame = FRAME.to_owned();
    for (name, number) in
        [("PARAMETERS", parameters), ("BELOW", below), ("(OWN - 1)", own.saturating_sub(1)), ("OWN", own)]
    {
        frame = frame.replace(name, &number.to_string());
    }
    let lists = lists(table).map(|(words, sign)| {
        let list = Value::from(words.join(sign));
        format!("...{list}.split(\"{sign}\")")
    });
    if let Some(word) = table.iter().find(|word| word.contains(BETWEEN_TEXTS)) {
        bail!("`{word}` has the sign that the texts are told apart by");
    }
    let mut frame = frame.replace("WORDS", &format!("[{}]", lists.join(", ")));
    for name in list(&names, "exports")? {
        let [long, short] = texts(name)?;
        frame = frame.replace(&format!("wasm.{long}"), &format!("wasm.{short}"));
    }
    let values = VALUES.replace("export const", "const");
    Ok(format!(
        "{values}\n{frame}\n/** What an instance imports. */\nexport const imports = () => ({{\n  a: {{\n{kept}  }},\n}});\n"
    ))
}

/// The table in two: up to the last word with a space, and the rest; each with the sign between its words.
fn lists<'a, 'b>(table: &'a [&'b str]) -> [(&'a [&'b str], &'static str); 2] {
    let texts = table.iter().rposition(|word| word.contains(BETWEEN_NAMES)).map_or(0, |last| last + 1);
    let (texts, names) = table.split_at(texts);
    [(texts, BETWEEN_TEXTS), (names, BETWEEN_NAMES)]
}

/// A script that has the glue in it, without the text of the words.
pub fn without_words(script: &str, words: &[&str]) -> Result<String> {
    let mut script = script.to_owned();
    for (words, sign) in lists(words) {
        let beginning = words.first().with_context(|| "there are no words")?.to_string() + sign;
        let (before, rest) = script.split_once(&beginning).context("the script has no words")?;
        let end = rest.find(".split(").and_then(|end| end.checked_sub(1)).context("the words have no end")?;
        script = format!("{before}{}", &rest[end..]);
    }
    Ok(script)
}

/// The glue with the names of its imports as the wasm has them.
pub fn marked(glue: &str, mark: &Mark) -> Result<String> {
    let (before, imports) = glue.split_once("\n  a: {\n").context("the glue has no imports")?;
    let mut lines = Vec::new();
    for line in imports.lines() {
        // The bodies of the imports are indented more.
        let name = line.strip_prefix("    ").filter(|name| name.as_bytes().get(1) == Some(&b':'));
        lines.push(match name {
            Some(name) => format!("    {}{}", char::from(mark.name(name.as_bytes()[0])?), &name[1..]),
            None => line.to_owned(),
        });
    }
    Ok(format!("{before}\n  {}: {{\n{}\n", mark.module(), lines.join("\n")))
}

/// One import, as a function of values in what of the frame brings them.
fn import(imports: &str, name: &str) -> Result<String> {
    let begin = format!("        {name}: function(");
    let (_, text) = imports.split_once(&begin).context("is not there")?;
    let (text, _) = text.split_once(ENDS).context("has no end")?;
    let (arguments, body) = text.split_once(") {").context("has no body")?;
    let body = on_values(body)?;
    // Of the helpers that wasm-bindgen writes, the frame has none.
    if let Some(helper) = ["getObject", "takeObject", "BorrowedObject", "FromWasm0", "decodeText", "handleError"]
        .iter()
        .find(|name| body.contains(**name))
    {
        bail!("wants {helper}, which the frame does not have");
    }
    // As a literal each is faster, and shorter.
    let body = body.replace("Object()", "({})");
    let body = match body.split_once("Array.of(") {
        Some((before, items)) => format!("{before}[{}", items.replacen(");", "];", 1)),
        None => body,
    };
    // Most take one expression and give it back.
    let single =
        body.strip_prefix("\n            const ret = ").and_then(|body| body.split_once(";\n            return "));
    let single = single.map(|(value, rest)| (inlined(value).unwrap_or_else(|| value.to_owned()), rest));
    let (result, function) = match single {
        Some((value, "ret;")) => ("plain", function(arguments, &value)),
        Some((value, "addHeapObject(ret);")) => ("value", function(arguments, &value)),
        None if !body.contains("return ") => ("plain", format!("({arguments}) => {{{body}\n    }}")),
        _ => bail!("is written otherwise than it was"),
    };
    // A number is no slot.
    if function == "(arg0) => arg0" {
        return Ok("keep".to_owned());
    }
    let counts = OUTCOMES.iter().any(|begin| name.starts_with(begin));
    Ok(format!("{}({function})", if counts { "outcome" } else { result }))
}

/// A function of these, which if it does no more than to hand them on is the one that gets them. But the clock is asked for each
/// time: those who test an app replace it.
fn function(arguments: &str, value: &str) -> String {
    match value.strip_suffix(&format!("({arguments})")) {
        Some(name) if !arguments.is_empty() && !name.contains(['(', ' ']) => name.to_owned(),
        _ => format!("({arguments}) => {value}"),
    }
}

/// A call of a function of src/value.js, replaced by what it returns: minifiers leave such calls as they are.
fn inlined(call: &str) -> Option<String> {
    let (name, arguments) = call.strip_suffix(')')?.split_once('(')?;
    let (_, function) = VALUES.split_once(&format!("export const {name} = ("))?;
    let (parameters, expression) = function.split_once(";\n")?.0.split_once(") => ")?;
    let is_simple = |text: &str| !text.contains(['{', '\n']);
    if !is_simple(parameters) || !is_simple(expression) {
        return None;
    }
    let arguments: Vec<&str> = arguments.split(", ").collect();
    let parameters: Vec<&str> = parameters.split(", ").collect();
    let of_word = |word: &str| parameters.iter().position(|name| *name == word).map(|index| arguments[index]);
    let is_letter = |letter: char| letter.is_ascii_alphanumeric();
    let mut result = String::new();
    let mut rest = expression;
    while !rest.is_empty() {
        let end = rest.find(|letter| !is_letter(letter)).unwrap_or(rest.len()).max(1);
        let (word, behind) = rest.split_at(end);
        result.push_str(of_word(word).unwrap_or(word));
        rest = behind;
    }
    Some(result)
}

/// The body of an import, with values where wasm-bindgen has slots.
fn on_values(body: &str) -> Result<String> {
    let mut parts = body.split("getObject(");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (slot, rest) = part.split_once(')').context("has a getObject( without an end")?;
        result.push_str(&format!("{slot}{rest}"));
    }
    Ok(result)
}

fn list<'a>(names: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    names[key].as_array().with_context(|| format!("no {key} in what wasm-opt printed"))
}

fn texts<const N: usize>(entry: &Value) -> Result<[&str; N]> {
    let texts: Option<Vec<&str>> = entry.as_array().and_then(|parts| parts.iter().map(Value::as_str).collect());
    texts.and_then(|texts| texts.try_into().ok()).context("an entry of another form in what wasm-opt printed")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLUE: &str = "export function resume() { return wasm.resume(); }
function __wbg_get_imports() {
    const import0 = {
        __proto__: null,
        __wbg_set_1: function(arg0, arg1) {
            const ret = Reflect.set(getObject(arg0), getObject(arg1));
            return ret;
        },
        __wbg_property_1: function(arg0) {
            const ret = getObject(arg0).get;
            return addHeapObject(ret);
        },
        __wbg_caught_1: function() { return handleError(function (arg0) {
            const ret = getObject(arg0).get;
            return addHeapObject(ret);
        }, arguments); },
        __wbg_of_1: function(arg0, arg1) {
            const ret = Array.of(getObject(arg0), getObject(arg1));
            return addHeapObject(ret);
        },
        __wbg_Object_1: function() {
            const ret = Object();
            return addHeapObject(ret);
        },
        __wbg_text_1: function(arg0, arg1) {
            const ret = decodeText(getArrayU8FromWasm0(arg0, arg1));
            return addHeapObject(ret);
        },
    };
    return {
        __proto__: null,
        \"./core_bg.js\": import0,
    };
}
function __wbg_init() {}";
    fn words<'a>(table: &'a [&'a str]) -> Words<'a> {
        Words { table, parameters: 1, below: 1, own: 6 }
    }

    const NAMES: &str = r#"{"imports":[["./core_bg.js","__wbg_property_1","b"],["./core_bg.js","__wbg_set_1","c"],
        ["./core_bg.js","__wbg_of_1","h"],["./core_bg.js","__wbg_Object_1","i"]],
        "exports":[["resume","e"],["memory","g"]]}"#;

    #[test]
    fn the_imports_move_into_the_frame_under_their_short_names() {
        let glue = prepare(GLUE, NAMES, &words(&["one text", "two 's", "three", "four"])).unwrap();
        assert!(glue.contains("b: value((arg0) => arg0.get),"), "{glue}");
        assert!(glue.contains("c: plain(Reflect.set),"), "{glue}");
        assert!(glue.contains("h: value((arg0, arg1) => [arg0, arg1]),"), "{glue}");
        assert!(glue.contains("i: value(() => ({})),"), "{glue}");
        assert!(glue.contains("wasm.e(operation, how, keep(value))") && glue.contains("wasm.g.buffer"), "{glue}");
        let marked = marked(&glue, &Mark::new(b'q', 50)).unwrap();
        assert!(marked.contains("  q: {\n    Z: value("), "{marked}");
        assert!(marked.contains("\n    a: plain("), "{marked}");
        let words = r#"common = [..."one text!two 's".split("!"), ..."three four".split(" ")]"#;
        assert!(glue.contains(words), "{glue}");
        assert!(!glue.contains("__wbg_init"));
    }

    #[test]
    fn a_word_that_could_not_be_told_from_two_fails_the_build() {
        assert!(prepare(GLUE, NAMES, &words(&["one", "two!"])).is_err());
    }

    #[test]
    fn the_words_are_found_in_a_script_and_taken_out() {
        let words = &["one text", "two 's", "three", "four"];
        let script = "a=[...'one text!two \\'s'.split('!'),...'three four'.split(' '),b]";
        assert_eq!(without_words(script, words).unwrap(), "a=[...''.split('!'),...''.split(' '),b]");
        assert!(without_words("a=[]", words).is_err());
    }

    #[test]
    fn an_import_that_is_not_in_the_glue_fails_the_build() {
        assert!(prepare(GLUE, &NAMES.replace("__wbg_property_1", "__wbg_property_2"), &words(&[])).is_err());
    }

    #[test]
    fn an_import_that_wants_what_the_frame_lacks_fails_the_build() {
        for (import, helper) in [("__wbg_text_1", "FromWasm0"), ("__wbg_caught_1", "handleError")] {
            let problem = prepare(GLUE, &NAMES.replace("__wbg_property_1", import), &words(&[])).unwrap_err();
            assert!(format!("{problem:#}").contains(helper), "{problem:#}");
        }
    }

    #[test]
    fn a_glue_without_the_known_imports_fails_the_build() {
        assert!(prepare("export function resume() {}", NAMES, &words(&[])).is_err());
    }
}
