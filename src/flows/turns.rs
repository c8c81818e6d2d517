//! Turns: what must not happen twice at once happens one after the other, in the order of asking.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Those who wait, by what they wait for. The first of each line has its turn.
#[derive(Default)]
pub(crate) struct Turns(RefCell<HashMap<String, Vec<Rc<Waiting>>>>);

#[derive(Default)]
struct Waiting(RefCell<Option<Waker>>);

/// A turn, or the wait for one. Dropping it lets the next one have its turn.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    name: String,
    waiting: Rc<Waiting>,
}

impl Turns {
    /// Queues for a turn: whether somebody is before, and the place in the line, to be awaited.
    pub(crate) fn queue(&self, name: &str) -> (bool, Turn<'_>) {
        let waiting = Rc::new(Waiting::default());
        let mut lines = self.0.borrow_mut();
        let line = lines.entry(name.to_owned()).or_default();
        let must_wait = !line.is_empty();
        line.push(Rc::clone(&waiting));
        (must_wait, Turn { turns: self, name: name.to_owned(), waiting })
    }
}

impl Turn<'_> {
    /// Waits for those before.
    pub(crate) async fn comes(&self) {
        WaitFor(self).await;
    }
}

struct WaitFor<'a, 'b>(&'a Turn<'b>);

impl Future for WaitFor<'_, '_> {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let lines = self.0.turns.0.borrow();
        let first = lines.get(&self.0.name).and_then(|line| line.first());
        if first.is_none_or(|first| Rc::ptr_eq(first, &self.0.waiting)) {
            return Poll::Ready(());
        }
        *self.0.waiting.0.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut lines = self.turns.0.borrow_mut();
        let Some(line) = lines.get_mut(&self.name) else {
            return;
        };
        line.retain(|waiting| !Rc::ptr_eq(waiting, &self.waiting));
        let next = line.first().and_then(|next| next.0.borrow_mut().take());
        if line.is_empty() {
            lines.remove(&self.name);
        }
        drop(lines);
        if let Some(waker) = next {
            waker.wake();
        }
    }
}
