//! Authenticator binding: the one place that decides whether a user's authenticators may be changed.
//!
//! An authenticator is added only with a right that an unexpired token of the same user and tenant carries: `add:` from
//! the backend, `add:` from a binding window that a verified challenge opened, or because it is the user's very first.
//! The caller collects [`Facts`] in the transaction that commits the change, and asks [`decide`].

use super::scope::Scopes;
use super::{MINUTE, Millis};

/// How long a token lives, and with it a binding window.
pub const DEFAULT_WINDOW: Millis = 10 * MINUTE;

/// A change of a user's authenticators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// One more.
    Add,
    /// Rename, or another address.
    Update,
    /// One fewer.
    Remove,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Operation; 3] = [Operation::Add, Operation::Update, Operation::Remove];

    /// The scope that allows it.
    pub fn scope(self) -> &'static str {
        match self {
            Operation::Add => "add:authenticators",
            Operation::Update => "update:authenticators",
            Operation::Remove => "remove:authenticators",
        }
    }
}

/// The window that a token says it comes from, as the store knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The token does not come from a window.
    None,
    /// It stands until this moment.
    Until(Millis),
    /// There is no such window of this user, or no longer: the authenticator that opened it was removed.
    Gone,
}

/// All that a decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The server's clock, now.
    pub now: Millis,
    /// The end of the token.
    pub token_ends_at: Millis,
    /// What the token says it may do.
    pub scopes: Scopes,
    /// The window that the token comes from.
    pub window: Window,
    /// The token was issued for this tenant.
    pub same_tenant: bool,
    /// The token was issued for the very user whose authenticators are to change.
    pub same_user: bool,
    /// The action of the token has authorised a first enrolment before.
    pub first_enrolment_spent: bool,
    /// Verified authenticators of the user.
    pub verified: usize,
    /// The authenticator to update or remove is one of the user's verified ones.
    pub target_is_verified: bool,
}

/// By what right a change is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// The user has no authenticator yet, whatever the token says.
    First,
    /// The token's scope.
    Scope,
}

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The token is another's.
    NotTheirs,
    /// The token, or the window that it comes from, has ended.
    Expired,
    /// The window ended early: the authenticator that opened it is gone.
    WindowGone,
    /// The token does not carry the right.
    Scope(Operation),
    /// The user would be left without any authenticator.
    Last,
}

/// Whether `operation` may be done, by what right, or why not. Total: every combination of facts has an answer, and a
/// missing condition means no.
pub fn decide(operation: Operation, facts: &Facts) -> Result<Right, Refusal> {
    if !facts.same_tenant || !facts.same_user {
        return Err(Refusal::NotTheirs);
    }
    if facts.token_ends_at <= facts.now {
        return Err(Refusal::Expired);
    }
    match facts.window {
        Window::None => {}
        Window::Gone => return Err(Refusal::WindowGone),
        Window::Until(end) if end <= facts.now => return Err(Refusal::Expired),
        Window::Until(_) => {}
    }
    match operation {
        Operation::Add if facts.verified == 0 && !facts.first_enrolment_spent => Ok(Right::First),
        Operation::Add if facts.scopes.add => Ok(Right::Scope),
        Operation::Update if facts.scopes.update => Ok(Right::Scope),
        Operation::Remove if facts.scopes.remove => {
            if facts.target_is_verified && facts.verified <= 1 {
                Err(Refusal::Last)
            } else {
                Ok(Right::Scope)
            }
        }
        _ => Err(Refusal::Scope(operation)),
    }
}

/// What a verification is worth: the rights of the token that it mints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// A window of this length opens, with every right.
    Window(Millis),
    /// The rights and the end of the token that asked: an enrolment raises nobody's rights and prolongs no window.
    AsAsked,
    /// The user is known, but no right comes with it.
    Nothing,
}

/// The worth of an enrolment that was made by `right`.
pub fn worth_of_enrolment(right: Right, window: Millis) -> Worth {
    match right {
        Right::First => Worth::Window(window),
        Right::Scope => Worth::AsAsked,
    }
}

/// The worth of a verified challenge with an existing authenticator. A WebAuthn assertion without user verification
/// proves possession only: as the whole of a sign-in it opens no window.
pub fn worth_of_challenge(is_whole_sign_in: bool, user_was_verified: bool, window: Millis) -> Worth {
    if is_whole_sign_in && !user_was_verified { Worth::Nothing } else { Worth::Window(window) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_000_000;

    /// Every combination of the facts that can matter.
    fn every_case() -> Vec<(Operation, Facts)> {
        let booleans = [false, true];
        let mut cases = Vec::new();
        for operation in Operation::ALL {
            for bits in 0..16u8 {
                let scopes =
                    Scopes { read: bits & 1 > 0, add: bits & 2 > 0, update: bits & 4 > 0, remove: bits & 8 > 0 };
                for window in [Window::None, Window::Gone, Window::Until(NOW), Window::Until(NOW + 1)] {
                    for token_ends_at in [NOW - 1, NOW, NOW + 1] {
                        for (same_tenant, same_user) in [(true, true), (true, false), (false, true), (false, false)] {
                            for first_enrolment_spent in booleans {
                                for (verified, target_is_verified) in
                                    [(0, false), (1, false), (1, true), (2, false), (2, true)]
                                {
                                    cases.push((
                                        operation,
                                        Facts {
                                            now: NOW,
                                            token_ends_at,
                                            scopes,
                                            window,
                                            same_tenant,
                                            same_user,
                                            first_enrolment_spent,
                                            verified,
                                            target_is_verified,
                                        },
                                    ));
                                }
                            }
                        }
                    }
                }
            }
        }
        cases
    }

    #[test]
    fn t4_only_the_listed_rows_of_the_truth_table_allow() {
        let cases = every_case();
        assert_eq!(cases.len(), 3 * 16 * 4 * 3 * 4 * 2 * 5);
        for (operation, facts) in cases {
            let Facts { scopes, verified, .. } = facts;
            let stands = facts.same_tenant
                && facts.same_user
                && facts.token_ends_at > NOW
                && matches!(facts.window, Window::None | Window::Until(1_000_001));
            let rows = [
                (operation == Operation::Add && verified == 0 && !facts.first_enrolment_spent, Right::First),
                (operation == Operation::Add && scopes.add, Right::Scope),
                (operation == Operation::Update && scopes.update, Right::Scope),
                (
                    operation == Operation::Remove && scopes.remove && (verified > 1 || !facts.target_is_verified),
                    Right::Scope,
                ),
            ];
            let expected = rows.into_iter().find_map(|(holds, right)| (stands && holds).then_some(right));
            assert_eq!(decide(operation, &facts).ok(), expected, "{operation:?} {facts:?}");
        }
    }

    #[test]
    fn more_rights_never_turn_a_yes_into_a_no() {
        for (operation, facts) in every_case() {
            if decide(operation, &facts).is_ok() {
                let more = Facts { scopes: Scopes::MANAGE, ..facts };
                assert!(decide(operation, &more).is_ok(), "{operation:?} {facts:?}");
            }
        }
    }

    #[test]
    fn later_is_never_allowed_where_earlier_was_refused_for_time() {
        for (operation, facts) in every_case() {
            if decide(operation, &facts) == Err(Refusal::Expired) {
                let later = Facts { now: NOW + DEFAULT_WINDOW, ..facts };
                assert!(decide(operation, &later).is_err(), "{operation:?} {facts:?}");
            }
        }
    }

    #[test]
    fn t15_and_t16_an_enrolment_by_scope_is_worth_what_the_asking_token_was() {
        assert_eq!(worth_of_enrolment(Right::Scope, DEFAULT_WINDOW), Worth::AsAsked);
        assert_eq!(worth_of_enrolment(Right::First, DEFAULT_WINDOW), Worth::Window(DEFAULT_WINDOW));
    }

    #[test]
    fn a_sign_in_without_user_verification_opens_no_window() {
        assert_eq!(worth_of_challenge(true, false, DEFAULT_WINDOW), Worth::Nothing);
        for (is_whole_sign_in, user_was_verified) in [(true, true), (false, false), (false, true)] {
            let worth = worth_of_challenge(is_whole_sign_in, user_was_verified, DEFAULT_WINDOW);
            assert_eq!(worth, Worth::Window(DEFAULT_WINDOW));
        }
    }
}
