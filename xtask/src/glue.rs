//! The JavaScript glue that wasm-bindgen writes, cut to what the face needs.
//!
//! Its loader goes: the face has its own. Its names are replaced by the short ones that wasm-opt gave them in the wasm.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Where the loader begins; all before it is imports, exports and their helpers.
const LOADER: &str = "let wasmModule, wasmInstance, wasm;";

/// Exports of the wasm that the glue has no use for.
const UNUSED: [&str; 2] = ["__abort_handler", "__instance_terminated"];

/// The glue, with `attach` (takes an instance's exports) and `imports` (makes an instance's imports) in place of the
/// loader. `names` is what `wasm-opt --minify-imports-and-exports-and-modules` prints.
pub fn prepare(glue: &str, names: &str) -> Result<String> {
    let (body, _) = glue.split_once(LOADER).context("wasm-bindgen's glue has changed: its loader is not found")?;
    let names: Value = serde_json::from_str(names).context("wasm-opt did not print the names that it gave")?;
    let mut body = body.to_owned();
    for name in list(&names, "imports")? {
        let [module, long, short] = texts(name)?;
        body = replace_once(&body, &format!(" {long}: function"), &format!(" {short}: function"))?;
        // Every import is of the one module that wasm-opt has renamed.
        if module != "./core_bg.js" {
            bail!("an import of another module than the glue: {module}");
        }
    }
    body = replace_once(&body, "\"./core_bg.js\": import0", "\"a\": import0")?;
    for name in list(&names, "exports")? {
        let [long, short] = texts(name)?;
        if UNUSED.contains(&long) {
            continue;
        }
        let used = format!("wasm.{long}");
        if !body.contains(&used) {
            bail!("an export that the glue does not use: {long}");
        }
        body = replace_word(&body, &used, &format!("wasm.{short}"));
    }
    let caches: String = body
        .split("let cached")
        .skip(1)
        .filter_map(|rest| rest.split_once(" = null;"))
        .map(|(name, _)| name)
        .filter(|name| name.ends_with("Memory0"))
        .map(|name| format!(" cached{name} = null;"))
        .collect();
    Ok(format!(
        "{body}let wasm;\nexport const attach = (exports) => {{ wasm = exports;{caches} }};\nexport {{ __wbg_get_imports as imports }};\n"
    ))
}

fn list<'a>(names: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    names[key].as_array().with_context(|| format!("no {key} in what wasm-opt printed"))
}

fn texts<const N: usize>(entry: &Value) -> Result<[&str; N]> {
    let texts: Option<Vec<&str>> = entry.as_array().and_then(|parts| parts.iter().map(Value::as_str).collect());
    texts.and_then(|texts| texts.try_into().ok()).context("an entry of another form in what wasm-opt printed")
}

fn replace_once(text: &str, from: &str, to: &str) -> Result<String> {
    if text.matches(from).count() != 1 {
        bail!("not exactly once in the glue: {from}");
    }
    Ok(text.replace(from, to))
}

/// Replaces a name where it stands whole.
fn replace_word(text: &str, from: &str, to: &str) -> String {
    let mut parts = text.split(from);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let continues = part.starts_with(|next: char| next.is_alphanumeric() || next == '_' || next == '$');
        result.push_str(if continues { from } else { to });
        result.push_str(part);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLUE: &str = "export function start() { return wasm.start() + wasm.started; }
function __wbg_get_imports() {
    const import0 = {
        __wbg_get_1: function() {},
    };
    return { \"./core_bg.js\": import0 };
}
let cachedUint8ArrayMemory0 = null;
let wasmModule, wasmInstance, wasm;
function __wbg_init() {}";
    const NAMES: &str =
        r#"{"imports":[["./core_bg.js","__wbg_get_1","b"]],"exports":[["start","c"],["__abort_handler","d"]]}"#;

    #[test]
    fn the_loader_goes_and_the_short_names_come() {
        let glue = prepare(GLUE, NAMES).unwrap();
        assert!(glue.contains("wasm.c() + wasm.started"), "{glue}");
        assert!(glue.contains(" b: function"));
        assert!(glue.contains("\"a\": import0"));
        assert!(glue.contains("cachedUint8ArrayMemory0 = null; }"));
        assert!(!glue.contains("__wbg_init"));
    }

    #[test]
    fn a_name_that_finds_no_place_fails_the_build() {
        let names = NAMES.replace("__wbg_get_1", "__wbg_get_2");
        assert!(prepare(GLUE, &names).is_err());
        let names = NAMES.replace("\"start\"", "\"stop\"");
        assert!(prepare(GLUE, &names).is_err());
    }

    #[test]
    fn a_glue_without_the_known_loader_fails_the_build() {
        assert!(prepare("export function start() {}", NAMES).is_err());
    }
}
