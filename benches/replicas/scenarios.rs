//! What happens under load, and what came of it.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::time::{Instant as Tick, sleep_until};

use crate::Plan;
use crate::clients::Kind;
use crate::engine::Pace;
use crate::ledger::End;
use crate::postgres_server::PostgresServer;
use crate::verify;
use crate::world::World;

const PACE: Pace = Pace { slots: 16, pieces: 20, between: Duration::from_millis(20) };
/// How long PostgreSQL is away.
const DATABASE_AWAY: Duration = Duration::from_secs(1);
/// Usage is written so often, and a little more.
const USAGE_WRITTEN: Duration = Duration::from_millis(3500);

#[derive(Clone, Copy, PartialEq)]
enum Event {
    Nothing,
    /// SIGKILL to one of two servers, which does not come back.
    ServerKilled,
    /// SIGTERM to one and then to the other, each started again.
    ServersRestarted,
    DatabaseRestarted,
    /// All connections of one of two engines break, and it does not come back.
    EngineKilled,
}

const EVENTS: [(Event, &str); 5] = [
    (Event::Nothing, "nothing"),
    (Event::ServerKilled, "a server killed"),
    (Event::ServersRestarted, "both restarted, one by one"),
    (Event::DatabaseRestarted, "PostgreSQL restarted"),
    (Event::EngineKilled, "an engine killed"),
];

/// The rows of one column of the table, by their names.
type Column = Vec<(&'static str, String)>;

/// Runs all of them and prints the table; what must not be and was.
pub(crate) async fn run(plan: &Plan, postgres: &mut PostgresServer) -> Vec<String> {
    let (mut columns, mut wrong): (Vec<Column>, Vec<String>) = (Vec::new(), Vec::new());
    for (number, (event, name)) in EVENTS.into_iter().enumerate() {
        eprintln!("measuring: {name}");
        let (column, bad) = scenario(plan, postgres, event, number).await;
        columns.push(column);
        wrong.extend(bad.into_iter().map(|bad| format!("{name}: {bad}")));
    }
    let names: Vec<_> = EVENTS.iter().map(|(_, name)| *name).collect();
    println!("| | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len()));
    for (row, (name, _)) in columns[0].iter().enumerate() {
        let cells: Vec<_> = columns.iter().map(|column| column[row].1.as_str()).collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
    println!();
    wrong
}

async fn scenario(
    plan: &Plan,
    postgres: &mut PostgresServer,
    event: Event,
    number: usize,
) -> (Column, Vec<String>) {
    let mut world = World::start(&plan.binary, postgres, &format!("scenario{number}"), (2, 2), PACE).await;
    let clients = world.clients(&Kind::ALL);
    let began = Instant::now();
    let running = world.begin(&clients).await;
    tokio::time::sleep(plan.before).await;
    let happened = Instant::now();
    let took = tokio::task::block_in_place(|| happen(event, &mut world, postgres));
    sleep_until(Tick::from_std(happened + plan.after)).await;
    let until = Instant::now();
    world.finish(running).await;

    let (mut missing, mut unacknowledged) = (Vec::new(), 0);
    for server in &world.servers {
        unacknowledged = 0;
        for mut client in clients.clone() {
            client.base = format!("http://{}", server.address);
            let kept = world.ledger.kept().remove(&client.number).unwrap_or_default();
            let (gone, more) = verify::missing(&client, &kept).await;
            missing.extend(gone);
            unacknowledged += more;
        }
    }
    tokio::time::sleep(USAGE_WRITTEN).await;
    let counted = postgres.run(&format!("scenario{number}"), "SELECT coalesce(sum(requests), 0) FROM usage");
    let ledger = &world.ledger;
    let open = |end: fn(&End) -> bool| {
        ledger.count(|request| request.began < happened && request.ended >= happened && end(&request.end))
    };
    let all = ledger.count(|_| true);
    let failed = ledger.count(|request| request.end != End::Answered);
    let kept: usize = world.ledger.kept().values().map(Vec::len).sum();
    let codes: Vec<_> = ledger.codes().iter().map(|(code, count)| format!("{count} {code}")).collect();
    let untold = ledger.untold();
    let milliseconds =
        |time: Option<Duration>| time.map_or("-".to_owned(), |time| format!("{} ms", time.as_millis()));
    let before = ledger.answered_a_second(began + Duration::from_secs(1), happened);
    let after = ledger.answered_a_second(happened + Duration::from_secs(1), until);
    let column = vec![
        ("it took", milliseconds((event != Event::Nothing).then_some(took))),
        ("requests, and of them not answered", format!("{all}, {failed}")),
        ("**acknowledged and kept, and of them lost**", format!("{kept}, **{}**", missing.len())),
        ("running at that time", open(|_| true).to_string()),
        ("- answered", open(|end| *end == End::Answered).to_string()),
        ("- connection broken", open(|end| *end == End::Broken).to_string()),
        ("- told by an error", open(|end| matches!(end, End::Refused(_))).to_string()),
        ("**- not told**", format!("**{}**", untold.len())),
        ("what was not answered, in all", if codes.is_empty() { "-".to_owned() } else { codes.join(", ") }),
        ("a cut turn has its next answer after", milliseconds(ledger.longest_way_back("turn", happened))),
        ("a cut response says that it failed after", milliseconds(ledger.last_told("background", happened))),
        ("turns stored whose answer did not arrive", unacknowledged.to_string()),
        ("answers a second, before and after", format!("{before:.0}, {after:.0}")),
        (
            "replies made by the engines, requests in the usage",
            format!("{}, {counted}", world.completed.load(Ordering::Relaxed)),
        ),
    ];
    missing.extend(untold);
    (column, missing)
}

/// Has it happen; how long that took.
fn happen(event: Event, world: &mut World, postgres: &mut PostgresServer) -> Duration {
    let began = Instant::now();
    match event {
        Event::Nothing => {}
        Event::ServerKilled => drop(world.servers.remove(0)),
        Event::ServersRestarted => {
            for number in 0..world.servers.len() {
                let old = world.servers.remove(number);
                let address = old.address;
                old.end();
                let new = world.start_server(number, 2);
                world.address.replace(address, new.address);
                world.servers.insert(number, new);
            }
        }
        Event::DatabaseRestarted => {
            postgres.stop();
            std::thread::sleep(DATABASE_AWAY);
            postgres.resume();
        }
        Event::EngineKilled => drop(world.engines.remove(0)),
    }
    began.elapsed()
}
