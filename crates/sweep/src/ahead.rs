//! Has memory fetched before it is read.

/// Asks for the cache line in which an item lies; the processor goes on meanwhile. Nothing happens when there is no such item.
#[inline]
pub fn fetch<T>(items: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(item) = items.get(at) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        #[expect(unsafe_code, reason = "no other way to say it to the processor")]
        // SAFETY: the address is that of an item; nothing is read by it.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(item).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, at);
}

/// Bytes of a cache line.
pub const LINE: usize = 64;
