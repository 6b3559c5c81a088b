//! A believable Chinese corpus for speed runs: the same bytes for the same plan.
//!
//! Words are drawn with their natural frequencies; each text mixes the words of one topic or two, out of 160 in eight fields,
//! with general words and stock phrases. People, houses and telephone numbers are made up; regions and industries are real codes.

mod dice;
mod people;
mod prose;
mod records;
#[cfg(test)]
mod tests;
mod topics;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use domain::Kind;

use records::Maker;

/// How many records of each registry, and the seed that decides all else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// 专家
    pub experts: u64,
    /// 技术需求
    pub needs: u64,
    /// 学会服务站
    pub stations: u64,
    /// 科技成果, spread evenly over the experts; with up to twice as many as experts, nobody has more than two.
    pub achievements: u64,
    /// Any number; the same one gives the same bytes.
    pub seed: u64,
}

/// Writes JSON Lines in the import format, one registry after the other, to the writers that `open` gives: one write for
/// each record. The memory does not grow with the plan. Registries without records are not opened.
///
/// # Errors
/// Those of `open` and of the writers.
pub fn generate(plan: &Plan, open: &mut dyn FnMut(Kind) -> io::Result<Box<dyn Write>>) -> io::Result<()> {
    type Make<'a> = fn(&Maker<'a>, u64, &mut Vec<u8>) -> serde_json::Result<()>;
    let maker = Maker::new(plan);
    let registries: [(Kind, u64, Make<'_>); 4] = [
        (Kind::Expert, plan.experts, Maker::expert),
        (Kind::Achievement, plan.achievements, Maker::achievement),
        (Kind::Station, plan.stations, Maker::station),
        (Kind::Need, plan.needs, Maker::need),
    ];
    let mut line = Vec::new();
    for (kind, count, make) in registries.into_iter().filter(|registry| registry.1 > 0) {
        let mut out = open(kind)?;
        for number in 0..count {
            line.clear();
            make(&maker, number, &mut line)?;
            line.push(b'\n');
            out.write_all(&line)?;
        }
        out.flush()?;
    }
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
