//! The order of turns, positions and slots.

use futures_util::FutureExt as _;

use super::*;

fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    future.now_or_never()
}

fn named(name: &str) -> Caller {
    Caller::new(Owner::new(name).unwrap())
}

/// Enters in the order of the calls.
async fn enter(queue: &Queue) -> Result<Slot, ServiceError> {
    queue.reserve(&Caller::local()).enter(QueueLabel::default, |_, _| {}).await
}

#[tokio::test]
async fn waiters_are_served_in_order_and_know_positions() {
    let queue = Queue::new(1, 10);
    let first =
        now(queue.reserve(&Caller::local()).enter(QueueLabel::default, |_, _| panic!("nobody is ahead")))
            .unwrap()
            .unwrap();
    let (positions, mut notified) = tokio::sync::mpsc::unbounded_channel();
    let wait = |name: &'static str| {
        let (place, positions) = (queue.reserve(&Caller::local()), positions.clone());
        tokio::spawn(async move {
            place.enter(QueueLabel::default, |ahead, _| positions.send((name, ahead)).unwrap()).await.unwrap()
        })
    };
    let second = wait("second");
    assert_eq!(notified.recv().await, Some(("second", 1)));
    let third = wait("third");
    assert_eq!(notified.recv().await, Some(("third", 2)));
    drop(first);
    let second = second.await.unwrap();
    assert_eq!(notified.recv().await, Some(("third", 1)));
    assert!(!third.is_finished());
    drop(second);
    third.await.unwrap();
}

#[tokio::test]
async fn dropping_waiter_releases_position() {
    let queue = Queue::new(1, 10);
    let first = enter(&queue).await.unwrap();
    let mut second = Box::pin(enter(&queue));
    let mut third = Box::pin(enter(&queue));
    assert!(now(&mut second).is_none() && now(&mut third).is_none());
    drop(second);
    drop(first);
    assert!(now(third).is_some());
}

#[tokio::test]
async fn slot_reserved_for_dropped_waiter_goes_to_next() {
    let queue = Queue::new(1, 10);
    let first = enter(&queue).await.unwrap();
    let mut second = Box::pin(enter(&queue));
    let mut third = Box::pin(enter(&queue));
    assert!(now(&mut second).is_none() && now(&mut third).is_none());
    drop(first); // the slot is second's now, which does not look
    drop(second);
    assert!(now(third).is_some());
    assert_eq!(queue.lock().running, 0);
}

#[tokio::test]
async fn too_many_waiters_are_refused() {
    let queue = Queue::new(1, 1);
    let _first = enter(&queue).await.unwrap();
    let mut second = Box::pin(enter(&queue));
    assert!(now(&mut second).is_none());
    let refused = enter(&queue).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Overloaded);
    assert!(refused.text().starts_with("1 of your completions are running and 1 are waiting"));
}

#[tokio::test]
async fn last_slot_is_reserved_for_earliest_call() {
    let queue = Queue::new(2, 0);
    let (first, second, third) =
        (queue.reserve(&Caller::local()), queue.reserve(&Caller::local()), queue.reserve(&Caller::local()));
    let mut third_entering = Box::pin(third.enter(QueueLabel::default, |_, _| panic!("nobody runs")));
    assert!(now(&mut third_entering).is_none());
    let first_slot = now(first.enter(QueueLabel::default, |_, _| {})).unwrap().unwrap();
    let _second_slot = now(second.enter(QueueLabel::default, |_, _| {})).unwrap().unwrap();
    drop(third_entering);
    drop(first_slot);
    assert!(now(third.enter(QueueLabel::default, |_, _| {})).unwrap().is_ok());
}

#[tokio::test]
async fn ended_or_delayed_call_blocks_nobody() {
    let queue = Queue::new(1, 10);
    let (gone, delayed, third) =
        (queue.reserve(&Caller::local()), queue.reserve(&Caller::local()), queue.reserve(&Caller::local()));
    let mut entering = Box::pin(third.enter(QueueLabel::default, |_, _| {}));
    assert!(now(&mut entering).is_none());
    drop(gone);
    assert!(now(&mut entering).is_none());
    delayed.delay();
    let slot = now(&mut entering).unwrap().unwrap();
    // It is still before those that began after it.
    let fourth = queue.reserve(&Caller::local());
    let mut fourth = Box::pin(fourth.enter(QueueLabel::default, |_, _| {}));
    let mut second = Box::pin(delayed.enter(QueueLabel::default, |_, _| {}));
    assert!(now(&mut fourth).is_none() && now(&mut second).is_none());
    drop(slot);
    assert!(now(&mut fourth).is_none());
    drop(now(second).unwrap().unwrap());
    assert!(now(fourth).is_some());
}

#[tokio::test]
async fn uncontended_slots_are_granted_immediately() {
    let queue = Queue::new(4, 10);
    let _choosing = [queue.reserve(&Caller::local()), queue.reserve(&Caller::local())];
    let _third = now(enter(&queue)).unwrap().unwrap();
    let _fourth = now(enter(&queue)).unwrap().unwrap();
    assert!(now(enter(&queue)).is_none(), "the last two are kept");
}

#[tokio::test]
async fn turns_go_round_the_owners() {
    let queue = Queue::new(1, 10);
    let [ann, bob] = ["ann", "bob"].map(named);
    let running = now(queue.reserve(&ann).enter(QueueLabel::default, |_, _| {})).unwrap().unwrap();
    let order = std::cell::RefCell::new(Vec::new());
    let places = [("ann 1", &ann), ("ann 2", &ann), ("ann 3", &ann), ("bob 1", &bob), ("bob 2", &bob)];
    let calls = places.map(|(name, owner)| {
        let (place, order) = (queue.reserve(owner), &order);
        async move {
            let _slot = place.enter(QueueLabel::default, |_, _| {}).await.unwrap();
            order.borrow_mut().push(name);
        }
    });
    let mut all = Box::pin(futures_util::future::join_all(calls));
    assert!(now(&mut all).is_none());
    drop(running);
    all.await;
    assert_eq!(order.into_inner(), ["bob 1", "ann 1", "bob 2", "ann 2", "ann 3"]);
}

#[tokio::test]
async fn dropped_places_cost_no_turn() {
    let queue = Queue::new(1, 10);
    let (ann, bob) = (named("ann"), named("bob"));
    let running = enter(&queue).await.unwrap();
    drop((0..200).map(|_| queue.reserve(&ann)).collect::<Vec<_>>());
    let of_bob = [queue.reserve(&bob), queue.reserve(&bob)];
    let of_ann = queue.reserve(&ann);
    let [first, second] = &of_bob;
    let (mut first, mut second) = (
        Box::pin(first.enter(QueueLabel::default, |_, _| {})),
        Box::pin(second.enter(QueueLabel::default, |_, _| {})),
    );
    let mut ann_waits = Box::pin(of_ann.enter(QueueLabel::default, |_, _| {}));
    assert!(now(&mut first).is_none() && now(&mut second).is_none() && now(&mut ann_waits).is_none());
    drop(running);
    drop(now(&mut first).unwrap().unwrap());
    assert!(now(&mut second).is_none(), "it is ann's turn");
    assert!(now(&mut ann_waits).is_some());
}

fn labelled(id: &str) -> impl FnOnce() -> QueueLabel {
    let label = QueueLabel { id: id.to_owned(), model: "m".to_owned() };
    move || label
}

#[tokio::test]
async fn owner_sees_own_places_and_counts_of_all() {
    let queue = Queue::new(1, 10);
    let [ann, bob] = ["ann", "bob"].map(named);
    let running = enter(&queue).await.unwrap();
    let (of_ann, of_bob) = (queue.reserve(&ann), queue.reserve(&bob));
    let mut ann_waits = Box::pin(of_ann.enter(labelled("a"), |_, _| {}));
    let mut bob_waits = Box::pin(of_bob.enter(labelled("b"), |_, _| {}));
    assert!(now(&mut ann_waits).is_none() && now(&mut bob_waits).is_none());
    let view = queue.view(&bob.owner);
    assert_eq!((view.running, view.waiting, view.max_concurrent), (1, 2, 1));
    let [own] = view.own.as_slice() else { panic!("{view:?}") };
    assert_eq!((own.id.as_str(), own.model.as_str(), own.place, own.estimate), ("b", "m", 2, None));
    assert_eq!(queue.view(&Owner::local()).own, []);
    drop((running, ann_waits, bob_waits));
    assert_eq!(queue.view(&bob.owner), QueueView { running: 0, waiting: 0, max_concurrent: 1, own: vec![] });
}

#[tokio::test]
async fn wait_is_estimated_from_recent_runs() {
    let queue = Queue::new(2, 10);
    queue.lock().record_run(Duration::from_secs(8));
    queue.lock().record_run(Duration::from_secs(16));
    let _running = (enter(&queue).await.unwrap(), enter(&queue).await.unwrap());
    let places = [queue.reserve(&Caller::local()), queue.reserve(&Caller::local())];
    let estimates = std::cell::RefCell::new(Vec::new());
    let mut waiting: Vec<_> = places
        .iter()
        .map(|place| {
            Box::pin(place.enter(labelled("x"), |ahead, wait| estimates.borrow_mut().push((ahead, wait))))
        })
        .collect();
    assert!(waiting.iter_mut().all(|waiter| now(waiter).is_none()));
    // The mean is 10 s, and two run concurrently.
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(*estimates.borrow(), [(2, seconds(5)), (3, seconds(10))]);
    let view = queue.view(&Owner::local());
    assert_eq!(view.own.iter().map(|call| call.estimate).collect::<Vec<_>>(), [seconds(5), seconds(10)]);
}

mod fairness;
