//! Operations as promises, each driven in the asynchronous context of whoever began it.
//!
//! A server tells its requests apart by such contexts (`AsyncLocalStorage`): a cache plugin asks it whose tokens to read, a tracer
//! under which request to file a fetch. One queue for all operations, as wasm-bindgen-futures has it, would run each in the context
//! of whichever came first. So JavaScript drives each one by callbacks that it registered in its own context; see js/drive.js.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use js_sys::Function;
use wasm_bindgen::prelude::*;

/// What an exported method does. In a box, so that the code around it is compiled once.
pub(super) type Operation = Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>;

/// An operation under way. JavaScript polls it when it is woken, until it is done.
#[wasm_bindgen]
pub struct Task {
    number: usize,
    operation: RefCell<Operation>,
}

#[wasm_bindgen]
impl Task {
    /// Has `wake` called whenever there is something to do.
    #[wasm_bindgen(js_name = onWake)]
    pub fn on_wake(&self, wake: Function) {
        WAKES.with_borrow_mut(|wakes| wakes.set(self.number, Some(wake)));
    }

    /// Goes on. Returns whether it is done; then one of the functions was called with the outcome.
    pub fn poll(&self, resolve: &Function, reject: &Function) -> bool {
        let (settle, value) = match self.go_on() {
            Poll::Pending => return false,
            Poll::Ready(Ok(value)) => (resolve, value),
            Poll::Ready(Err(thrown)) => (reject, thrown),
        };
        // The functions that settle a promise do not throw.
        let _ = settle.call1(&JsValue::UNDEFINED, &value);
        true
    }
}

impl Task {
    pub(super) fn new(operation: Operation) -> Self {
        let number = WAKES.with_borrow_mut(Wakes::reserve);
        Self { number, operation: RefCell::new(operation) }
    }

    /// Polls the operation. Never from within such a poll: JavaScript does it from a microtask of its own.
    pub(super) fn go_on(&self) -> Poll<Result<JsValue, JsValue>> {
        let waker = Waker::from(Arc::new(WakeOf(self.number)));
        self.operation.borrow_mut().as_mut().poll(&mut Context::from_waker(&waker))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        WAKES.with_borrow_mut(|wakes| wakes.release(self.number));
    }
}

thread_local! {
    static WAKES: RefCell<Wakes> = RefCell::default();
}

/// The functions that wake tasks, by the tasks' numbers: a waker can hold a number, and must not hold what is JavaScript's.
#[derive(Default)]
struct Wakes {
    wakes: Vec<Option<Function>>,
    free: Vec<usize>,
}

impl Wakes {
    fn reserve(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.wakes.push(None);
            self.wakes.len().saturating_sub(1)
        })
    }

    fn set(&mut self, number: usize, wake: Option<Function>) {
        if let Some(known) = self.wakes.get_mut(number) {
            *known = wake;
        }
    }

    fn release(&mut self, number: usize) {
        self.set(number, None);
        self.free.push(number);
    }
}

/// Wakes the task of that number; another one if it has been taken over, which does no harm.
struct WakeOf(usize);

impl Wake for WakeOf {
    fn wake(self: Arc<Self>) {
        let wake = WAKES.with_borrow(|wakes| wakes.wakes.get(self.0).cloned().flatten());
        if let Some(wake) = wake {
            let _ = wake.call0(&JsValue::UNDEFINED);
        }
    }
}
