//! Itineraries: whoever is sent gets a printed page, in one sheet for all of them.

use jiff::civil::Date;
use rust_xlsxwriter::{Workbook, Worksheet, XlsxError};

use super::super::SheetError;
use super::super::look::{DARK, PAPER, bordered, heading, plain};
use super::{height, middle, properties};

const SHEET: &str = "行程";
const COLUMNS: [(&str, f64); 7] = [
    ("序号", 6.0),
    ("县（市、区）", 18.0),
    ("企业", 26.0),
    ("技术需求", 36.0),
    ("需求编号", 12.0),
    ("匹配理由", 44.0),
    ("对接日期", 14.0),
];
const LAST: u16 = 6;

/// Itineraries for a workbook.
#[derive(Debug, Clone, PartialEq)]
pub struct ItineraryBook {
    /// What the campaign is called.
    pub name: String,
    /// The day for which it is planned.
    pub date: Date,
    /// Those who are sent.
    pub ways: Vec<Way>,
}

/// Where somebody goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Name, number, and what else staff know them by.
    pub who: String,
    /// Title, organisation, societies.
    pub about: String,
    /// The enterprises, in the order in which to go.
    pub stays: Vec<Stay>,
}

/// An enterprise on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// Its county.
    pub county: String,
    /// Its name.
    pub enterprise: String,
    /// The need's number and name.
    pub need: [String; 2],
    /// Why.
    pub reason: String,
}

/// The workbook as the bytes of an .xlsx file. The day of each visit is left for staff to fill in.
///
/// # Errors
/// When the sheet would be larger than Excel allows.
pub fn write_itineraries(book: &ItineraryBook) -> Result<Vec<u8>, SheetError> {
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(&book.name, book.date)?);
    let sheet = workbook.add_worksheet();
    sheet.set_name(SHEET)?;
    for (column, (_, width)) in (0..).zip(COLUMNS) {
        sheet.set_column_width(column, width)?;
    }
    let (mut row, mut breaks) = (0, Vec::new());
    for way in &book.ways {
        if row > 0 {
            breaks.push(row);
        }
        row = write_way(sheet, book, way, row)?;
    }
    sheet
        .set_paper_size(PAPER)
        .set_landscape()
        .set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3)
        .set_print_fit_to_pages(1, 0)
        .set_screen_gridlines(false)
        .set_footer("&L&A&R第 &P 页，共 &N 页")
        .set_page_breaks(&breaks)?;
    Ok(workbook.save_to_buffer()?)
}

/// One itinerary from a row on; the row after it.
fn write_way(sheet: &mut Worksheet, book: &ItineraryBook, way: &Way, first: u32) -> Result<u32, XlsxError> {
    let title = plain().set_bold().set_font_size(14).set_font_color(DARK);
    sheet.merge_range(first, 0, first, LAST, &format!("{} · {}", book.name, way.who), &title)?;
    sheet.set_row_height(first, 26)?;
    sheet.merge_range(first + 1, 0, first + 1, LAST, &way.about, &plain())?;
    for (column, (name, _)) in (0..).zip(COLUMNS) {
        sheet.write_with_format(first + 2, column, name, &heading())?;
    }
    let mut row = first + 3;
    for (at, stay) in way.stays.iter().enumerate() {
        let number = (at + 1).to_string();
        let cells =
            [number.as_str(), &stay.county, &stay.enterprise, &stay.need[1], &stay.need[0], &stay.reason, ""];
        let mut widths = Vec::new();
        for (column, (said, (_, width))) in (0..).zip(cells.into_iter().zip(COLUMNS)) {
            let format = if column == 0 { middle() } else { bordered() };
            sheet.write_with_format(row, column, said, &format)?;
            widths.push((said, width));
        }
        sheet.set_row_height(row, height(&widths))?;
        row += 1;
    }
    // A line between one and the next, on the screen too.
    Ok(row + 1)
}
