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
    /// Neither the backend nor the person has refused the action of the token.
    pub action_is_open: bool,
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
    /// The backend, or the person, has refused the action that the token is for.
    ActionRefused,
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
    if !facts.action_is_open {
        return Err(Refusal::ActionRefused);
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

    /// Every order that a moment and now can have, and where numbers end.
    const MOMENTS: [Millis; 5] = [Millis::MIN, NOW - 1, NOW, NOW + 1, Millis::MAX];

    /// Every combination of the facts: each of both values of what has two, each order of what is compared, and no more
    /// is looked at.
    fn every_case() -> impl Iterator<Item = (Operation, Facts)> {
        let windows = [Window::None, Window::Gone].into_iter().chain(MOMENTS.map(Window::Until));
        let times = windows.flat_map(|window| {
            MOMENTS.into_iter().flat_map(move |now| MOMENTS.into_iter().map(move |ends| (window, now, ends)))
        });
        let others = |(window, now, token_ends_at)| {
            // Three operations, four scopes, five further answers of yes or no, and five numbers.
            (0..3 * 512 * 5usize).map(move |at| {
                let is = |bit: usize| (at / 15) & (1 << bit) > 0;
                let facts = Facts {
                    now,
                    token_ends_at,
                    scopes: Scopes { read: is(0), add: is(1), update: is(2), remove: is(3) },
                    window,
                    same_tenant: is(4),
                    same_user: is(5),
                    first_enrolment_spent: is(6),
                    verified: [0, 1, 2, 3, usize::MAX][at % 5],
                    target_is_verified: is(7),
                    action_is_open: is(8),
                };
                (Operation::ALL[at / 5 % 3], facts)
            })
        };
        times.flat_map(others)
    }

    type Holds = fn(&Facts) -> bool;

    /// What is looked at, in this order, before any right is; and what follows where it does not hold.
    const CONDITIONS: [(Holds, Refusal); 5] = [
        (|facts| facts.same_tenant && facts.same_user, Refusal::NotTheirs),
        (|facts| facts.now < facts.token_ends_at, Refusal::Expired),
        (|facts| !matches!(facts.window, Window::Gone), Refusal::WindowGone),
        (|facts| !matches!(facts.window, Window::Until(end) if facts.now >= end), Refusal::Expired),
        (|facts| facts.action_is_open, Refusal::ActionRefused),
    ];

    /// The truth table: where the conditions hold, these rows allow, the first before the second, and nothing else does.
    const ROWS: [(Operation, Holds, Right); 5] = [
        (Operation::Add, |facts| facts.verified == 0 && !facts.first_enrolment_spent, Right::First),
        (Operation::Add, |facts| facts.scopes.add, Right::Scope),
        (Operation::Update, |facts| facts.scopes.update, Right::Scope),
        (Operation::Remove, |facts| facts.scopes.remove && facts.verified > 1, Right::Scope),
        (Operation::Remove, |facts| facts.scopes.remove && !facts.target_is_verified, Right::Scope),
    ];

    #[test]
    fn t4_only_the_listed_rows_of_the_truth_table_allow() {
        let mut cases = 0;
        // How often a row, or a condition, was the only one that decided.
        let mut alone = [0; ROWS.len()];
        let mut refused = [0; CONDITIONS.len()];
        for (operation, facts) in every_case() {
            cases += 1;
            let broken = CONDITIONS.iter().position(|(holds, _)| !holds(&facts));
            let rows: Vec<usize> =
                (0..ROWS.len()).filter(|at| ROWS[*at].0 == operation && ROWS[*at].1(&facts)).collect();
            let expected = match (broken, rows.first()) {
                (Some(at), _) => {
                    refused[at] += 1;
                    Err(CONDITIONS[at].1)
                }
                (None, Some(at)) => Ok(ROWS[*at].2),
                (None, None) if operation == Operation::Remove && facts.scopes.remove => Err(Refusal::Last),
                (None, None) => Err(Refusal::Scope(operation)),
            };
            if let (None, [at]) = (broken, rows.as_slice()) {
                alone[*at] += 1;
            }
            assert_eq!(decide(operation, &facts), expected, "{operation:?} {facts:?}");
        }
        assert_eq!(cases, 3 * 16 * 7 * 5 * 5 * 4 * 2 * 5 * 2 * 2);
        assert!(alone.iter().chain(&refused).all(|times| *times > 0), "{alone:?} {refused:?}");
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
                for now in MOMENTS.into_iter().filter(|now| *now >= facts.now) {
                    let later = Facts { now, ..facts };
                    assert!(decide(operation, &later).is_err(), "{operation:?} {later:?}");
                }
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
