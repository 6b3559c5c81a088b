//! When a message is tried again.

use std::time::Duration;

/// What a receiver may ask us to wait, at most.
const LONGEST_ASKED: Duration = Duration::from_secs(86_400);
/// The part of a wait by which it is stretched at random, so that what failed together does not come again together.
const JITTER: f64 = 0.2;

/// How long to wait after so many failed attempts: as the schedule says, stretched by `chance` (0 to 1) of a fifth, and not less than the
/// receiver has asked for. `None` when there are no further attempts.
pub fn later(schedule: &[u64], failed: u64, chance: f64, asked: Option<Duration>) -> Option<Duration> {
    let at = usize::try_from(failed).ok()?.checked_sub(1)?;
    let planned = Duration::from_secs(*schedule.get(at)?);
    let stretched = planned.mul_f64(1.0 + JITTER * chance.clamp(0.0, 1.0));
    Some(asked.unwrap_or_default().min(LONGEST_ASKED).max(stretched))
}

/// What a `Retry-After` header asks for: seconds, or a date (RFC 9110, section 10.2.3). Nothing when it cannot be read.
pub fn retry_after(value: &str) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    Some(until.duration_since(std::time::SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const SCHEDULE: [u64; 3] = [5, 300, 1_800];

    #[test]
    fn each_failure_waits_longer_and_the_last_is_the_end() {
        let waits = [0, 1, 2, 3, 4].map(|failed| later(&SCHEDULE, failed, 0.0, None).map(|d| d.as_secs()));
        assert_eq!(waits, [None, Some(5), Some(300), Some(1_800), None]);
        assert_eq!(later(&[], 1, 0.0, None), None);
    }

    #[test]
    fn chance_stretches_by_a_fifth_at_most() {
        assert_eq!(later(&SCHEDULE, 2, 1.0, None), Some(Duration::from_secs(360)));
        assert_eq!(later(&SCHEDULE, 2, 9.0, None), Some(Duration::from_secs(360)));
        assert_eq!(later(&SCHEDULE, 2, f64::NAN.max(0.0), None), Some(Duration::from_secs(300)));
    }

    #[test]
    fn a_receiver_may_ask_for_more_but_not_for_ever() {
        let asked = |seconds| later(&SCHEDULE, 1, 0.0, Some(Duration::from_secs(seconds))).unwrap().as_secs();
        assert_eq!([asked(1), asked(60), asked(86_400), asked(u64::MAX)], [5, 60, 86_400, 86_400]);
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(retry_after(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO), "it is over");
        let soon = std::time::SystemTime::now() + Duration::from_secs(90);
        let read = retry_after(&httpdate::fmt_http_date(soon)).unwrap();
        assert!((88..=90).contains(&read.as_secs()), "{read:?}");
        for wrong in ["", "-1", "soon", "1.5"] {
            assert_eq!(retry_after(wrong), None, "{wrong}");
        }
    }
}
