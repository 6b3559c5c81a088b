//! How often may be asked: by key, and by address for those without a good key. What a key has left is told in `RateLimit` headers
//! (draft-ietf-httpapi-ratelimit-headers).

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use domain::access::KeyId;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::{NoOpMiddleware, StateInformationMiddleware};
use governor::state::keyed::HashMapStateStore;
use governor::{NotUntil, Quota, RateLimiter};
use jiff::{Timestamp, ToSpan};

use crate::problem::{Code, Problem};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const DAY: u64 = 86_400;
/// Addresses that are remembered at most; those beyond share one allowance, so that many of them cannot fill the memory.
const MOST_ADDRESSES: usize = 10_000;

/// How often may be asked; 0 for as often as one likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateSettings {
    /// Requests a second with one key, on the long run.
    pub per_second: u32,
    /// Requests with one key that may come at a time.
    pub burst: u32,
    /// Requests a day with one key.
    pub daily: u64,
    /// Refused requests a minute from one address: without a key, or with one that is not good.
    pub refused_per_minute: u32,
}

impl Default for RateSettings {
    fn default() -> Self {
        Self { per_second: 20, burst: 100, daily: 0, refused_per_minute: 60 }
    }
}

type Limiter<K, M> = RateLimiter<K, HashMapStateStore<K>, DefaultClock, M>;

/// What was asked so far.
pub(crate) struct Rates {
    settings: RateSettings,
    keys: Option<Limiter<KeyId, StateInformationMiddleware>>,
    refused: Option<Limiter<Network, NoOpMiddleware>>,
    clock: DefaultClock,
}

/// Whence somebody comes: an address of version 4, or the half of one of version 6 that a customer is given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Network {
    Four(u32),
    Six(u64),
    /// Of all others, or of nowhere.
    Other,
}

/// What a key has left, as it is told with every answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing(Vec<Allowance>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowance {
    name: &'static str,
    quota: u64,
    window: u64,
    left: u64,
    reset: u64,
}

impl Rates {
    pub(crate) fn new(settings: RateSettings) -> Self {
        let per = |quota: fn(NonZeroU32) -> Quota, rate: u32| NonZeroU32::new(rate).map(quota);
        let burst = NonZeroU32::new(settings.burst.max(1)).unwrap_or(NonZeroU32::MIN);
        let keys = per(Quota::per_second, settings.per_second)
            .map(|quota| RateLimiter::hashmap(quota.allow_burst(burst)).with_middleware());
        let refused = per(Quota::per_minute, settings.refused_per_minute).map(RateLimiter::hashmap);
        Self { settings, keys, refused, clock: DefaultClock::default() }
    }

    /// Counts a request with a good key, of which `used` have come today before it; what is left then. Refused with what is left, too.
    pub(crate) fn of_key(&self, key: KeyId, used: u64) -> (Standing, Result<(), Problem>) {
        let mut standing = Standing::default();
        let mut outcome = Ok(());
        if let Some(limiter) = &self.keys {
            let left = match limiter.check_key(&key) {
                Ok(state) => u64::from(state.remaining_burst_capacity()),
                Err(until) => {
                    outcome = Err(self.wait(&until, "请求过于频繁"));
                    0
                }
            };
            let (quota, rate) = (u64::from(self.settings.burst.max(1)), u64::from(self.settings.per_second));
            let reset = (quota - left.min(quota)).div_ceil(rate);
            standing.0.push(Allowance { name: "burst", quota, window: quota.div_ceil(rate), left, reset });
        }
        if self.settings.daily > 0 {
            let (quota, reset) = (self.settings.daily, until_midnight());
            if outcome.is_ok() && used >= quota {
                let detail = format!("本密钥今天的 {quota} 次请求已用完，明天零点（北京时间）起恢复");
                let refusal = Problem::new(Code::QuotaExhausted, detail);
                outcome = Err(Problem { retry_after: Some(reset), ..refusal });
            }
            let left = quota.saturating_sub(used + u64::from(outcome.is_ok()));
            standing.0.push(Allowance { name: "day", quota, window: DAY, left, reset });
        }
        (standing, outcome)
    }

    /// Counts a request that was refused for want of a good key.
    pub(crate) fn of_refused(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        let Some(limiter) = &self.refused else { return Ok(()) };
        let mut network = Network::of(address);
        if limiter.len() >= MOST_ADDRESSES {
            limiter.retain_recent();
            if limiter.len() >= MOST_ADDRESSES {
                network = Network::Other;
            }
        }
        limiter.check_key(&network).map_err(|until| self.wait(&until, "没有有效密钥的请求过多"))
    }

    fn wait(&self, until: &NotUntil<<DefaultClock as Clock>::Instant>, why: &str) -> Problem {
        // Whole seconds, rounded up: a second later than need be is no second refusal.
        let seconds = (until.wait_time_from(self.clock.now()) + Duration::from_millis(999)).as_secs().max(1);
        let refusal = Problem::new(Code::TooManyRequests, format!("{why}，请 {seconds} 秒后再试"));
        Problem { retry_after: Some(seconds), ..refusal }
    }
}

impl Network {
    fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(four)) => Self::Four(four.to_bits()),
            Some(IpAddr::V6(six)) => Self::Six((six.to_bits() >> 64) as u64),
            None => Self::Other,
        }
    }
}

impl Standing {
    /// Tells it in the headers of an answer.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let list = |item: fn(&Allowance) -> String| self.0.iter().map(item).collect::<Vec<_>>().join(", ");
        let policy = list(|one| format!("\"{}\";q={};w={}", one.name, one.quota, one.window));
        let left = list(|one| format!("\"{}\";r={};t={}", one.name, one.left, one.reset));
        for (name, value) in [(POLICY, policy), (LIMIT, left)] {
            if let Some(value) = HeaderValue::from_str(&value).ok().filter(|value| !value.is_empty()) {
                headers.insert(name, value);
            }
        }
    }
}

/// Seconds until the day of China is over.
fn until_midnight() -> u64 {
    let now = Timestamp::now().to_zoned(domain::china());
    let midnight = now.checked_add(1.day()).and_then(|tomorrow| tomorrow.start_of_day());
    midnight
        .map_or(DAY, |midnight| midnight.timestamp().as_second().abs_diff(now.timestamp().as_second()).max(1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn rates(per_second: u32, burst: u32, daily: u64) -> Rates {
        Rates::new(RateSettings { per_second, burst, daily, refused_per_minute: 2 })
    }

    #[test]
    fn each_key_has_an_allowance_of_its_own() {
        let rates = rates(1, 2, 0);
        let told = |key| {
            let (standing, outcome) = rates.of_key(KeyId(key), 0);
            let mut headers = HeaderMap::new();
            standing.tell(&mut headers);
            let text = |name| headers.get(name).unwrap().to_str().unwrap().to_owned();
            (text(POLICY), text(LIMIT), outcome.map_err(|problem| (problem.code, problem.retry_after)))
        };
        let policy = "\"burst\";q=2;w=2".to_owned();
        assert_eq!(told(1), (policy.clone(), "\"burst\";r=1;t=1".to_owned(), Ok(())));
        assert_eq!(told(1), (policy.clone(), "\"burst\";r=0;t=2".to_owned(), Ok(())));
        let refused = Err((Code::TooManyRequests, Some(1)));
        assert_eq!(told(1), (policy.clone(), "\"burst\";r=0;t=2".to_owned(), refused));
        assert_eq!(told(2).2, Ok(()));
    }

    #[test]
    fn a_day_has_so_many_requests() {
        let rates = rates(0, 0, 3);
        let (standing, outcome) = rates.of_key(KeyId(1), 2);
        assert_eq!((standing.0[0].left, outcome.is_ok()), (0, true));
        let refusal = rates.of_key(KeyId(1), 3).1.unwrap_err();
        assert_eq!(refusal.code, Code::QuotaExhausted);
        assert!(refusal.retry_after.is_some_and(|seconds| (1..=DAY).contains(&seconds)));
    }

    #[test]
    fn those_without_a_key_are_counted_by_where_they_come_from() {
        let rates = rates(0, 0, 0);
        let address = |text: &str| text.parse().ok();
        assert!(rates.of_refused(address("192.0.2.1")).is_ok());
        assert!(rates.of_refused(address("::ffff:192.0.2.1")).is_ok(), "the same address");
        assert!(rates.of_refused(address("192.0.2.1")).is_err());
        assert!(rates.of_refused(address("192.0.2.2")).is_ok());
        for host in ["2001:db8::1", "2001:db8::2"] {
            assert!(rates.of_refused(address(host)).is_ok());
        }
        assert!(rates.of_refused(address("2001:db8::3")).is_err(), "one network of version 6");
        assert!(rates.of_key(KeyId(1), 0).0.0.is_empty(), "nothing is told where there are no limits");
    }

    #[test]
    fn however_many_addresses_there_are_the_memory_is_bounded() {
        let rates = rates(0, 0, 0);
        for at in 0..3 * MOST_ADDRESSES as u32 {
            let _ = rates.of_refused(Some(IpAddr::V4(at.into())));
        }
        assert!(rates.refused.as_ref().unwrap().len() <= MOST_ADDRESSES + 1);
    }
}
