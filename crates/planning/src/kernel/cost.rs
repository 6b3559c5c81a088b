//! The integers in which costs and prices are counted: 64 bits where the proven widths allow it, 128 where they do not.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// A signed integer that the kernel can reckon with.
pub(crate) trait Cost:
    Copy
    + Ord
    + Debug
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + SubAssign
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// Nought.
    const ZERO: Self;
    /// The least step.
    const ONE: Self;
    /// Above every key that occurs.
    const MAX: Self;
    /// No price may go beyond this, so that no sum of a few prices and costs overflows.
    const LIMIT: Self;

    /// The number, unless it is too wide.
    fn of(value: i128) -> Option<Self>;
    /// A small number.
    fn small(value: u32) -> Self;
    /// The number in the widest type.
    fn wide(self) -> i128;
}

impl Cost for i64 {
    const ZERO: Self = 0;
    const ONE: Self = 1;
    const MAX: Self = i64::MAX;
    const LIMIT: Self = i64::MAX / 8;

    fn of(value: i128) -> Option<Self> {
        Self::try_from(value).ok()
    }
    fn small(value: u32) -> Self {
        Self::from(value)
    }
    fn wide(self) -> i128 {
        i128::from(self)
    }
}

impl Cost for i128 {
    const ZERO: Self = 0;
    const ONE: Self = 1;
    const MAX: Self = i128::MAX;
    const LIMIT: Self = i128::MAX / 8;

    fn of(value: i128) -> Option<Self> {
        Some(value)
    }
    fn small(value: u32) -> Self {
        Self::from(value)
    }
    fn wide(self) -> i128 {
        self
    }
}
