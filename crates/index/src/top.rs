//! The first few of many, in a total order.

use std::collections::BinaryHeap;

/// Keeps the `limit` smallest items.
pub(crate) struct Top<T> {
    limit: usize,
    heap: BinaryHeap<T>,
}

impl<T: Ord> Top<T> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, heap: BinaryHeap::new() }
    }

    /// Whether the item would be kept now.
    pub(crate) fn admits(&self, item: &T) -> bool {
        self.heap.len() < self.limit || self.heap.peek().is_some_and(|last| item < last)
    }

    pub(crate) fn offer(&mut self, item: T) {
        if self.heap.len() < self.limit {
            self.heap.push(item);
        } else if let Some(mut last) = self.heap.peek_mut()
            && item < *last
        {
            *last = item;
        }
    }

    /// The items in ascending order.
    pub(crate) fn into_sorted(self) -> Vec<T> {
        self.heap.into_sorted_vec()
    }
}
