//! Owners, priorities and limits of callers: who is next, and what each of them sees.

use std::cell::RefCell;
use std::pin::Pin;

use types::Limits;

use super::super::order::MAX_OVERTAKES;
use super::*;

fn with(name: &str, limits: Limits) -> Caller {
    Caller { limits: Arc::new(limits), ..named(name) }
}

fn of_priority(name: &str, priority: i32) -> Caller {
    with(name, Limits { priority, ..Limits::default() })
}

/// A call that notes its name when it gets its turn, and ends then.
fn noted<'a>(
    queue: &Queue,
    caller: &Caller,
    name: &'static str,
    order: &'a RefCell<Vec<&'static str>>,
) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
    let place = queue.reserve(caller);
    Box::pin(async move {
        let _slot = place.enter(QueueLabel::default, |_, _| {}).await.unwrap();
        order.borrow_mut().push(name);
    })
}

/// Has all calls wait, then lets `running` end, and returns the order of their turns.
async fn run_after(running: Slot, calls: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
    let mut all = Box::pin(futures_util::future::join_all(calls));
    assert!(now(&mut all).is_none());
    drop(running);
    all.await;
}

#[tokio::test]
async fn question_beside_batch_is_next() {
    let (queue, order) = (Queue::new(1, 1024), RefCell::new(Vec::new()));
    let (batch, ann) = (named("batch"), named("ann"));
    let running = now(queue.reserve(&batch).enter(QueueLabel::default, |_, _| {})).unwrap().unwrap();
    let mut calls: Vec<_> = (0..200).map(|_| noted(&queue, &batch, "batch", &order)).collect();
    calls.push(noted(&queue, &ann, "ann", &order));
    run_after(running, calls).await;
    assert_eq!(order.borrow().first(), Some(&"ann"));
}

#[tokio::test]
async fn owners_that_ask_again_and_again_do_not_keep_batch_waiting() {
    let queue = Queue::new(1, 1024);
    let batch = named("batch");
    let mut running = now(queue.reserve(&batch).enter(QueueLabel::default, |_, _| {})).unwrap().unwrap();
    let of_batch: Vec<_> = (0..50).map(|_| queue.reserve(&batch)).collect();
    let of_batch: Vec<_> = of_batch.iter().map(|place| place.enter(QueueLabel::default, |_, _| {})).collect();
    let mut of_batch: Vec<_> = of_batch.into_iter().map(Box::pin).collect();
    assert!(of_batch.iter_mut().all(|call| now(call).is_none()));
    // Each of them asks its next question as soon as it has its answer.
    let names = ["ann", "bob", "cid"].map(named);
    let turn = |name: usize| {
        let place = queue.reserve(&names[name]);
        Box::pin(async move { place.enter(QueueLabel::default, |_, _| {}).await.unwrap() })
    };
    let mut asking: Vec<_> = (0..3).map(turn).collect();
    assert!(asking.iter_mut().all(|call| now(call).is_none()));
    let mut turns_of_batch = 0;
    for _ in 0..40 {
        drop(running);
        let asked = asking.iter_mut().enumerate().find_map(|(name, call)| Some((name, now(call)?)));
        running = match asked {
            Some((name, slot)) => {
                asking[name] = turn(name);
                assert!(now(&mut asking[name]).is_none());
                slot
            }
            None => {
                turns_of_batch += 1;
                now(of_batch.remove(0)).unwrap().unwrap()
            }
        };
    }
    assert_eq!(turns_of_batch, 10);
}

#[tokio::test]
async fn cancelled_calls_of_batch_cost_it_no_turn() {
    let (queue, order) = (Queue::new(1, 1024), RefCell::new(Vec::new()));
    let (ann, bob) = (named("ann"), named("bob"));
    let running = enter(&queue).await.unwrap();
    let mut of_ann: Vec<_> = (0..100).map(|_| noted(&queue, &ann, "ann", &order)).collect();
    let mut calls = of_ann.split_off(98);
    drop(of_ann);
    calls.extend((0..3).map(|_| noted(&queue, &bob, "bob", &order)));
    run_after(running, calls).await;
    assert_eq!(*order.borrow(), ["ann", "bob", "ann", "bob", "bob"]);
}

#[tokio::test]
async fn higher_priority_is_first_and_lower_one_has_every_tenth_turn() {
    let (queue, order) = (Queue::new(1, 1024), RefCell::new(Vec::new()));
    let running = enter(&queue).await.unwrap();
    let callers = [of_priority("low", -1), of_priority("middle", 0), of_priority("high", 5)];
    let names = ["low", "middle", "high"];
    let calls = (0..3).flat_map(|level| vec![(level, names[level]); if level == 2 { 25 } else { 1 }]);
    let calls = calls.map(|(level, name)| noted(&queue, &callers[level], name, &order)).collect();
    run_after(running, calls).await;
    let order = order.into_inner();
    let place = |name| order.iter().position(|other| *other == name).unwrap();
    // The one that began first has the first of these turns.
    let every = usize::try_from(MAX_OVERTAKES).unwrap() + 1;
    assert_eq!((place("high"), place("low"), place("middle")), (0, every - 1, 2 * every - 1));
}

#[tokio::test]
async fn caller_at_its_own_limit_waits_without_holding_up_others() {
    let queue = Queue::new(4, 1024);
    let key = Caller {
        key: Some(Arc::from("k1")),
        ..with("ann", Limits { concurrency: Some(1), ..Limits::default() })
    };
    let first = now(queue.reserve(&key).enter(QueueLabel::default, |_, _| {})).unwrap().unwrap();
    let positions = RefCell::new(Vec::new());
    let places = [queue.reserve(&key), queue.reserve(&key)];
    let mut waiting: Vec<_> = places
        .iter()
        .map(|place| {
            Box::pin(
                place.enter(QueueLabel::default, |ahead, wait| positions.borrow_mut().push((ahead, wait))),
            )
        })
        .collect();
    assert!(waiting.iter_mut().all(|call| now(call).is_none()));
    assert_eq!(*positions.borrow(), [(1, None), (2, None)]);
    // Another owner, and the same owner without the key, run meanwhile.
    let bob = now(queue.reserve(&named("bob")).enter(QueueLabel::default, |_, _| {})).unwrap().unwrap();
    let ann = now(queue.reserve(&named("ann")).enter(QueueLabel::default, |_, _| {})).unwrap().unwrap();
    drop((bob, ann));
    assert!(waiting.iter_mut().all(|call| now(call).is_none()));
    queue.lock().mean_run = Some(Duration::from_secs(10));
    drop(first);
    let second = now(&mut waiting[0]).unwrap().unwrap();
    let view = queue.view(&key.owner);
    let [own] = view.own.as_slice() else { panic!("{view:?}") };
    assert_eq!((view.running, own.place), (1, 1));
    assert!(own.estimate.is_some_and(|wait| wait > Duration::from_secs(5)), "{own:?}");
    drop(second);
    assert!(now(&mut waiting[1]).is_some());
    assert!(queue.lock().running_of.is_empty());
}

#[tokio::test]
async fn place_and_estimate_count_the_turns_of_the_round() {
    let queue = Queue::new(1, 1024);
    queue.lock().mean_run = Some(Duration::from_secs(10));
    let [batch, ann, bob] = ["batch", "ann", "bob"].map(named);
    let _running = now(queue.reserve(&batch).enter(QueueLabel::default, |_, _| {})).unwrap().unwrap();
    let order = RefCell::new(Vec::new());
    let mut calls: Vec<_> = (0..100).map(|_| noted(&queue, &batch, "batch", &order)).collect();
    calls.extend([&ann, &ann, &bob].map(|owner| noted(&queue, owner, "question", &order)));
    assert!(calls.iter_mut().all(|call| now(call).is_none()));
    let places = |caller: &Caller| -> Vec<_> {
        let seconds = |call: &QueuedCall| call.estimate.unwrap().as_secs();
        queue.view(&caller.owner).own.iter().map(|call| (call.place, seconds(call))).collect()
    };
    assert_eq!((places(&ann), places(&bob)), (vec![(1, 10), (4, 40)], vec![(2, 20)]));
    assert_eq!(places(&batch)[..3], [(3, 30), (5, 50), (6, 60)]);
}

#[tokio::test]
async fn owner_that_fills_the_queue_keeps_nobody_out_and_nobody_learns_of_it() {
    let queue = Queue::new(1, 8);
    let [ann, bob] = ["ann", "bob"].map(named);
    let _running = now(queue.reserve(&ann).enter(QueueLabel::default, |_, _| {})).unwrap().unwrap();
    let wait = |caller: &Caller| {
        let place = queue.reserve(caller);
        let mut call = Box::pin(async move { place.enter(QueueLabel::default, |_, _| {}).await });
        match now(&mut call) {
            None => Ok(call),
            Some(refused) => Err(refused.map(drop).unwrap_err().text()),
        }
    };
    let of_ann: Vec<_> = (0..8).map(|_| wait(&ann).ok().unwrap()).collect();
    let refused = wait(&ann).err().unwrap();
    assert!(refused.starts_with("1 of your completions are running and 8 are waiting"), "{refused}");
    let of_bob: Vec<_> = (0..2).map(|_| wait(&bob).ok().unwrap()).collect();
    let refused = wait(&bob).err().unwrap();
    assert!(refused.starts_with("0 of your completions are running and 2 are waiting"), "{refused}");
    drop((of_ann, of_bob));
}
