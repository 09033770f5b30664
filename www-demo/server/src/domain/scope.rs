//! The words of a token's `scope`.

use std::fmt;

/// What a holder may do to a user's authenticators. Unknown words are no rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// `read:authenticators`
    pub read: bool,
    /// `add:authenticators`
    pub add: bool,
    /// `update:authenticators`
    pub update: bool,
    /// `remove:authenticators`
    pub remove: bool,
}

impl Scopes {
    /// What a token gets when its backend asks for nothing.
    pub const READ: Scopes = Scopes { read: true, add: false, update: false, remove: false };

    /// What a binding window grants.
    pub const MANAGE: Scopes = Scopes { read: true, add: true, update: true, remove: true };

    /// Reads whole words, split at U+0020 and nothing else: `add:authenticatorsX` is not `add:authenticators`, nor is
    /// a word that follows a tab.
    pub fn parse(text: &str) -> Self {
        let mut scopes = Scopes::default();
        for word in text.split(' ') {
            match word {
                "read:authenticators" => scopes.read = true,
                "add:authenticators" => scopes.add = true,
                "update:authenticators" => scopes.update = true,
                "remove:authenticators" => scopes.remove = true,
                _ => {}
            }
        }
        scopes
    }

    /// What both allow. Reading is taken from nobody.
    pub fn and(self, other: Self) -> Self {
        Scopes {
            read: self.read,
            add: self.add && other.add,
            update: self.update && other.update,
            remove: self.remove && other.remove,
        }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.read, "read:authenticators"),
            (self.add, "add:authenticators"),
            (self.update, "update:authenticators"),
            (self.remove, "remove:authenticators"),
        ];
        let granted: Vec<_> = words.into_iter().filter_map(|(granted, word)| granted.then_some(word)).collect();
        f.write_str(&granted.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t13_a_scope_is_matched_as_a_whole_word() {
        for near_miss in [
            "add:authenticatorsX",
            "Xadd:authenticators",
            "ADD:AUTHENTICATORS",
            "add:authenticators\t",
            "read:x\u{a0}add:authenticators",
            "add:authenticators,read:authenticators",
            "add:",
            "",
        ] {
            assert!(!Scopes::parse(near_miss).add, "{near_miss:?}");
        }
        assert!(Scopes::parse("x  add:authenticators y").add);
    }

    #[test]
    fn scopes_survive_writing_and_reading() {
        for scopes in [Scopes::READ, Scopes::MANAGE, Scopes::default(), Scopes { add: true, ..Scopes::default() }] {
            assert_eq!(Scopes::parse(&scopes.to_string()), scopes);
        }
    }
}
