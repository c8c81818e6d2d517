//! Memory that is given back is overwritten first, whatever it held.
//!
//! A token passes through many hands: the form that was sent, the reply's bytes and its parsed values, strings on their way from and
//! to JavaScript, vectors that grew and left their old buffer behind. Most of these belong to other crates. So the wiping is done in
//! the one place through which all of them go, and a dropped secret is not found in the instance's memory any more.
#![expect(unsafe_code, reason = "an allocator is unsafe by its trait; each block hands on what its caller promised")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint;

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

/// The standard library's own allocator, wiping.
struct Wiping;

// SAFETY: every block comes from `System`, and goes back to it with the layout that it came with.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller promises what `System` wants.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: until it is given back the block is the caller's, and as long as its layout says.
        unsafe {
            block.write_bytes(0, layout.size());
            // Or the compiler might see that nobody reads the zeros.
            hint::black_box(block);
            System.dealloc(block, layout);
        }
    }

    // No `realloc`: the trait's own takes a new block, copies, and calls `dealloc`. `System`'s would leave the old block as it was.
}
