//! Why the files of a model are no model that can be used.

/// What is wrong with a model. Every message is for the operator: it names the file, and the field or tensor in it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// A file that every model has is not there.
    #[error("缺少文件 {0}")]
    Missing(&'static str),
    /// Not JSON.
    #[error("{file} 不是有效的 JSON：第 {line} 行第 {column} 列有误")]
    Json {
        /// The file.
        file: &'static str,
        /// Where it stops to be JSON.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// A field says something that this encoder cannot do, or nothing.
    #[error("{file} 的 {field} {problem}")]
    Field {
        /// The file.
        file: &'static str,
        /// The field.
        field: String,
        /// What is wrong, in Chinese.
        problem: String,
    },
    /// The vocabulary lacks what it must have, or does not fit the model.
    #[error("{file} 的词表有误：{problem}")]
    Vocabulary {
        /// The file.
        file: &'static str,
        /// What is wrong, in Chinese.
        problem: String,
    },
    /// Not a safetensors file, or cut short.
    #[error("model.safetensors 不完整或已损坏（{0}）")]
    Weights(String),
    /// A tensor is not there.
    #[error("model.safetensors 缺少张量 {0}")]
    NoTensor(String),
    /// A tensor has other sizes than config.json says.
    #[error("model.safetensors 的张量 {tensor} 形状为 {found:?}，按 config.json 应为 {wanted:?}")]
    Shape {
        /// Its name.
        tensor: String,
        /// As the file says.
        found: Vec<usize>,
        /// As the configuration wants it.
        wanted: Vec<usize>,
    },
    /// A tensor is of a type that is not read.
    #[error("model.safetensors 的张量 {tensor} 类型为 {found}，只支持 F32、F16 和 BF16")]
    Type {
        /// Its name.
        tensor: String,
        /// As the file says.
        found: String,
    },
    /// A tensor holds infinities or what is no number.
    #[error("model.safetensors 的张量 {0} 含有无效数值")]
    NotFinite(String),
    /// All texts look the same to it, or its vectors are no numbers.
    #[error("模型分不清互不相干的文字（内置样例之间的平均余弦为 {0:.4}），权重可能已损坏")]
    Blind(f32),
}

impl ModelError {
    pub(crate) fn field(file: &'static str, field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Field { file, field: field.into(), problem: problem.into() }
    }
}
