//! Who waits how long: one owner with a batch of 200 beside ten with one question each, over the real queue. The model is a
//! fake one whose every reply takes one unit of time, so the figures are the same on every machine.
//!
//! `cargo bench --bench fairness` prints the table. "First come, first served" is the same queue with one owner for all.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that goes wrong stops, and its table goes to stdout"
)]

mod model;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use model::{Model, Run};
use service::chat::request::ChatCall;
use service::tasks::TaskSettings;
use service::{Caller, ServiceSettings, Services};
use tokio::sync::mpsc;
use types::{Message, Owner, Role};

const BATCH: usize = 200;
const QUESTIONS: usize = 10;

/// When the questions come, and how many replies the model makes concurrently.
struct Scenario {
    name: &'static str,
    slots: usize,
    /// The replies that the model makes between two questions.
    every: usize,
}

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "all questions right after the batch", slots: 1, every: 0 },
    Scenario { name: "a question every 15 replies", slots: 1, every: 15 },
    Scenario { name: "all questions right after the batch, 4 replies concurrently", slots: 4, every: 0 },
];

/// How long each call waited for its turn, in replies of the model.
struct Waits {
    batch: Vec<usize>,
    questions: Vec<usize>,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("| who waits | first come, first served | in turns |");
    println!("|---|---|---|");
    for scenario in SCENARIOS {
        let [together, apart] =
            [true, false].map(|is_one_owner| runtime.block_on(simulate(scenario, is_one_owner)));
        println!("| **{}** | | |", scenario.name);
        let row = |who: &str, figure: &dyn Fn(&Waits) -> String| {
            println!("| {who} | {} | {} |", figure(&together), figure(&apart));
        };
        row("a question, mean", &|waits| mean(&waits.questions));
        row("a question, longest", &|waits| waits.questions.iter().max().unwrap().to_string());
        row("an entry of the batch, mean", &|waits| mean(&waits.batch));
        row("the last entry of the batch", &|waits| waits.batch.iter().max().unwrap().to_string());
    }
}

fn mean(waits: &[usize]) -> String {
    format!("{:.1}", waits.iter().sum::<usize>() as f64 / waits.len() as f64)
}

fn owner(name: &str) -> Caller {
    Caller::new(Owner::new(name).unwrap())
}

fn call(text: &str) -> ChatCall {
    let messages = vec![Message::text(Role::User, text)];
    ChatCall { model: Some("fake".to_owned()), messages, ..ChatCall::default() }
}

async fn simulate(scenario: &Scenario, is_one_owner: bool) -> Waits {
    let (started, mut runs) = mpsc::unbounded_channel::<Run>();
    let settings = ServiceSettings {
        tasks: TaskSettings { max_concurrent: scenario.slots, ..TaskSettings::default() },
        ..ServiceSettings::default()
    };
    let services = Services::new(Arc::new(Model::new(started)), settings);
    let batch = owner("batch");
    let inputs: Vec<_> = (0..BATCH).map(|number| number.to_string()).collect();
    let job = services.batches.start_batch(&batch, &call(""), "batch", &inputs, Vec::new()).unwrap();

    // The time at which each question comes.
    let mut coming: VecDeque<_> = (0..QUESTIONS).map(|number| number * scenario.every).collect();
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    let mut tasks = vec![job];
    let mut waits = Waits { batch: Vec::new(), questions: Vec::new() };
    let (mut time, mut in_time, mut running) = (0, 0, VecDeque::new());
    let mut left = BATCH + QUESTIONS;
    while left > 0 {
        // All free slots are taken before anything else happens.
        while running.len() < scenario.slots && left > running.len() {
            let run = runs.recv().await.unwrap();
            match asked.get(&run.prompt) {
                Some(since) => waits.questions.push(time - since),
                None => waits.batch.push(time),
            }
            running.push_back(run);
        }
        while coming.front().is_some_and(|at| *at <= time) {
            coming.pop_front();
            let name = format!("question{}", asked.len());
            let caller = if is_one_owner { batch.clone() } else { owner(&name) };
            let waiting = services.tasks.queue(&batch).waiting;
            tasks.push(services.chat.start_chat(&caller, call(&name)).unwrap());
            asked.insert(name, time);
            while services.tasks.queue(&batch).waiting == waiting {
                tokio::task::yield_now().await;
            }
        }
        // As many replies as run concurrently take one unit of time.
        drop(running.pop_front());
        left -= 1;
        in_time += 1;
        if in_time == scenario.slots {
            (time, in_time) = (time + 1, 0);
        }
    }
    for task in tasks {
        task.ended().await;
    }
    assert_eq!((waits.batch.len(), waits.questions.len()), (BATCH, QUESTIONS));
    waits
}
