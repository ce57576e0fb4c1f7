//! The order of turns: higher priorities first, and within one priority the turns go round the owners.
//!
//! Each owner has one turn in a round. An owner that has not had its turn in the current round has it before those that wait
//! for the next one, so a question does not stand behind the batch of another owner. One turn in ten goes to a lower
//! priority where one waits, so no call waits forever.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, btree_set};

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
    /// Those of the calls that wait; the others are about to enter.
    waiting: BTreeSet<Number>,
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
    /// Adds a call, or has one that was about to enter wait.
    pub(super) fn insert(&mut self, priority: i32, owner: &Owner, number: Number, waits: bool) {
        let level = self.levels.entry(Reverse(priority)).or_default();
        let round = level.round;
        let line = match level.owners.get_mut(owner) {
            Some(line) => line,
            None => level.owners.entry(owner.clone()).or_default(),
        };
        if line.calls.is_empty() {
            // Turns that it did not want are not saved up.
            line.turn = line.turn.max(round);
        }
        line.calls.insert(number);
        if waits {
            line.waiting.insert(number);
        }
    }

    pub(super) fn remove(&mut self, priority: i32, owner: &Owner, number: Number) {
        self.change(priority, owner, |line| {
            line.calls.remove(&number);
            line.waiting.remove(&number);
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

    /// How many calls of an owner run, and how many wait.
    pub(super) fn counts_of(&self, owner: &Owner) -> (usize, usize) {
        let lines = self.levels.values().filter_map(|level| level.owners.get(owner));
        lines.fold((0, 0), |(running, waiting), line| (running + line.running, waiting + line.waiting.len()))
    }

    /// How many owners have calls that wait.
    pub(super) fn owners_that_wait(&self) -> usize {
        let lines = self.levels.values().flat_map(|level| &level.owners);
        lines
            .filter(|(_, line)| !line.waiting.is_empty())
            .map(|(owner, _)| owner)
            .collect::<HashSet<_>>()
            .len()
    }

    /// All calls in the order of their turns. `is_ready` is asked for those of an owner in the order in which they began. Only as
    /// much of the order is made as is taken.
    pub(super) fn order<'a>(
        &'a self,
        is_ready: impl FnMut(Number) -> bool + 'a,
    ) -> impl Iterator<Item = Next> + 'a {
        self.order_of(|line| &line.calls, is_ready)
    }

    /// The calls that wait, in the order of their turns.
    pub(super) fn order_of_waiting<'a>(
        &'a self,
        is_ready: impl FnMut(Number) -> bool + 'a,
    ) -> impl Iterator<Item = Next> + 'a {
        self.order_of(|line| &line.waiting, is_ready)
    }

    fn order_of<'a>(
        &'a self,
        calls: fn(&Line) -> &BTreeSet<Number>,
        mut is_ready: impl FnMut(Number) -> bool + 'a,
    ) -> impl Iterator<Item = Next> + 'a {
        let levels = self.levels.values().map(|level| level.order(calls, &mut is_ready));
        let mut levels: Vec<_> = levels.collect();
        let mut overtakes = self.overtakes;
        std::iter::from_fn(move || {
            levels.retain(|level| level.peek().is_some());
            let lower = levels.iter().enumerate().skip(1).min_by_key(|(_, level)| level.peek());
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
            let place = levels.get_mut(index)?.next(&mut is_ready)?;
            Some(Next { number: place.number, is_ready: place.is_ready, overtakes })
        })
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
    fn order<'a>(
        &'a self,
        calls: fn(&Line) -> &BTreeSet<Number>,
        is_ready: &mut impl FnMut(Number) -> bool,
    ) -> Merge<'a> {
        let lines = self.owners.values().map(|line| (line.turn, calls(line).iter()));
        let mut merge = Merge { lines: lines.collect(), next: BinaryHeap::new() };
        (0..merge.lines.len()).for_each(|line| merge.push(line, is_ready));
        merge
    }
}

/// The calls of all owners of a priority in their order.
struct Merge<'a> {
    /// The turn of the next call of each owner, and its calls.
    lines: Vec<(u64, btree_set::Iter<'a, Number>)>,
    /// The next call of each owner, with the index of its line.
    next: BinaryHeap<Reverse<(Place, usize)>>,
}

impl Merge<'_> {
    /// When the next call began.
    fn peek(&self) -> Option<Number> {
        self.next.peek().map(|Reverse((place, _))| place.number)
    }

    fn next(&mut self, is_ready: &mut impl FnMut(Number) -> bool) -> Option<Place> {
        let Reverse((place, line)) = self.next.pop()?;
        self.push(line, is_ready);
        Some(place)
    }

    fn push(&mut self, index: usize, is_ready: &mut impl FnMut(Number) -> bool) {
        let Some((turn, calls)) = self.lines.get_mut(index) else { return };
        let Some(number) = calls.next() else { return };
        let place = Place { turn: *turn, number: *number, is_ready: is_ready(*number) };
        // One that may not run yet costs its owner no turn.
        *turn += u64::from(place.is_ready);
        self.next.push(Reverse((place, index)));
    }
}

impl Line {
    /// Whether nothing of it needs to be remembered.
    fn is_over(&self, round: u64) -> bool {
        self.calls.is_empty() && self.running == 0 && self.turn <= round
    }
}
