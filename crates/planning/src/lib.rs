//! Campaigns 「千名专家进千企」 as an optimisation problem: who goes to which need, under capacities, quotas and locks.
//!
//! Pure: no files, no clock, no randomness. An [`Instance`] is checked into a [`Campaign`] and solved into a [`Solved`], whose [`Plan`]
//! covers as many needs as possible, then has the highest total score, then the evenest load, then most of the previous pairs; it is
//! optimal, or says how far from optimal it may be. `docs/planning.md` has the model and the proofs.
//!
//! ```
//! use planning::{Campaign, Candidate, Effort, Expert, Instance, Need, Ruling, Solved};
//!
//! let pair = |expert, need, score| Candidate { expert, need, score, ruling: Ruling::Open };
//! let instance = Instance {
//!     experts: vec![Expert { id: 1, capacity: 1 }, Expert { id: 2, capacity: 1 }],
//!     needs: vec![Need { id: 7, least: 1, most: 1 }, Need { id: 8, least: 1, most: 1 }],
//!     pairs: vec![pair(1, 7, 900_000), pair(2, 7, 200_000), pair(1, 8, 500_000)],
//!     ..Instance::default()
//! };
//! let solved = Solved::new(Campaign::new(instance)?, Effort::default())?;
//! // Expert 1 fits need 7 best, but only so are both needs covered.
//! assert_eq!(solved.plan().value.covered, 2);
//! assert!(solved.plan().bound.optimal);
//! # Ok::<(), planning::InstanceError>(())
//! ```

mod assembly;
mod campaign;
mod certificate;
mod covering;
mod crossing;
mod explain;
mod groups;
mod instance;
mod kernel;
mod leftover;
mod outcome;
mod plan;
mod solved;
mod trading;
mod verify;
mod weights;
mod working;

pub use campaign::Campaign;
pub use explain::{Alternative, Difference};
pub use instance::{
    Candidate, Expert, HIGHEST_SCORE, Instance, InstanceError, MOST_VISITS, Members, Need, Quota, Ruling,
    Score,
};
pub use leftover::{LeftOut, Reason};
pub use plan::{Bound, Plan, Relaxation, Value, Visit};
pub use solved::{Change, Effort, Solved};
pub use verify::{Fault, verify};
