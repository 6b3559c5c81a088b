//! Tensors of a safetensors file as 32-bit numbers, each checked for its shape and for numbers that are none.

use ndarray::{Array1, Array2};
use safetensors::{Dtype, SafeTensors};

use crate::ModelError;

/// The tensors of a file.
pub(crate) struct Tensors<'a> {
    file: SafeTensors<'a>,
    /// What stands before the encoder's own names: a model that was saved with a head on it has `bert.`.
    prefix: &'static str,
}

impl<'a> Tensors<'a> {
    /// `first` is a tensor that every encoder has.
    pub(crate) fn read(bytes: &'a [u8], first: &str) -> Result<Self, ModelError> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| ModelError::Weights(error.to_string()))?;
        let prefixed = file.tensor(&format!("bert.{first}")).is_ok();
        Ok(Self { file, prefix: if prefixed { "bert." } else { "" } })
    }

    pub(crate) fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Array2<f32>, ModelError> {
        let wanted = [rows, columns];
        let (name, numbers) = self.numbers(name, &wanted)?;
        Array2::from_shape_vec((rows, columns), numbers)
            .map_err(|error| ModelError::Weights(format!("{name}: {error}")))
    }

    pub(crate) fn vector(&self, name: &str, length: usize) -> Result<Array1<f32>, ModelError> {
        Ok(Array1::from_vec(self.numbers(name, &[length])?.1))
    }

    fn numbers(&self, name: &str, wanted: &[usize]) -> Result<(String, Vec<f32>), ModelError> {
        let name = format!("{}{name}", self.prefix);
        let Ok(tensor) = self.file.tensor(&name) else { return Err(ModelError::NoTensor(name)) };
        if tensor.shape() != wanted {
            let (found, wanted) = (tensor.shape().to_vec(), wanted.to_vec());
            return Err(ModelError::Shape { tensor: name, found, wanted });
        }
        let numbers: Vec<f32> = match tensor.dtype() {
            Dtype::F32 => {
                tensor.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
            }
            Dtype::F16 => halves(tensor.data()).map(from_half).collect(),
            Dtype::BF16 => halves(tensor.data()).map(|bits| f32::from_bits(u32::from(bits) << 16)).collect(),
            other => return Err(ModelError::Type { tensor: name, found: format!("{other:?}") }),
        };
        if numbers.iter().all(|number| number.is_finite()) {
            Ok((name, numbers))
        } else {
            Err(ModelError::NotFinite(name))
        }
    }
}

fn halves(data: &[u8]) -> impl Iterator<Item = u16> {
    data.as_chunks().0.iter().map(|&bytes| u16::from_le_bytes(bytes))
}

/// A number of IEEE 754's binary16. Its exponent and fraction are moved to where binary32 has them, and the product makes up for the other
/// bias; numbers too small for an exponent come out right by themselves.
fn from_half(bits: u16) -> f32 {
    const BIAS: f32 = f32::from_bits((127 + 127 - 15) << 23);
    let (sign, size) = (u32::from(bits & 0x8000) << 16, bits & 0x7fff);
    if size >= 0x7c00 {
        return f32::NAN;
    }
    let size = f32::from_bits(u32::from(size) << 13) * BIAS;
    f32::from_bits(size.to_bits() | sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_what_the_standard_says() {
        let table: [(u16, f32); 8] = [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65_504.0),
            (0x0400, 6.103_515_6e-5),
            (0x03ff, 6.097_555e-5),
            (0x8001, -5.960_464_5e-8),
        ];
        for (bits, wanted) in table {
            assert_eq!(from_half(bits), wanted, "{bits:04x}");
        }
        assert!(from_half(0x8000).is_sign_negative());
        assert!([0x7c00, 0xfc00, 0x7e00].into_iter().all(|bits| from_half(bits).is_nan()));
    }
}
