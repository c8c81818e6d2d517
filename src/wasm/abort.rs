//! Waiting for an `AbortSignal`, without leaving a listener behind.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::AbortSignal;

/// Ready when the signal aborts. Dropping it takes the listener off.
pub(super) async fn aborted(signal: &AbortSignal) {
    let waker: Rc<RefCell<Option<Waker>>> = Rc::default();
    let listener = Listener::new(signal, Rc::clone(&waker));
    poll_fn(|context| {
        if listener.signal.aborted() {
            return Poll::Ready(());
        }
        *waker.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    })
    .await;
}

struct Listener<'a> {
    signal: &'a AbortSignal,
    callback: Closure<dyn FnMut()>,
}

impl<'a> Listener<'a> {
    fn new(signal: &'a AbortSignal, waker: Rc<RefCell<Option<Waker>>>) -> Self {
        let callback = Closure::<dyn FnMut()>::new(move || {
            if let Some(waker) = waker.borrow_mut().take() {
                waker.wake();
            }
        });
        // Fails only for a target that is no EventTarget, which an AbortSignal is.
        let _ = signal.add_event_listener_with_callback("abort", callback.as_ref().unchecked_ref());
        Self { signal, callback }
    }
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        let _ = self.signal.remove_event_listener_with_callback("abort", self.callback.as_ref().unchecked_ref());
    }
}
