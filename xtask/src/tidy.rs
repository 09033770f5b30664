//! House rules that a search can check: what must not stand where, and why.

use crate::shell::{output, root};
use anyhow::Result;
use std::process::Command;

/// A rule: in which files, except in which (by how their paths begin), what must not stand, and why.
struct Rule {
    within: &'static [&'static str],
    except: &'static [&'static str],
    words: &'static [&'static str],
    because: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        within: &["src/"],
        // A wasm of its own, in which js.rs is not.
        except: &["src/js.rs", "src/authenticator.rs"],
        words: &["#[wasm_bindgen]\npub "],
        because: "an export outside js.rs is glue that the face does not use",
    },
    Rule {
        within: &["src/"],
        except: &["src/engine/transport.rs", "src/words.rs"],
        words: &["k!(\"fetch\")", "fetch_with"],
        because: "the transport makes every request",
    },
    Rule {
        within: &["src/"],
        except: &["src/storage.", "src/lines.rs", "src/identity.rs", "src/words.rs"],
        words: &["k!(\"localStorage\")", "k!(\"cookie\")", "localStorage.", "sessionStorage"],
        because: "storage.rs and identity.rs survive what storage does",
    },
    Rule {
        within: &["src/"],
        except: &["src/client/", "src/identity.rs", "src/words.rs", "src/operation.rs"],
        words: &["format!", "{:?}", "HashMap", "to_string()", ".unwrap()", ".expect(", "println!"],
        because: "the npm build neither formats nor panics",
    },
    Rule {
        within: &["src/"],
        except: &["src/value.rs", "src/words.rs"],
        words: &["k!(\"console\")", "console::", "console.", "js_namespace = console"],
        because: "value.rs is the one place that logs, so that it is seen that no token is",
    },
    Rule {
        within: &["pkg-template/"],
        except: &[],
        words: &["sessionStorage", "localStorage", "eval(", "innerHTML", "\nawait "],
        because: "the face stores nothing, runs no text as code, and does no work at import",
    },
    Rule {
        within: &["src/", "xtask/", "www-demo/", "tests/", "pkg-template/"],
        except: &["xtask/src/tidy.rs"],
        words: &[
            "todo!(",
            "unimplemented!(",
            "#[ignore",
            ".only(",
            ".skip(\"",
            ".skip()",
            ".skip(true",
            ".fixme(",
            "dbg!(",
        ],
        because: "what is unfinished or skipped is not landed",
    },
    Rule {
        within: &[""],
        except: &["xtask/src/tidy.rs", "Cargo.lock", "tests/package-lock.json", "www-demo/examples/package-lock.json"],
        words: &["/root/", "/home/", "registry.npmjs", "index.crates.io", "/work/"],
        because: "no path of a machine and no host of a registry belongs into the project",
    },
];

/// The rules that are broken, a line each.
pub fn check() -> Result<Vec<String>> {
    let tracked = output(Command::new("git").args(["ls-files"]).current_dir(root()))?;
    let mut broken = Vec::new();
    for file in tracked.lines() {
        // What is no text has no words.
        let Ok(text) = std::fs::read_to_string(root().join(file)) else {
            continue;
        };
        broken.extend(RULES.iter().flat_map(|rule| breaks(rule, file, &text)));
    }
    Ok(broken)
}

fn breaks(rule: &Rule, file: &str, text: &str) -> Vec<String> {
    let applies = rule.within.iter().any(|folder| file.starts_with(folder))
        && !rule.except.iter().any(|start| file.starts_with(start));
    let Some(code) = applies.then(|| code(text)) else {
        return Vec::new();
    };
    rule.words
        .iter()
        .filter_map(|word| {
            let (before, _) = code.split_once(word)?;
            let line = before.matches('\n').count() + 1;
            Some(format!("{file}:{line}: `{}`: {}", word.trim(), rule.because))
        })
        .collect()
}

/// The text up to its unit tests, in which other rules hold; line comments of Rust and JavaScript blanked.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_rules_hold() {
        assert_eq!(check().unwrap(), Vec::<String>::new());
    }

    /// A test of Rust by its function, and one of JavaScript by its title.
    #[test]
    fn every_threat_has_its_tests_and_each_test_that_security_md_names_exists() {
        let tracked = output(Command::new("git").args(["ls-files", "www-demo", "tests"]).current_dir(root())).unwrap();
        let sources: Vec<String> = tracked
            .lines()
            .filter(|file| [".rs", ".mjs", ".js"].iter().any(|end| file.ends_with(end)))
            .filter_map(|file| std::fs::read_to_string(root().join(file)).ok())
            .collect();
        let exists = |name: &str| {
            let (function, title) = (format!("fn {name}()"), format!("\"{name}\""));
            sources.iter().any(|text| text.contains(&function) || text.contains(&title))
        };
        let table = std::fs::read_to_string(root().join("SECURITY.md")).unwrap();
        for threat in 1..=18 {
            let row = table.lines().find(|line| line.starts_with(&format!("| T{threat} |")));
            let tests: Vec<&str> =
                row.unwrap_or_else(|| panic!("T{threat} has no row")).split('`').skip(1).step_by(2).collect();
            assert!(!tests.is_empty(), "T{threat} has no test");
            for test in tests {
                assert!(exists(test), "T{threat}: there is no test `{test}`");
            }
        }
    }

    #[test]
    fn a_broken_rule_is_told_with_its_place_and_reason() {
        let rule = &RULES[3];
        let broken = breaks(rule, "src/fault.rs", "fn a() {}\nlet x = format!(\"\");\n");
        assert_eq!(broken, ["src/fault.rs:2: `format!`: the npm build neither formats nor panics"]);
        let broken = breaks(rule, "src/fault.rs", "a\nformat!");
        assert_eq!(broken, ["src/fault.rs:2: `format!`: the npm build neither formats nor panics"]);
        assert!(breaks(rule, "src/client/mod.rs", "format!").is_empty());
        assert!(breaks(rule, "src/fault.rs", "// format!\n#[cfg(test)]\nmod tests { format! }").is_empty());
    }
}
