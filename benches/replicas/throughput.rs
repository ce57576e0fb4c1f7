//! What a second server adds, and what a second engine adds: replies a second of engines that make a few at a time.

use std::time::{Duration, Instant};

use crate::Plan;
use crate::clients::Kind;
use crate::engine::Pace;
use crate::postgres_server::PostgresServer;
use crate::world::World;

const PACE: Pace = Pace { slots: 8, pieces: 10, between: Duration::from_millis(20) };
/// More than all engines make at a time.
const CLIENTS: usize = 32;
/// Until all places are taken.
const WARM_UP: Duration = Duration::from_secs(1);

pub(crate) async fn run(plan: &Plan, postgres: &PostgresServer) {
    println!("| servers | engines | answers a second | of what the engines can make |\n|---|---|---|---|");
    for (servers, engines) in [(1, 1), (2, 1), (1, 2), (2, 2)] {
        eprintln!("measuring: {servers} servers, {engines} engines");
        let name = format!("throughput{servers}{engines}");
        let world = World::start(&plan.binary, postgres, &name, (servers, engines), PACE).await;
        let clients = world.clients(&[(Kind::Streams, CLIENTS)]);
        let running = world.begin(&clients).await;
        tokio::time::sleep(WARM_UP).await;
        let from = Instant::now();
        tokio::time::sleep(plan.before).await;
        let rate = world.ledger.answered_a_second(from, Instant::now());
        world.finish(running).await;
        let possible = (engines * PACE.slots) as f64 / PACE.reply().as_secs_f64();
        println!("| {servers} | {engines} | {rate:.0} | {:.0} % |", rate / possible * 100.0);
    }
}
