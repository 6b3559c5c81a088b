//! How the re-match is done, and when.

use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Duration;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

/// How the re-match is done, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RematchSettings {
    /// When a server begins it each day, `02:30` in China; never when empty.
    pub at: String,
    /// Whether a server takes part in runs that others have begun.
    pub take_part: bool,
    /// Numbers of needs in a batch.
    pub batch: u64,
    /// Seconds for which a batch is held; one that is not heard of for so long is taken over.
    pub hold_seconds: u64,
    /// Threads that rank; 0 for one per processor.
    pub threads: usize,
    /// Days after which the statistics are counted anew.
    pub epoch_days: u32,
}

impl Default for RematchSettings {
    fn default() -> Self {
        Self { at: String::new(), take_part: false, batch: 200, hold_seconds: 30, threads: 0, epoch_days: 30 }
    }
}

impl RematchSettings {
    /// When it begins each day; `None` when nobody wants it to, or when that is no time of day.
    pub fn time(&self) -> Option<Time> {
        let (hour, minute) = self.at.split_once(':')?;
        let digits = |text: &&str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = |text| Some(text).filter(digits)?.parse::<i8>().ok();
        Time::new(number(hour)?, number(minute)?, 0, 0).ok()
    }

    pub(super) const fn hold(&self) -> Duration {
        Duration::from_secs(self.hold_seconds)
    }

    pub(super) fn threads(&self) -> usize {
        match self.threads {
            0 => available_parallelism().map_or(1, NonZero::get),
            threads => threads,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_one_or_none() {
        let time = |at: &str| RematchSettings { at: at.to_owned(), ..RematchSettings::default() }.time();
        assert_eq!(time("02:30"), Time::new(2, 30, 0, 0).ok());
        for at in ["", "2:30", "24:00", "12:60", "+2:30", "02:30:00", "夜里"] {
            assert_eq!(time(at), None, "{at}");
        }
    }
}
