//! Valgrind's client requests (valgrind.h, memcheck.h, x86-64), which do nothing elsewhere; and a heap of one piece, in
//! which secrets can be found to be marked.

use std::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    sync::atomic::{AtomicUsize, Ordering},
};

const RUNNING_ON_VALGRIND: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
const MAKE_MEM_UNDEFINED: usize = 0x4d43_0001;
const MAKE_MEM_DEFINED: usize = 0x4d43_0002;

#[cfg(target_arch = "x86_64")]
fn ask(request: usize, address: usize, length: usize) -> usize {
    let arguments = [request, address, length, 0, 0, 0];
    let mut answer = 0_usize;
    // SAFETY: the four rotations are a whole turn of `rdi`, and `rbx` is exchanged with itself; only valgrind sees a
    // request in that, and then reads `arguments` and writes `rdx`.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") answer,
            options(nostack),
        );
    }
    answer
}

#[cfg(not(target_arch = "x86_64"))]
fn ask(_: usize, _: usize, _: usize) -> usize {
    0
}

/// Whether valgrind is looking.
#[must_use]
pub fn is_looking() -> bool {
    ask(RUNNING_ON_VALGRIND, 0, 0) > 0
}

/// How many errors it has seen so far, each time that one happened.
#[must_use]
pub fn errors() -> usize {
    ask(COUNT_ERRORS, 0, 0)
}

/// From now on a branch or an address that depends on these bytes is an error.
pub fn make_secret<T: ?Sized>(value: &T) {
    ask(MAKE_MEM_UNDEFINED, std::ptr::from_ref(value).cast::<u8>() as usize, size_of_val(value));
}

/// These bytes may be branched on again.
pub fn make_public<T: ?Sized>(value: &T) {
    ask(MAKE_MEM_DEFINED, std::ptr::from_ref(value).cast::<u8>() as usize, size_of_val(value));
}

const HEAP_BYTES: usize = 64 << 20;

/// A heap of one piece that gives nothing back, so that everything ever held is in it.
#[derive(Debug)]
pub struct OnePiece {
    bytes: UnsafeCell<[u8; HEAP_BYTES]>,
    used: AtomicUsize,
}

// SAFETY: each byte is handed out once, by an atomic counter.
unsafe impl Sync for OnePiece {}

// SAFETY: what is handed out lies within the piece, is aligned, and never overlaps.
unsafe impl GlobalAlloc for OnePiece {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let room = layout.size() + layout.align();
        let from = self.used.fetch_add(room, Ordering::SeqCst);
        if from + room > HEAP_BYTES {
            return std::ptr::null_mut();
        }
        // SAFETY: `from + room` is within the piece.
        let start = unsafe { self.bytes.get().cast::<u8>().add(from) };
        let pad = start.align_offset(layout.align());
        // SAFETY: a pad is less than the alignment, for which there is room.
        unsafe { start.add(pad) }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

impl OnePiece {
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: UnsafeCell::new([0; HEAP_BYTES]), used: AtomicUsize::new(0) }
    }

    /// Marks every copy of a secret that was ever on the heap, at whatever place; how many there are.
    pub fn make_secret(&self, secret: &[u8]) -> usize {
        let used = self.used.load(Ordering::SeqCst).min(HEAP_BYTES);
        // SAFETY: nothing else runs: both programs have one thread, and this borrow ends before it allocates again.
        let held = unsafe { std::slice::from_raw_parts(self.bytes.get().cast::<u8>(), used) };
        let mut places = 0;
        for own in held.windows(secret.len()).filter(|own| *own == secret) {
            make_secret(own);
            places += 1;
        }
        places
    }
}

impl Default for OnePiece {
    fn default() -> Self {
        Self::new()
    }
}
