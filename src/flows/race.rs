//! Waiting for the first of two futures; the other is dropped by the caller, and dropping is cancelling.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;

/// Which future was first.
pub(crate) enum First<A, B> {
    One(A),
    Other(B),
}

/// The output of whichever future is ready first; the first argument wins a tie.
pub(crate) async fn race<A, B>(
    mut one: Pin<&mut (impl Future<Output = A> + ?Sized)>,
    other: impl Future<Output = B>,
) -> First<A, B> {
    let mut other = pin!(other);
    std::future::poll_fn(|context| {
        if let Poll::Ready(output) = one.as_mut().poll(context) {
            return Poll::Ready(First::One(output));
        }
        other.as_mut().poll(context).map(First::Other)
    })
    .await
}
