//! A comparison that ends at the first byte that differs: the leak that both programs must find.

/// Whether two tags are equal, in time that tells how far they are.
#[inline(never)]
#[must_use]
pub fn early_exit(a: &[u8; 32], b: &[u8; 32]) -> bool {
    for index in 0..32 {
        // The fence keeps the compiler from making one comparison of 32 bytes of it.
        std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
        if std::hint::black_box(a[index]) != b[index] {
            return false;
        }
    }
    true
}
