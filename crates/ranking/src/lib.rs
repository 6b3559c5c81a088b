//! Who should meet whom, and why: features, scores and explanations over plain data, and the measures of ranking quality.
//!
//! Pure functions: no files, no SQL, no tantivy, no clock. The interactive match, the nightly re-match and the offline evaluation
//! all go through [`Query::new`], [`TextModel`] and [`score`], so there is one definition of a score.

mod agreement;
mod alike;
mod areas;
mod bm25;
mod clarity;
mod compare;
mod corpus;
mod duplicates;
mod eligibility;
mod explain;
mod explanation;
mod features;
mod grounds;
pub mod kindred;
mod label;
mod learning;
pub mod metrics;
mod query;
mod rarity;
mod reading;
mod score;
mod sentence;
mod weights;

pub use agreement::{median_level, weighted_kappa};
pub use areas::Areas;
pub use bm25::{AreaModel, AreaStatistics, TextModel, idf};
pub use clarity::{Question, questions, says_nothing};
pub use compare::{Comparison, compare};
pub use corpus::Corpus;
pub use duplicates::{Alikeness, Likeness, Sameness, Writing};
pub use eligibility::{Exclusion, exclusions};
pub use explain::{Candidate, Evidence, Explainer, round_part, rounded};
pub use explanation::{AlikeWords, EvidenceItem, Explanation, Highlight, Piece, Rule, TermMatch};
pub use features::{FEATURES, Feature, features, nearness, nearness_at_most, nearness_in};
pub use label::{Common, SharedWords, common};
pub use learning::{Example, Fit, Parameter, learn};
pub use query::{Query, WeightedTerm};
pub use rarity::{Rarity, rarities};
pub use score::{
    PARTS, Part, Score, Texts, part_names, part_values, part_weights, score, text_at_least, total,
    total_at_most,
};
pub use weights::{Dilution, FeatureWeights, KindWeights, Meaning, Pieces, Weights};
