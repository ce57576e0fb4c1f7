//! The order of turns: higher priorities first, and within one priority the turns go round the owners.
//!
//! Each owner has one turn in a round. An owner that has not had its turn in the current round has it before those that wait
//! for the next one, so a question does not stand behind the batch of another owner. One turn in ten goes to a lower
//! priority where one waits, so no call waits forever.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use types::Owner;

/// A call, by the order in which calls began.
pub(super) type Number = u64;

/// Turns in a row in which lower priorities may be passed over.
pub(super) const MAX_OVERTAKES: u32 = 9;

/// The calls that compete for turns.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// By priority, the highest first.
    levels: BTreeMap<Reverse<i32>, Level>,
    /// Turns in a row in which a lower priority was passed over.
    overtakes: u32,
}

#[derive(Debug, Default)]
struct Level {
    /// The round of the newest turn.
    round: u64,
    /// The owners with calls, and those that have had their turn in this round.
    owners: HashMap<Owner, Line>,
}

/// The calls of an owner.
#[derive(Debug, Default)]
struct Line {
    /// The round of its next turn.
    turn: u64,
    calls: BTreeSet<Number>,
    running: usize,
}

/// A call in the order of its priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    turn: u64,
    number: Number,
    is_ready: bool,
}

/// A call in the order of turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) number: Number,
    /// Its caller may run it now.
    pub(super) is_ready: bool,
    /// What [`Lines::overtakes`] is after its turn.
    overtakes: u32,
}

impl Lines {
    pub(super) fn insert(&mut self, priority: i32, owner: &Owner, number: Number) {
        let level = self.levels.entry(Reverse(priority)).or_default();
        if let Some(line) = level.owners.get_mut(owner) {
            if line.calls.is_empty() {
                // Turns that it did not want are not saved up.
                line.turn = line.turn.max(level.round);
            }
            line.calls.insert(number);
            return;
        }
        let line = Line { turn: level.round, calls: BTreeSet::from([number]), running: 0 };
        level.owners.insert(owner.clone(), line);
    }

    pub(super) fn remove(&mut self, priority: i32, owner: &Owner, number: Number) {
        self.change(priority, owner, |line| {
            line.calls.remove(&number);
        });
    }

    /// A call got its turn.
    pub(super) fn admitted(&mut self, priority: i32, owner: &Owner, next: &Next) {
        self.overtakes = next.overtakes;
        let Some(level) = self.levels.get_mut(&Reverse(priority)) else { return };
        let Some(line) = level.owners.get_mut(owner) else { return };
        line.running += 1;
        let is_new_round = line.turn > level.round;
        level.round = level.round.max(line.turn);
        line.turn = level.round + 1;
        if is_new_round {
            let round = level.round;
            level.owners.retain(|_, line| !line.is_over(round));
        }
    }

    /// A call that had its turn has ended.
    pub(super) fn ended(&mut self, priority: i32, owner: &Owner) {
        self.change(priority, owner, |line| line.running = line.running.saturating_sub(1));
    }

    /// How many calls of an owner run.
    pub(super) fn running_of(&self, owner: &Owner) -> usize {
        self.levels.values().filter_map(|level| level.owners.get(owner)).map(|line| line.running).sum()
    }

    /// The calls in the order of their turns. `is_ready` is asked for those of an owner in the order in which they began.
    pub(super) fn order(&self, mut is_ready: impl FnMut(Number) -> bool) -> Vec<Next> {
        let levels = self.levels.values().map(|level| VecDeque::from(level.order(&mut is_ready)));
        let mut levels: Vec<_> = levels.collect();
        let mut order = Vec::new();
        let mut overtakes = self.overtakes;
        loop {
            levels.retain(|level| !level.is_empty());
            let began = |level: &VecDeque<Place>| level.front().map(|place| place.number);
            let lower = levels.iter().enumerate().skip(1).min_by_key(|(_, level)| began(level));
            let index = match lower {
                None => {
                    overtakes = 0;
                    0
                }
                // The one that began first, whatever its priority is.
                Some((index, _)) if overtakes >= MAX_OVERTAKES => {
                    overtakes = 0;
                    index
                }
                Some(_) => {
                    overtakes += 1;
                    0
                }
            };
            let Some(place) = levels.get_mut(index).and_then(VecDeque::pop_front) else { break };
            order.push(Next { number: place.number, is_ready: place.is_ready, overtakes });
        }
        order
    }

    fn change(&mut self, priority: i32, owner: &Owner, change: impl FnOnce(&mut Line)) {
        let Some(level) = self.levels.get_mut(&Reverse(priority)) else { return };
        let Some(line) = level.owners.get_mut(owner) else { return };
        change(line);
        if line.is_over(level.round) {
            level.owners.remove(owner);
            if level.owners.is_empty() {
                self.levels.remove(&Reverse(priority));
            }
        }
    }
}

impl Level {
    fn order(&self, is_ready: &mut impl FnMut(Number) -> bool) -> Vec<Place> {
        let mut calls = Vec::new();
        for line in self.owners.values() {
            let mut turn = line.turn;
            for number in &line.calls {
                let is_ready = is_ready(*number);
                calls.push(Place { turn, number: *number, is_ready });
                // One that may not run yet costs its owner no turn.
                turn += u64::from(is_ready);
            }
        }
        calls.sort_unstable();
        calls
    }
}

impl Line {
    /// Whether nothing of it needs to be remembered.
    fn is_over(&self, round: u64) -> bool {
        self.calls.is_empty() && self.running == 0 && self.turn <= round
    }
}
