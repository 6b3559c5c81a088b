//! Has the system keep long arrays in large pages.

/// Asks for large pages under an array of which single items are read here and there: with pages of 4 KiB most of these reads wait twice, as the processor
/// looks up first where the page lies. Nothing happens where the system has no large pages or has none to give.
pub fn in_large_pages<T>(items: &[T]) {
    #[cfg(target_os = "linux")]
    {
        let std::ops::Range { start, end } = items.as_ptr_range();
        let start = start.map_addr(|address| address.next_multiple_of(LARGE));
        let bytes = (end.addr() / LARGE * LARGE).saturating_sub(start.addr());
        // What is there already is put together at once, by systems that know how; all others do it in time.
        for advice in [libc::MADV_HUGEPAGE, COLLAPSE].into_iter().filter(|_| bytes > 0) {
            #[expect(unsafe_code, reason = "the system is to be told")]
            // SAFETY: these are pages of a living array, and the advice changes nothing of what they hold.
            unsafe {
                libc::madvise(start.cast_mut().cast(), bytes, advice);
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = items;
}

/// Bytes of a large page: on x86-64, and on 64-bit ARM with pages of 4 KiB.
#[cfg(target_os = "linux")]
const LARGE: usize = 2 << 20;
/// `MADV_COLLAPSE`, which not every C library has a name for.
#[cfg(target_os = "linux")]
const COLLAPSE: libc::c_int = 25;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_holds_what_it_held() {
        let numbers: Vec<u32> = (0..3 << 20).collect();
        in_large_pages(&numbers);
        assert!(numbers.iter().copied().eq(0..3 << 20));
        in_large_pages::<u32>(&[]);
        in_large_pages(&numbers[..7]);
    }
}
