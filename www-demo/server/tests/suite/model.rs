//! The binding, model-checked: two users, two tabs and two devices do what they can in every order, and the real domain
//! functions decide. What must hold is said a second time, by where each token's rights come from, so that a rule that
//! is broken in `domain/` is seen.

use std::collections::{BTreeMap, BTreeSet};

use authsignal_local::domain::Millis;
use authsignal_local::domain::binding::{
    DEFAULT_WINDOW, Facts, Operation, Refusal, Right, Window, Worth, decide, worth_of_challenge, worth_of_enrolment,
};
use authsignal_local::domain::scope::Scopes;
use stateright::{Checker, Model, Property};

/// Every order of steps to this depth, as the checker counts it: the states where it begins are its first.
const DEPTH: usize = 7;
/// One step of time: two of them are a window.
const STEP: Millis = DEFAULT_WINDOW / 2;
const LAST_MOMENT: Millis = 3 * STEP;

type User = u8;
type Device = u8;
type Tab = usize;

/// Where a token's rights come from, which the domain functions are not told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Root {
    /// A backend's `track`, at this moment, with this scope.
    Tracked { at: Millis, may_add: bool },
    /// A challenge with, or the first enrolment of, this authenticator, at this moment.
    Proven { at: Millis, by: u8 },
    /// A sign-in that proved possession only.
    Possession { at: Millis },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Token {
    user: User,
    action: u8,
    scopes: [bool; 4],
    ends_at: Millis,
    /// The authenticator that opened its window, and the end of that.
    window: Option<(u8, Millis)>,
    root: Root,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Authenticator {
    /// Its own: a device that is enrolled again is another authenticator.
    id: u8,
    user: User,
    device: Device,
}

/// A ceremony that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pending {
    user: User,
    device: Device,
    action: u8,
}

/// A challenge that was begun, with the authenticator that is to answer it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    by: u8,
    action: u8,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    now: Millis,
    tabs: [Option<Token>; 2],
    authenticators: Vec<Authenticator>,
    pending: Vec<Pending>,
    /// One at a time, as a new one ends the one before.
    asked: Option<Asked>,
    /// Actions that have authorised a first enrolment: what the server remembers.
    spent: BTreeSet<u8>,
    /// Actions that the backend or the person has refused.
    refused: BTreeSet<u8>,
    /// How many first enrolments each action has authorised: what has happened.
    firsts: BTreeMap<u8, u8>,
    actions: u8,
    ids: u8,
    /// What happened last, to look at.
    last: Seen,
    /// It came of a refusal that changed nothing: what may follow follows from the state before, too.
    is_end: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Seen {
    #[default]
    Nothing,
    /// A change was made that nothing authorised.
    Wrong(&'static str),
    First,
    ByScope,
    InWindow,
    /// A challenge was met.
    Met,
    Removed,
    Refused(&'static str),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Track {
        tab: Tab,
        user: User,
        may_add: bool,
    },
    /// A token is used in the other tab as well.
    Share {
        from: Tab,
    },
    Begin {
        tab: Tab,
        target: User,
        device: Device,
    },
    Finish {
        tab: Tab,
        at: usize,
    },
    Challenge {
        tab: Tab,
        device: Device,
    },
    /// The pending challenge is answered.
    Verify {
        tab: Tab,
    },
    /// The backend, or the person on another device, refuses the action of a tab's token.
    Refuse {
        tab: Tab,
    },
    /// Of one step: until it ends it has no token, and nothing that is done meanwhile changes what it is worth.
    SignIn {
        tab: Tab,
        user: User,
        device: Device,
        verified: bool,
    },
    Remove {
        tab: Tab,
        target: User,
        device: Device,
    },
    BackendRemoves {
        user: User,
        device: Device,
    },
    Expire,
}

const USERS: [User; 2] = [0, 1];
const DEVICES: [Device; 2] = [0, 1];
const TABS: [Tab; 2] = [0, 1];

fn scopes(scopes: Scopes) -> [bool; 4] {
    [scopes.read, scopes.add, scopes.update, scopes.remove]
}

impl State {
    fn of(&self, user: User) -> usize {
        self.authenticators.iter().filter(|one| one.user == user).count()
    }

    fn found(&self, user: User, device: Device) -> Option<&Authenticator> {
        self.authenticators.iter().find(|one| one.user == user && one.device == device)
    }

    fn stands(&self, id: u8) -> bool {
        self.authenticators.iter().any(|one| one.id == id)
    }

    /// What the server asks the domain.
    fn asks(&self, token: &Token, operation: Operation, target: User, device: Device) -> Result<Right, Refusal> {
        let window = match token.window {
            None => Window::None,
            Some((by, _)) if !self.stands(by) => Window::Gone,
            Some((_, end)) => Window::Until(end),
        };
        let [read, add, update, remove] = token.scopes;
        let facts = Facts {
            now: self.now,
            token_ends_at: token.ends_at,
            scopes: Scopes { read, add, update, remove },
            window,
            same_tenant: true,
            same_user: token.user == target,
            action_is_open: !self.refused.contains(&token.action),
            first_enrolment_spent: self.spent.contains(&token.action),
            verified: self.of(target),
            target_is_verified: self.found(target, device).is_some(),
        };
        decide(operation, &facts)
    }

    /// What has to be so for a change, from where the token comes.
    fn is_authorised(&self, token: &Token, operation: Operation, target: User) -> bool {
        let (at, grants) = match token.root {
            Root::Tracked { at, may_add } => (at, may_add && operation == Operation::Add),
            Root::Proven { at, by } => (at, self.stands(by)),
            Root::Possession { at } => (at, false),
        };
        let is_first = operation == Operation::Add
            && self.of(target) == 0
            && !self.spent.contains(&token.action)
            && match token.root {
                Root::Proven { by, .. } => self.stands(by),
                _ => true,
            };
        let is_open = !self.refused.contains(&token.action);
        token.user == target && is_open && self.now < at + DEFAULT_WINDOW && (grants || is_first)
    }

    /// The token that a verification mints.
    fn minted(&self, worth: Worth, asking: Option<&Token>, user: User, action: u8, by: u8) -> Token {
        match (worth, asking) {
            (Worth::AsAsked, Some(asking)) => asking.clone(),
            (Worth::Window(length), _) => Token {
                user,
                action,
                scopes: scopes(Scopes::MANAGE),
                ends_at: self.now + length,
                window: Some((by, self.now + length)),
                root: Root::Proven { at: self.now, by },
            },
            (Worth::AsAsked | Worth::Nothing, _) => Token {
                user,
                action,
                scopes: scopes(Scopes::READ),
                ends_at: self.now + DEFAULT_WINDOW,
                window: None,
                root: Root::Possession { at: self.now },
            },
        }
    }

    /// The same with actions and authenticators numbered by where they stand, for states that differ in numbers alone are
    /// one. What is remembered of an action goes with the last token or ceremony that has it.
    fn numbered(mut self) -> Self {
        fn number(known: &mut Vec<u8>, old: &mut u8) {
            let at = known.iter().position(|one| one == old).unwrap_or_else(|| {
                known.push(*old);
                known.len() - 1
            });
            *old = u8::try_from(at + 1).unwrap();
        }
        let (mut actions, mut ids) = (Vec::new(), Vec::new());
        self.authenticators.sort_by_key(|one| (one.user, one.device));
        self.pending.sort_by_key(|one| (one.user, one.device, one.action));
        for one in &mut self.authenticators {
            number(&mut ids, &mut one.id);
        }
        for token in self.tabs.iter_mut().flatten() {
            number(&mut actions, &mut token.action);
            if let Some((by, _)) = &mut token.window {
                number(&mut ids, by);
            }
            if let Root::Proven { by, .. } = &mut token.root {
                number(&mut ids, by);
            }
        }
        for one in &mut self.pending {
            number(&mut actions, &mut one.action);
        }
        if let Some(asked) = &mut self.asked {
            number(&mut actions, &mut asked.action);
            number(&mut ids, &mut asked.by);
        }
        let news = |old: u8| (1..).zip(&actions).find_map(|(new, one)| (*one == old).then_some(new));
        self.spent = self.spent.into_iter().filter_map(news).collect();
        self.refused = self.refused.into_iter().filter_map(news).collect();
        self.firsts = self.firsts.into_iter().filter_map(|(old, count)| Some((news(old)?, count))).collect();
        self.actions = u8::try_from(actions.len()).unwrap();
        self.ids = u8::try_from(ids.len()).unwrap();
        self
    }

    fn refused(&mut self, refusal: Refusal) {
        self.last = Seen::Refused(match refusal {
            Refusal::NotTheirs => "not theirs",
            Refusal::Expired => "expired",
            Refusal::WindowGone => "window gone",
            Refusal::Scope(_) => "scope",
            Refusal::Last => "last",
            Refusal::ActionRefused => "action",
        });
    }

    fn removes(&mut self, user: User, device: Device) {
        self.authenticators.retain(|one| (one.user, one.device) != (user, device));
    }

    fn finish(&mut self, tab: Tab, at: usize) -> Option<()> {
        let token = self.tabs[tab].clone()?;
        let Pending { user, device, action } = self.pending.get(at)?.clone();
        // A ceremony belongs to the action that began it.
        if token.action != action {
            return None;
        }
        self.pending.remove(at);
        let asked = self.asks(&token, Operation::Add, user, device);
        if asked == Ok(Right::First) {
            *self.firsts.entry(action).or_default() += 1;
        }
        match asked {
            Err(refusal) => self.refused(refusal),
            Ok(_) if !self.is_authorised(&token, Operation::Add, user) => {
                self.last = Seen::Wrong("an authenticator was added that nothing authorised");
            }
            Ok(_) if self.found(user, device).is_some() => return None,
            Ok(right) => {
                self.last = match (right, token.window) {
                    (Right::First, _) => Seen::First,
                    (Right::Scope, None) => Seen::ByScope,
                    (Right::Scope, Some(_)) => Seen::InWindow,
                };
                self.ids += 1;
                let id = self.ids;
                self.authenticators.push(Authenticator { id, user, device });
                if right == Right::First {
                    self.spent.insert(action);
                }
                let minted = self.minted(worth_of_enrolment(right, DEFAULT_WINDOW), Some(&token), user, action, id);
                if right == Right::Scope && (minted.scopes != token.scopes || minted.ends_at > token.ends_at) {
                    self.last = Seen::Wrong("an enrolment raised rights or prolonged a window");
                }
                self.tabs[tab] = Some(minted);
            }
        }
        Some(())
    }

    fn verify(&mut self, tab: Tab) -> Option<()> {
        let token = self.tabs[tab].clone()?;
        // Nothing is looked up for a token that has ended.
        if token.ends_at <= self.now {
            self.refused(Refusal::Expired);
            return Some(());
        }
        // A challenge belongs to the action that began it.
        let Asked { by, .. } = self.asked.take_if(|asked| asked.action == token.action)?;
        if !self.stands(by) {
            self.last = Seen::Refused("authenticator gone");
        } else if self.refused.contains(&token.action) {
            self.refused(Refusal::ActionRefused);
        } else {
            let worth = worth_of_challenge(false, true, DEFAULT_WINDOW);
            self.tabs[tab] = Some(self.minted(worth, Some(&token), token.user, token.action, by));
            self.last = Seen::Met;
        }
        Some(())
    }

    fn take(&mut self, step: &Step) -> Option<()> {
        self.last = Seen::Nothing;
        match *step {
            Step::Track { tab, user, may_add } => {
                self.actions += 1;
                self.tabs[tab] = Some(Token {
                    user,
                    action: self.actions,
                    scopes: scopes(Scopes { add: may_add, ..Scopes::READ }),
                    ends_at: self.now + DEFAULT_WINDOW,
                    window: None,
                    root: Root::Tracked { at: self.now, may_add },
                });
            }
            Step::Share { from } => self.tabs[1 - from] = Some(self.tabs[from].clone()?),
            Step::Begin { tab, target, device } => {
                let token = self.tabs[tab].clone()?;
                match self.asks(&token, Operation::Add, target, device) {
                    Err(refusal) => self.refused(refusal),
                    Ok(_) => {
                        let pending = Pending { user: target, device, action: token.action };
                        if self.pending.len() == 2 || self.pending.contains(&pending) {
                            return None;
                        }
                        self.pending.push(pending);
                    }
                }
            }
            Step::Finish { tab, at } => self.finish(tab, at)?,
            Step::Challenge { tab, device } => {
                let token = self.tabs[tab].clone()?;
                let by = self.found(token.user, device)?.id;
                if token.ends_at <= self.now {
                    return None;
                }
                self.asked = Some(Asked { by, action: token.action });
            }
            Step::Verify { tab } => self.verify(tab)?,
            Step::Refuse { tab } => {
                let action = self.tabs[tab].as_ref()?.action;
                self.refused.insert(action);
            }
            Step::SignIn { tab, user, device, verified } => {
                let by = self.found(user, device)?.id;
                self.actions += 1;
                let worth = worth_of_challenge(true, verified, DEFAULT_WINDOW);
                let token = self.minted(worth, None, user, self.actions, by);
                if !verified && token.scopes != scopes(Scopes::READ) {
                    self.last = Seen::Wrong("possession alone opened a window");
                }
                // Possession alone grants nothing beyond what a backend's `track` would.
                self.tabs[tab] = Some(token);
            }
            Step::Remove { tab, target, device } => {
                let token = self.tabs[tab].clone()?;
                self.found(target, device)?;
                match self.asks(&token, Operation::Remove, target, device) {
                    Err(refusal) => self.refused(refusal),
                    Ok(_) => {
                        let is_right = self.is_authorised(&token, Operation::Remove, target);
                        self.removes(target, device);
                        self.last = if !is_right {
                            Seen::Wrong("an authenticator was removed that nothing authorised")
                        } else if self.of(target) == 0 {
                            Seen::Wrong("the last authenticator was removed")
                        } else {
                            Seen::Removed
                        };
                    }
                }
            }
            Step::BackendRemoves { user, device } => {
                self.found(user, device)?;
                self.removes(user, device);
            }
            Step::Expire => {
                if self.now == LAST_MOMENT {
                    return None;
                }
                self.now += STEP;
            }
        }
        Some(())
    }
}

struct Binding;

impl Model for Binding {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        // From nothing, and from where one user has enrolled while the other tab still holds the token from before: what
        // follows from that is seen without the steps that lead there.
        let mut enrolled = State::default();
        for step in [
            Step::Track { tab: 0, user: 0, may_add: false },
            Step::Share { from: 0 },
            Step::Begin { tab: 0, target: 0, device: 0 },
            Step::Finish { tab: 0, at: 0 },
        ] {
            enrolled.take(&step);
        }
        vec![State::default(), enrolled.numbered()]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.is_end {
            return;
        }
        steps.push(Step::Expire);
        for tab in TABS {
            for user in USERS {
                steps.extend([false, true].map(|may_add| Step::Track { tab, user, may_add }));
                for device in DEVICES {
                    steps.push(Step::Begin { tab, target: user, device });
                    steps.push(Step::Remove { tab, target: user, device });
                    steps.extend([false, true].map(|verified| Step::SignIn { tab, user, device, verified }));
                }
            }
            steps.push(Step::Share { from: tab });
            steps.extend(DEVICES.map(|device| Step::Challenge { tab, device }));
            steps.extend((0..state.pending.len()).map(|at| Step::Finish { tab, at }));
            steps.extend([Step::Verify { tab }, Step::Refuse { tab }]);
        }
        for user in USERS {
            steps.extend(DEVICES.map(|device| Step::BackendRemoves { user, device }));
        }
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        let mut next = state.clone();
        next.take(&step)?;
        let seen = std::mem::replace(&mut next.last, state.last.clone());
        next.is_end = next == *state;
        next.last = seen;
        // A step that changes nothing, and is not refused either, leads nowhere.
        (!next.is_end || next.last != Seen::Nothing).then(|| next.numbered())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("every change is authorised", |_, state: &State| !matches!(state.last, Seen::Wrong(_))),
            Property::always("no token outlives what its rights come from", |_, state: &State| {
                state.tabs.iter().flatten().all(|token| {
                    let (Root::Tracked { at, .. } | Root::Proven { at, .. } | Root::Possession { at }) = token.root;
                    token.ends_at <= at + DEFAULT_WINDOW
                })
            }),
            Property::always("an action authorises one first enrolment", |_, state: &State| {
                state.firsts.values().all(|count| *count == 1)
            }),
            // That these happen shows that the properties above are about something.
            Property::sometimes("a first enrolment", |_, state: &State| state.last == Seen::First),
            Property::sometimes("an enrolment by a backend's scope", |_, state: &State| state.last == Seen::ByScope),
            Property::sometimes("an enrolment inside a window", |_, state: &State| state.last == Seen::InWindow),
            Property::sometimes("a challenge that is met", |_, state: &State| state.last == Seen::Met),
            Property::sometimes("a removal inside a window", |_, state: &State| state.last == Seen::Removed),
            Property::sometimes("a refusal of another's token", |_, state: &State| {
                state.last == Seen::Refused("not theirs")
            }),
            Property::sometimes("a refusal after the end", |_, state: &State| state.last == Seen::Refused("expired")),
            Property::sometimes("a refusal without the right", |_, state: &State| state.last == Seen::Refused("scope")),
            Property::sometimes("a refusal of the last one's removal", |_, state: &State| {
                state.last == Seen::Refused("last")
            }),
            Property::sometimes("a refusal since the action was refused", |_, state: &State| {
                state.last == Seen::Refused("action")
            }),
            Property::sometimes("a challenge whose authenticator is removed before it answers", |_, state: &State| {
                state.last == Seen::Refused("authenticator gone")
            }),
            Property::sometimes("a refusal since the opener is gone", |_, state: &State| {
                state.last == Seen::Refused("window gone")
            }),
        ]
    }
}

#[test]
fn no_order_of_steps_changes_an_authenticator_without_a_right() {
    let checker = Binding.checker().threads(2).target_max_depth(DEPTH).spawn_bfs().join();
    println!("{} states to depth {DEPTH}", checker.unique_state_count());
    checker.assert_properties();
}
