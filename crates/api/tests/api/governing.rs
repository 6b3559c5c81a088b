//! Properties: what comes too often is told to wait, and for how long; what is too much at a time is sent away at once, and the rest is
//! answered; health answers whatever else is going on.

use std::time::{Duration, Instant};

use api::RateSettings;
use engine::AdmissionSettings;
use futures_util::future::join_all;

use crate::portal::{Portal, expert, need};

const NEEDS: &str = "/api/v1/needs";

async fn limited(rates: RateSettings) -> Portal {
    Portal::with(|_, service| service.rates = rates).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_to_wait() {
    let rates = RateSettings { per_second: 1, burst: 3, daily: 0, refused_per_minute: 0 };
    let portal = limited(rates).await;
    for left in [2, 1, 0] {
        let reply = portal.get(NEEDS).await;
        assert_eq!((reply.status, reply.header("ratelimit-policy")), (200, Some("\"burst\";q=3;w=3")));
        let told = reply.header("ratelimit").unwrap();
        assert!(told.starts_with(&format!("\"burst\";r={left};t=")), "{told}");
    }
    let refused = portal.get(NEEDS).await;
    assert_eq!((refused.status, refused.problem().as_str()), (429, "too_many_requests"));
    assert_eq!(refused.header("ratelimit"), Some("\"burst\";r=0;t=3"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    let other = portal.key("另一个", None, &[domain::access::Scope::NeedsRead]).await;
    assert_eq!(portal.get_as(&other, NEEDS).await.status, 200, "each key has an allowance of its own");
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(portal.get(NEEDS).await.status, 200, "it was told long enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_days_requests_are_counted() {
    let rates = RateSettings { per_second: 0, burst: 0, daily: 2, refused_per_minute: 0 };
    let portal = limited(rates).await;
    let first = portal.get(NEEDS).await;
    assert!(
        first.header("ratelimit").unwrap().starts_with("\"day\";r=1;t="),
        "{:?}",
        first.header("ratelimit")
    );
    assert_eq!(portal.get(NEEDS).await.status, 200);
    let refused = portal.get(NEEDS).await;
    assert_eq!((refused.status, refused.problem().as_str()), (429, "quota_exhausted"));
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() <= 86_400);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_is_slowed_down_and_who_has_a_key_is_not() {
    let rates = RateSettings { per_second: 0, burst: 0, daily: 0, refused_per_minute: 3 };
    let portal = limited(rates).await;
    let guess = || portal.send_as(Some("hn_1_guess"), "GET", NEEDS, &[], b"");
    for _ in 0..3 {
        assert_eq!(guess().await.status, 401);
    }
    let refused = guess().await;
    assert_eq!((refused.status, refused.problem().as_str()), (429, "too_many_requests"));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(portal.get(NEEDS).await.status, 200);
    assert_eq!(portal.send_as(None, "GET", "/livez", &[], b"").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn overload_is_shed_and_health_goes_on() {
    let patience = Duration::from_secs(20);
    let portal = Portal::with(|engine, service| {
        engine.admission = AdmissionSettings { at_once: 1, waiting: 2, patience };
        service.workers = 2;
    })
    .await;
    portal.register("needs", need("方形铝壳激光焊接气孔控制")).await;
    for number in 0..40 {
        portal.register("experts", expert(&format!("专家{number}"), "激光焊接")).await;
    }
    portal.indexed().await;
    let path = "/api/v1/needs/need-1/matches?target=experts&limit=40";
    let asked = async || {
        let started = Instant::now();
        let reply = portal.get(path).await;
        (reply, started.elapsed())
    };
    let (replies, healthy) = tokio::join!(join_all((0..40).map(|_| asked())), async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let started = Instant::now();
            assert_eq!(portal.send_as(None, "GET", "/livez", &[], b"").await.status, 200);
            slowest = slowest.max(started.elapsed());
        }
        slowest
    });
    let shed = replies.iter().filter(|(reply, _)| reply.status == 503).count();
    let answered = replies.iter().filter(|(reply, _)| reply.status == 200).count();
    assert_eq!(shed + answered, 40);
    assert!(answered >= 3 && shed > 0, "{answered} answered, {shed} shed");
    for (reply, took) in replies.iter().filter(|(reply, _)| reply.status == 503) {
        assert_eq!(reply.problem(), "overloaded");
        assert!(reply.header("retry-after").is_some());
        assert!(*took < patience / 2, "sent away after {took:?}");
    }
    assert!(healthy < patience / 2, "{healthy:?}");
    assert_eq!(portal.get(path).await.status, 200, "afterwards all is as before");
}
