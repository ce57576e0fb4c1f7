//! The messages of one stream.

use std::sync::Arc;

use futures_util::FutureExt as _;

use crate::transport::http::outbox::{Answer, Found, Keep, Outbox, Reader};

fn take(reader: &Reader) -> Option<Vec<u64>> {
    let found = std::future::poll_fn(|context| reader.poll_take(context)).now_or_never()?;
    match found {
        Found::Events(events) => Some(events.iter().map(|event| event.number).collect()),
        Found::End | Found::Replaced => Some(Vec::new()),
    }
}

fn push(outbox: &Arc<Outbox>, bytes: usize, answer: bool) -> bool {
    let answer = answer.then_some(Answer { error_code: None });
    outbox.push(vec![b'x'; bytes], answer).now_or_never().is_some()
}

#[test]
fn writer_waits_for_a_slow_reader() {
    let outbox = Outbox::new(1, Keep::Unread);
    let reader = outbox.attach(None);
    let mut written = 0;
    while written < 1000 && push(&outbox, 1, false) {
        written += 1;
    }
    assert_eq!(written, 64);
    assert!(push(&outbox, 1, true), "an answer does not wait");
    assert_eq!(take(&reader).unwrap().len(), 65);
    assert_eq!(take(&reader), Some(Vec::new()), "it has ended");
}

#[test]
fn writer_goes_on_when_the_reader_has_gone() {
    let outbox = Outbox::new(1, Keep::ForResumption);
    let reader = outbox.attach(None);
    for _ in 0..64 {
        assert!(push(&outbox, 1, false));
    }
    drop(reader);
    for _ in 0..100 {
        assert!(push(&outbox, 1000, false));
    }
    assert!(push(&outbox, 200_000, true));
    let numbers = take(&outbox.attach(Some(0))).unwrap();
    assert_eq!(numbers, [165], "the answer is retained, whatever its size; the rest is not");
}

#[test]
fn reader_that_comes_back_gets_what_it_has_not() {
    let outbox = Outbox::new(1, Keep::ForResumption);
    let reader = outbox.attach(None);
    for _ in 0..4 {
        push(&outbox, 10, false);
    }
    assert_eq!(take(&reader), Some(vec![1, 2, 3, 4]));
    let again = outbox.attach(Some(2));
    assert_eq!(take(&again), Some(vec![3, 4]));
    assert_eq!(take(&reader), Some(Vec::new()), "it was replaced");
    drop(reader);
    push(&outbox, 10, false);
    assert_eq!(take(&again), Some(vec![5]), "the end of the older one changes nothing");
}

#[test]
fn reader_of_the_answer_alone_gets_no_other() {
    let outbox = Outbox::new(1, Keep::Answer);
    let reader = outbox.attach(None);
    assert!(push(&outbox, 1, false));
    assert_eq!(take(&reader), None);
    push(&outbox, 1, true);
    assert_eq!(take(&reader), Some(vec![1]));
}
