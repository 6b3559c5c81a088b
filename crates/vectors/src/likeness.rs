//! Vectors of texts, small enough to keep one for every text of a registry, and how alike two are.

/// Bytes in a word of a packed vector.
const BYTES: usize = 8;

/// Words whose products of numbers below 2¹³ and 2⁷ add up within 32 bits.
const AT_ONCE: usize = 32;

/// A direction that many packed vectors are compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Direction {
    values: Vec<i16>,
    length: f32,
}

/// A text's direction in eight bits a dimension, as an index keeps it: eight numbers to a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed(Vec<u64>);

impl Direction {
    /// `None` for a vector of zeros. Each block is taken to be as long as the others, so that likeness is the mean of the blocks'.
    pub fn new(vector: &[f32], blocks: usize) -> Option<Self> {
        let values = scaled(vector, blocks, f32::from(i16::MAX / 4))?.map(|value| value as i16);
        Some(Self::from_values(values.collect()))
    }

    /// Its numbers, for a file.
    pub fn values(&self) -> &[i16] {
        &self.values
    }

    /// The direction that had these [`Self::values`].
    pub fn from_values(values: Vec<i16>) -> Self {
        let length = values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt() as f32;
        Self { values, length }
    }

    /// Numbers of a vector of as many dimensions.
    pub fn dimensions(&self) -> usize {
        self.values.len()
    }

    /// Words of a packed vector of as many dimensions.
    pub fn words(&self) -> usize {
        self.values.len() / BYTES
    }

    /// The cosine of the angle to a packed vector: 1 for the same direction, about 0 for texts that have nothing to do with each other.
    pub fn likeness(&self, words: &[u64]) -> f32 {
        let numbers = |word: &u64| word.to_le_bytes().map(u8::cast_signed);
        let numbers: Vec<i8> = words.iter().flat_map(numbers).collect();
        self.likeness_to(&numbers, length(words))
    }

    /// As [`Self::likeness`], to the numbers of a vector whose [`length`] is known.
    pub fn likeness_to(&self, numbers: &[i8], length: f32) -> f32 {
        if length == 0.0 { 0.0 } else { self.product(numbers) as f32 / (self.length * length) }
    }

    fn product(&self, numbers: &[i8]) -> i64 {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            #[expect(
                unsafe_code,
                reason = "the only way to compile for a processor that is known at run time only"
            )]
            // SAFETY: the processor has the instructions for which the function is compiled.
            return unsafe { wide_product(&self.values, numbers) };
        }
        product(&self.values, numbers)
    }

    /// The cosine of the angle to another direction.
    pub fn to(&self, other: &Self) -> f32 {
        let product = |(one, other): (&[i16], &[i16])| {
            one.iter().zip(other).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum::<i32>()
        };
        // Eight products of numbers below 2¹³ fit into 32 bits.
        let chunks = self.values.chunks(BYTES).zip(other.values.chunks(BYTES));
        let sum: i64 = chunks.map(product).map(i64::from).sum();
        sum as f32 / (self.length * other.length)
    }
}

#[inline(always)]
fn product(values: &[i16], numbers: &[i8]) -> i64 {
    let chunks = values.chunks(BYTES * AT_ONCE).zip(numbers.chunks(BYTES * AT_ONCE));
    let sum = |(values, numbers): (&[i16], &[i8])| {
        values.iter().zip(numbers).map(|(&value, &number)| i32::from(value) * i32::from(number)).sum::<i32>()
    };
    chunks.map(sum).map(i64::from).sum()
}

/// [`product`], compiled for registers of 256 bits.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn wide_product(values: &[i16], numbers: &[i8]) -> i64 {
    product(values, numbers)
}

/// How long a packed vector is.
pub fn length(words: &[u64]) -> f32 {
    let square = |byte: u8| i32::from(byte.cast_signed()).pow(2);
    let squares = words.iter().map(|word| word.to_le_bytes().into_iter().map(square).sum::<i32>());
    (squares.sum::<i32>() as f32).sqrt()
}

impl Packed {
    /// As [`Direction::new`]. Dimensions beyond the last full word are lost: use a multiple of eight.
    pub fn new(vector: &[f32], blocks: usize) -> Option<Self> {
        let bytes: Vec<u8> =
            scaled(vector, blocks, f32::from(i8::MAX))?.map(|value| (value as i8).cast_unsigned()).collect();
        let (words, _) = bytes.as_chunks::<BYTES>();
        Some(Self(words.iter().map(|&word| u64::from_le_bytes(word)).collect()))
    }

    /// As they are kept.
    pub fn words(&self) -> &[u64] {
        &self.0
    }
}

/// The vector, its blocks made equally long, stretched so that the largest number is `largest`, rounded.
fn scaled(vector: &[f32], blocks: usize, largest: f32) -> Option<impl Iterator<Item = f32>> {
    let mut even = Vec::with_capacity(vector.len());
    for block in vector.chunks(vector.len().div_ceil(blocks.max(1)).max(1)) {
        let length = block.iter().map(|value| value * value).sum::<f32>().sqrt();
        even.extend(block.iter().map(|value| if length > 0.0 { value / length } else { 0.0 }));
    }
    let most = even.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    (most > 0.0 && most.is_finite())
        .then(|| even.into_iter().map(move |value| (value / most * largest).round()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    proptest! {
        #[test]
        fn a_packed_vector_keeps_the_directions_of_its_blocks(
            a in prop::collection::vec(-1.0_f32..1.0, 64), b in prop::collection::vec(-1.0_f32..1.0, 64), stretch in 1e-3_f32..1e3,
        ) {
            prop_assume!([&a, &b].iter().all(|v| v[..32].iter().chain(&v[32..]).any(|value| value.abs() > 0.1)));
            let direction = Direction::new(&a, 2).expect("not zero");
            let stretched: Vec<f32> = b.iter().map(|value| value * stretch).collect();
            let packed = Packed::new(&stretched, 2).expect("not zero");
            prop_assert_eq!(packed.words().len(), direction.words());
            let mean = (cosine(&a[..32], &b[..32]) + cosine(&a[32..], &b[32..])) / 2.0;
            prop_assert!((direction.likeness(packed.words()) - mean).abs() < 0.02);
            let other = Direction::new(&stretched, 2).expect("not zero");
            prop_assert!((direction.to(&other) - mean).abs() < 0.001);
        }
    }

    #[test]
    fn nothing_has_no_direction() {
        assert!(Direction::new(&[0.0; 8], 1).is_none() && Packed::new(&[0.0; 8], 2).is_none());
        assert!(Packed::new(&[], 1).is_none());
    }
}
