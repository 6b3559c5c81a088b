//! Properties: the committed table of problems is fresh; the address that names a problem leads to its text; every text says something.

use api::{Code, problems_markdown};

use crate::portal::{Portal, is_chinese};

#[test]
fn the_committed_table_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/problems.md");
    if std::env::var_os("UPDATE_PROBLEMS").is_some() {
        std::fs::write(path, problems_markdown()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == problems_markdown(),
        "stale: run with UPDATE_PROBLEMS=1 and commit docs/problems.md"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_problem_leads_to_its_text() {
    let portal = Portal::open().await;
    let refused = portal.get("/api/v1/needs/need-7").await;
    assert_eq!(refused.problem(), "record_not_found");
    let address = refused.json()["type"].as_str().unwrap().to_owned();
    assert_eq!(address, "/problems/record-not-found");
    for code in Code::ALL {
        // No key: whoever looks at a problem may be without one.
        let page = portal.send_as(None, "GET", &code.uri(), &[], b"").await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        let text = page.text();
        let (_, body) = text.split_once("<h1>").unwrap();
        assert!(is_chinese(body) && text.contains(code.title()) && text.contains(code.slug()), "{text}");
        let plain = body.replace("<code>", "").replace("</code>", "");
        let tags = plain.matches('<').count();
        assert_eq!((tags, plain.matches('&').count(), text.contains('`')), (16, 0, false), "{text}");
    }
    let none = portal.send_as(None, "GET", "/problems/nonsense", &[], b"").await;
    assert_eq!((none.status, none.problem().as_str()), (404, "not_found"));
}
