//! The change list as a workbook: one row for each change, with a filter over the headings.

use rust_xlsxwriter::Workbook;
use serde::Serialize;

use super::SheetError;
use super::look::{PAPER, heading, plain};

/// Headings with the widths of their columns.
const COLUMNS: [(&str, f64); 13] = [
    ("批次", 8.0),
    ("业务日期", 12.0),
    ("需求编号", 12.0),
    ("需求名称", 36.0),
    ("登记库", 10.0),
    ("对方编号", 16.0),
    ("对方名称", 30.0),
    ("变化", 10.0),
    ("原名次", 8.0),
    ("现名次", 8.0),
    ("原得分", 9.0),
    ("现得分", 9.0),
    ("原因", 26.0),
];

/// A change, as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeRow {
    /// The run that found it.
    pub run: u64,
    /// The day of that run.
    pub business_date: String,
    /// The need.
    pub need: String,
    /// What the need is called.
    pub need_title: String,
    /// The other side's registry.
    pub registry: String,
    /// The other side.
    pub target: String,
    /// What the other side is called.
    pub target_title: String,
    /// What happened.
    pub change: String,
    /// Rank in the run before; none for one that came.
    pub rank_before: Option<u32>,
    /// Rank now; none for one that went.
    pub rank_now: Option<u32>,
    /// Score in the run before.
    pub score_before: Option<f64>,
    /// Score now.
    pub score_now: Option<f64>,
    /// Why.
    pub reason: String,
}

/// The workbook as the bytes of an .xlsx file.
///
/// # Errors
/// When the sheet would be larger than Excel allows.
pub fn write(rows: &[ChangeRow]) -> Result<Vec<u8>, SheetError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let (plain, heading) = (plain(), heading());
    let score = plain.clone().set_num_format("0.00");
    sheet
        .set_name("变化清单")?
        .set_paper_size(PAPER)
        .set_landscape()
        .set_print_fit_to_pages(1, 0)
        .set_footer("&L&A&R第 &P 页，共 &N 页")
        .set_repeat_rows(0, 0)?;
    for (column, (name, width)) in (0..).zip(COLUMNS) {
        sheet.set_column_width(column, width)?;
        sheet.write_with_format(0, column, name, &heading)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (at, row) in (1..).zip(rows) {
        sheet.write_with_format(at, 0, row.run as f64, &plain)?;
        let texts = [
            (1, &row.business_date),
            (2, &row.need),
            (3, &row.need_title),
            (4, &row.registry),
            (5, &row.target),
            (6, &row.target_title),
            (7, &row.change),
            (12, &row.reason),
        ];
        for (column, text) in texts {
            // Always as text: what begins with a sign of equality is no formula.
            sheet.write_string_with_format(at, column, text, &plain)?;
        }
        for (column, rank) in [(8, row.rank_before), (9, row.rank_now)] {
            if let Some(rank) = rank {
                sheet.write_with_format(at, column, rank, &plain)?;
            }
        }
        for (column, value) in [(10, row.score_before), (11, row.score_now)] {
            if let Some(value) = value {
                sheet.write_with_format(at, column, value, &score)?;
            }
        }
    }
    let last = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    sheet.autofilter(0, 0, last, COLUMNS.len() as u16 - 1)?;
    Ok(workbook.save_to_buffer()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader, Xlsx};

    use super::*;

    #[test]
    fn every_change_stands_in_a_row_of_its_own_and_no_text_is_a_formula() {
        let row = |title: &str, rank_before| ChangeRow {
            run: 12,
            business_date: "2026-11-21".to_owned(),
            need: "need-1".to_owned(),
            need_title: title.to_owned(),
            registry: "专家".to_owned(),
            target: "expert-7".to_owned(),
            target_title: "方致远".to_owned(),
            change: "名次上升".to_owned(),
            rank_before,
            rank_now: Some(1),
            score_before: rank_before.map(|_| 58.5),
            score_now: Some(63.25),
            reason: "对方资料修改".to_owned(),
        };
        let bytes = write(&[row("=1+1", Some(3)), row("激光焊接", None)]).unwrap();
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        let sheet = book.worksheet_range("变化清单").unwrap();
        assert_eq!(sheet.height(), 3);
        assert_eq!(sheet.get_value((0, 12)), Some(&Data::String("原因".to_owned())));
        assert_eq!(sheet.get_value((1, 3)), Some(&Data::String("=1+1".to_owned())));
        assert_eq!(sheet.get_value((1, 8)), Some(&Data::Float(3.0)));
        assert_eq!(sheet.get_value((2, 8)), Some(&Data::Empty));
        assert_eq!(sheet.get_value((2, 11)), Some(&Data::Float(63.25)));
    }
}
