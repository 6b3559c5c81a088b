//! How little a term is used: among the asking side's peers, and in technical prose.

use domain::Area;
use text::Background;

use crate::{Areas, Weights};

/// Registries smaller than this say nothing about how common a term is among them.
const FEWEST_PEERS: u64 = 50;

/// How little a term is used, 0 to 1 each; 1 when nothing is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rarity {
    /// By the asking side's peers.
    pub peers: f32,
    /// In technical prose.
    pub prose: f32,
    /// The term's number among those of the peers ([`crate::Query::peers`]).
    pub number: Option<u32>,
}

impl Rarity {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { peers: 1.0, prose: 1.0, number: None };

    /// Of a term that so many of `peers` records of the asking side's own registry hold, and of its rarity in prose.
    pub fn new(held: &Areas<u64>, peers: u64, prose: f32, weights: &Weights) -> Self {
        let all = peers as f32;
        let among_peers = if peers < FEWEST_PEERS {
            1.0
        } else {
            let holders = held[Area::Title].max(held[Area::Body]) as f32;
            (1.0 + all / (1.0 + holders)).ln() / (1.0 + all).ln()
        };
        let (peers, prose) = (among_peers.powf(weights.peers), prose.powf(weights.background));
        Self { peers, prose, number: None }
    }
}

/// How rare each of these terms is; `held` tells by how many of `peers` records of the asking side's own registry.
pub fn rarities(terms: &[&str], held: &[Areas<u64>], peers: u64, weights: &Weights) -> Vec<Rarity> {
    let prose = Background::builtin().rarities(terms.iter().copied());
    held.iter().zip(prose).map(|(held, prose)| Rarity::new(held, peers, prose, weights)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(peers: u64, holders: [u64; 3]) -> Vec<f32> {
        // Where a term stands beside title and body does not matter, and of these two the more.
        let held = holders.map(|title| Areas { title, keywords: 9999, body: 1, evidence: 9999 });
        let weights = Weights { peers: 1.0, ..Weights::default() };
        let told = rarities(&["焊接", "焊接", "≈锂电池"], &held, peers, &weights);
        assert!(told[0].prose == told[1].prose && told[1].prose < 1.0 && told[2].prose == 1.0);
        told.into_iter().map(|rarity| rarity.peers).collect()
    }

    #[test]
    fn the_more_peers_hold_a_term_the_less_it_tells_once_there_are_enough() {
        assert_eq!(among(49, [1, 20, 40]), [1.0; 3]);
        let told = among(50, [1, 20, 50]);
        assert!(told.is_sorted_by(|a, b| a > b) && told[0] < 1.0 && told[2] > 0.0, "{told:?}");
        assert!((told[1] - (1.0 + 50.0_f32 / 21.0).ln() / 51.0_f32.ln()).abs() < 1e-6);
    }
}
