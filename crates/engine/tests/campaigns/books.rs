//! Workbooks: what the plan says stands in them, county by county and society by society, and no contact.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use engine::Travel;

use crate::fixture::{House, OPTICIANS, WELDERS, expert};

type Book = Xlsx<Cursor<Vec<u8>>>;

fn open(file: &[u8]) -> Book {
    Xlsx::new(Cursor::new(file.to_vec())).unwrap()
}

/// The rows below the headings, each by its headings.
fn rows(book: &mut Book, sheet: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let range = book.worksheet_range(sheet).unwrap();
    let mut rows = range.rows().skip(1);
    let text = |cell: &Data| cell.to_string();
    let heading: Vec<String> = rows.next().unwrap().iter().map(text).collect();
    rows.map(|row| heading.iter().cloned().zip(row.iter().map(text)).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_handed_out_by_county_and_by_society() {
    let house = House::new().await;
    let campaign = house.make(|request| request.capacity.most = Some(1)).await.head.id;
    let pairs = house.pairs(campaign).await;
    let file = house.engine.campaigns().plan_workbook(campaign, None).await.unwrap();
    assert_eq!(file, house.engine.campaigns().plan_workbook(campaign, None).await.unwrap(), "to the byte");
    let mut book = open(&file);
    let sheets = book.sheet_names();
    assert_eq!((sheets[0].as_str(), sheets[1].as_str()), ("总览", "全部安排"));
    assert_eq!(sheets.last().map(String::as_str), Some("未安排的需求"));
    let all = rows(&mut book, "全部安排");
    assert_eq!(all.len(), pairs.len());
    for (row, pair) in all.iter().zip(&pairs) {
        assert_eq!(row["需求编号"], pair.need.id.to_string());
        assert_eq!(row["姓名（站点）"], pair.candidate.title);
        assert_eq!(row["企业"], pair.need.organisation.clone().unwrap());
        assert_eq!(row["得分"].parse::<f64>().unwrap(), (pair.score * 10.0).round() / 10.0);
        assert_eq!(row["理由"], pair.why.sentence);
    }
    let (mut by_county, mut by_society) = (0, 0);
    for sheet in &sheets[2..sheets.len() - 1] {
        let rows = rows(&mut book, sheet);
        if sheet.ends_with('区') {
            assert!(["滁州市南谯区", "合肥市蜀山区"].contains(&sheet.as_str()), "{sheet}");
            by_county += rows.len();
        } else {
            assert!([WELDERS, OPTICIANS].contains(&sheet.as_str()), "{sheet}");
            by_society += rows.len();
        }
    }
    let memberships: usize = pairs.iter().map(|pair| pair.candidate.societies.len()).sum();
    assert_eq!((by_county, by_society), (pairs.len(), memberships), "who is of two societies stands in both");
    let left = rows(&mut book, "未安排的需求");
    assert_eq!(left.len(), 1);
    assert!(left[0]["原因"].contains("次数已用完"), "{left:?}");
    let overview = book.worksheet_range("总览").unwrap();
    let said: Vec<String> = overview.rows().flatten().map(Data::to_string).collect();
    for fact in ["千名专家进千企", "2026年11月27日", "4 项", "3 项"] {
        assert!(said.iter().any(|cell| cell == fact), "{fact} in {said:?}");
    }
    no_contact(&mut book);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_gets_an_itinerary() {
    let house = House::new().await;
    let campaign = house.make(|request| request.travel = Travel::County).await.head.id;
    let campaigns = house.engine.campaigns();
    let way = campaigns.itinerary(campaign, None, expert(1)).await.unwrap();
    let stops: Vec<u64> = way.stops.iter().map(|stop| stop.need.id.number).collect();
    assert_eq!((stops, way.capacity), (vec![3, 4], 3), "both of the own county");
    let mut book = open(&campaigns.itinerary_workbook(campaign, None, Some(expert(1))).await.unwrap());
    let sheet = book.worksheet_range("行程").unwrap();
    let said: Vec<Vec<String>> = sheet.rows().map(|row| row.iter().map(Data::to_string).collect()).collect();
    assert_eq!(said[0][0], "千名专家进千企 · 方致远（expert-1）");
    assert!(said[1][0].contains("皖江理工大学") && said[1][0].contains("本次共 2 家"), "{:?}", said[1]);
    assert_eq!((said[3][1].as_str(), said[3][2].as_str()), ("合肥市蜀山区", "丙汽车厂"));
    no_contact(&mut book);
    let mut all = open(&campaigns.itinerary_workbook(campaign, None, None).await.unwrap());
    let sheet = all.worksheet_range("行程").unwrap();
    let titles = sheet.rows().filter(|row| row[0].to_string().starts_with("千名专家进千企 · ")).count();
    assert_eq!(titles, campaigns.itineraries(campaign, None, 0, 100).await.unwrap().items.len());
    no_contact(&mut all);
    let nobody = campaigns.itinerary(campaign, None, expert(9)).await;
    assert!(matches!(nobody, Err(engine::EngineError::NotFound(_))), "{nobody:?}");
}

fn no_contact(book: &mut Book) {
    for (name, range) in book.worksheets() {
        for cell in range.rows().flatten() {
            let text = cell.to_string();
            assert!(!text.contains("13800001234") && !text.contains("13900005678"), "{name}: {text}");
        }
    }
}
