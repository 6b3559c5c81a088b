//! Plans as workbooks: an overview that leads to a sheet for each county and each society, and the needs that are left out; and itineraries,
//! a printed page for each. No contact is ever in them.

mod itineraries;

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, Url, Workbook, Worksheet, XlsxError,
};

use super::SheetError;
use super::look::{DARK, HIGHEST, LINE, PAPER, bordered, heading, lines, plain};

pub use itineraries::{ItineraryBook, Stay, Way, write_itineraries};

/// Characters of a sheet's name.
const LONGEST_NAME: usize = 31;
/// What no sheet may be called by.
const FORBIDDEN: [char; 7] = ['[', ']', ':', '*', '?', '/', '\\'];

const OVERVIEW: &str = "总览";
const ALL: &str = "全部安排";
const LEFT: &str = "未安排的需求";

/// A plan for a workbook.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanBook {
    /// What the campaign is called.
    pub name: String,
    /// The day for which it is planned.
    pub date: Date,
    /// What is to be known of the plan, each with its heading.
    pub facts: Vec<(&'static str, String)>,
    /// Limits that cannot be met.
    pub conflicts: Vec<String>,
    /// The pairs, in order.
    pub rows: Vec<PlanRow>,
    /// The needs that are left out.
    pub left: Vec<LeftRow>,
}

/// A pair of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanRow {
    /// The need's county, with a key by which counties are ordered.
    pub county: (u32, String),
    /// The need's number, its number where it comes from, and its name.
    pub need: [String; 3],
    /// Whose need it is.
    pub enterprise: String,
    /// Number, number at the source, name, title and organisation of whoever goes.
    pub candidate: [String; 5],
    /// Societies of whoever goes.
    pub societies: Vec<String>,
    /// 0 to 100.
    pub score: f64,
    /// Staff locked it.
    pub locked: bool,
    /// Why.
    pub reason: String,
}

/// A need that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftRow {
    /// The need's county.
    pub county: String,
    /// The need's number, its number where it comes from, and its name.
    pub need: [String; 3],
    /// Whose need it is.
    pub enterprise: String,
    /// Why.
    pub reasons: String,
}

/// What stands in a cell.
enum Cell<'a> {
    Text(&'a str),
    Owned(String),
    Score(f64),
}

/// A column: heading, width in digits, what stands in it.
type Column = (&'static str, f64, fn(&PlanRow) -> Cell<'_>);

const COUNTY: Column = ("县（市、区）", 16.0, |row| Cell::Text(&row.county.1));
const SOCIETIES: Column = ("所属学会", 20.0, |row| Cell::Owned(row.societies.join("、")));
const COLUMNS: [Column; 13] = [
    COUNTY,
    ("需求编号", 11.0, |row| Cell::Text(&row.need[0])),
    ("外部编号", 13.0, |row| Cell::Text(&row.need[1])),
    ("技术需求", 30.0, |row| Cell::Text(&row.need[2])),
    ("企业", 22.0, |row| Cell::Text(&row.enterprise)),
    ("派出编号", 11.0, |row| Cell::Text(&row.candidate[0])),
    ("姓名（站点）", 13.0, |row| Cell::Text(&row.candidate[2])),
    ("职称", 11.0, |row| Cell::Text(&row.candidate[3])),
    ("单位", 20.0, |row| Cell::Text(&row.candidate[4])),
    SOCIETIES,
    ("得分", 7.0, |row| Cell::Score(row.score)),
    ("锁定", 6.0, |row| Cell::Text(if row.locked { "是" } else { "" })),
    ("理由", 46.0, |row| Cell::Text(&row.reason)),
];

/// A sheet of the workbook that holds some of the rows.
struct Section<'a> {
    sheet: String,
    title: String,
    /// What its rows have in common.
    of: &'static str,
    rows: Vec<&'a PlanRow>,
    without: Option<&'static str>,
}

/// The workbook as the bytes of an .xlsx file.
///
/// # Errors
/// When a sheet would be larger than Excel allows.
pub fn write_plan(book: &PlanBook) -> Result<Vec<u8>, SheetError> {
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(&book.name, book.date)?);
    let sections = sections(book);
    overview(workbook.add_worksheet(), book, &sections)?;
    for section in &sections {
        table(workbook.add_worksheet(), book, section)?;
    }
    left_out(workbook.add_worksheet(), book)?;
    Ok(workbook.save_to_buffer()?)
}

/// Of the day of the campaign, so that the same plan makes the same file.
fn properties(name: &str, date: Date) -> Result<DocProperties, XlsxError> {
    let year = u16::try_from(date.year()).unwrap_or(1900);
    let created = ExcelDateTime::from_ymd(year, date.month().unsigned_abs(), date.day().unsigned_abs())?;
    Ok(DocProperties::new().set_title(name).set_creation_datetime(&created))
}

/// All pairs; those of each county, by its place in the country; those of each society, by name.
fn sections(book: &PlanBook) -> Vec<Section<'_>> {
    let mut counties: BTreeMap<&(u32, String), Vec<&PlanRow>> = BTreeMap::new();
    let mut societies: BTreeMap<&str, Vec<&PlanRow>> = BTreeMap::new();
    for row in &book.rows {
        counties.entry(&row.county).or_default().push(row);
        if row.societies.is_empty() {
            societies.entry("未登记学会").or_default().push(row);
        }
        for society in &row.societies {
            societies.entry(society).or_default().push(row);
        }
    }
    let mut names = Sheets::default();
    let all = Section {
        sheet: names.name(ALL),
        title: ALL.to_owned(),
        of: "",
        rows: book.rows.iter().collect(),
        without: None,
    };
    let mut sections = vec![all];
    for ((_, county), rows) in counties {
        let without = Some(COUNTY.0);
        let (sheet, title) = (names.name(county), county.clone());
        sections.push(Section { sheet, title, of: COUNTY.0, rows, without });
    }
    for (society, rows) in societies {
        let without = Some(SOCIETIES.0);
        let (sheet, title) = (names.name(society), society.to_owned());
        sections.push(Section { sheet, title, of: "学会", rows, without });
    }
    sections
}

/// Names that are taken.
#[derive(Default)]
struct Sheets(HashSet<String>);

impl Sheets {
    /// A name that Excel takes and no other sheet has.
    fn name(&mut self, wanted: &str) -> String {
        let clean: String = wanted.chars().filter(|c| !FORBIDDEN.contains(c) && !c.is_control()).collect();
        let clean = clean.trim_matches('\'');
        let clean = if clean.is_empty() { "未命名" } else { clean };
        for at in 1_u32.. {
            let mark = if at == 1 { String::new() } else { format!("（{at}）") };
            let room = LONGEST_NAME - mark.chars().count();
            let name: String = clean.chars().take(room).chain(mark.chars()).collect();
            let folded = name.to_lowercase();
            if ![OVERVIEW, LEFT].contains(&name.as_str()) && self.0.insert(folded) {
                return name;
            }
        }
        unreachable!("numbers do not end")
    }
}

fn overview(sheet: &mut Worksheet, book: &PlanBook, sections: &[Section<'_>]) -> Result<(), XlsxError> {
    sheet.set_name(OVERVIEW)?.set_paper_size(PAPER).set_print_fit_to_pages(1, 0).set_screen_gridlines(false);
    for (column, width) in [34.0, 14.0, 14.0, 36.0].into_iter().enumerate() {
        sheet.set_column_width(column as u16, width)?;
    }
    let title = plain().set_bold().set_font_size(16).set_font_color(DARK);
    sheet.merge_range(0, 0, 0, 3, &book.name, &title)?;
    sheet.set_row_height(0, 30)?;
    let mut row = 1;
    for (name, fact) in &book.facts {
        sheet.write_with_format(row, 0, *name, &bordered().set_bold())?;
        sheet.merge_range(row, 1, row, 3, fact, &bordered())?;
        sheet.set_row_height(row, height(&[(fact, 64.0)]))?;
        row += 1;
    }
    if !book.conflicts.is_empty() {
        row += 1;
        sheet.merge_range(
            row,
            0,
            row,
            3,
            "以下限制不能同时满足，方案已按最少的放宽制定：",
            &plain().set_bold(),
        )?;
        for conflict in &book.conflicts {
            row += 1;
            sheet.merge_range(row, 0, row, 3, conflict, &bordered())?;
            sheet.set_row_height(row, height(&[(conflict, 98.0)]))?;
        }
        row += 1;
    }
    row += 1;
    for (column, name) in ["工作表（点击打开）", "需求数", "人次", ""].into_iter().enumerate().take(3)
    {
        sheet.write_with_format(row, column as u16, name, &heading())?;
    }
    for section in sections {
        row += 1;
        let needs: HashSet<&str> = section.rows.iter().map(|row| row.need[0].as_str()).collect();
        link(sheet, row, &section.sheet, &section.title)?;
        sheet.write_with_format(row, 1, needs.len() as u32, &bordered())?;
        sheet.write_with_format(row, 2, section.rows.len() as u32, &bordered())?;
        sheet.write_with_format(row, 3, section.of, &bordered())?;
    }
    row += 1;
    link(sheet, row, LEFT, LEFT)?;
    sheet.write_with_format(row, 1, book.left.len() as u32, &bordered())?;
    sheet.write_with_format(row, 2, "", &bordered())?;
    sheet.write_with_format(row, 3, "", &bordered())?;
    sheet.set_footer("&L&A&R第 &P 页，共 &N 页");
    Ok(())
}

fn link(sheet: &mut Worksheet, row: u32, target: &str, text: &str) -> Result<(), XlsxError> {
    let url = Url::new(format!("internal:'{}'!A1", target.replace('\'', "''"))).set_text(text);
    let format = bordered().set_font_color(DARK).set_underline(rust_xlsxwriter::FormatUnderline::Single);
    sheet.write_url_with_format(row, 0, url, &format)?;
    Ok(())
}

fn table(sheet: &mut Worksheet, book: &PlanBook, section: &Section<'_>) -> Result<(), XlsxError> {
    sheet.set_name(&section.sheet)?;
    let columns: Vec<Column> =
        COLUMNS.into_iter().filter(|(name, ..)| Some(*name) != section.without).collect();
    let names: Vec<(&str, f64)> = columns.iter().map(|(name, width, _)| (*name, *width)).collect();
    head(sheet, &format!("{} · {}", book.name, section.title), &names)?;
    let score = bordered().set_num_format("0.0");
    let (text, strong) = (bordered(), bordered().set_bold());
    for (at, pair) in section.rows.iter().enumerate() {
        let row = at as u32 + FIRST;
        sheet.write_with_format(row, 0, at as u32 + 1, &middle())?;
        let mut widths = Vec::new();
        for (column, (name, width, cell)) in (1..).zip(&columns) {
            let format = if *name == "姓名（站点）" { &strong } else { &text };
            let said = match cell(pair) {
                Cell::Score(points) => {
                    sheet.write_with_format(row, column, (points * 10.0).round() / 10.0, &score)?;
                    continue;
                }
                Cell::Text(said) => said.to_owned(),
                Cell::Owned(said) => said,
            };
            sheet.write_with_format(row, column, said.as_str(), format)?;
            widths.push((said, *width));
        }
        let widths: Vec<(&str, f64)> = widths.iter().map(|(said, width)| (said.as_str(), *width)).collect();
        sheet.set_row_height(row, height(&widths))?;
    }
    finish(sheet, section.rows.len(), columns.len())
}

fn left_out(sheet: &mut Worksheet, book: &PlanBook) -> Result<(), XlsxError> {
    const COLUMNS: [(&str, f64); 6] = [
        ("县（市、区）", 16.0),
        ("需求编号", 11.0),
        ("外部编号", 13.0),
        ("技术需求", 36.0),
        ("企业", 26.0),
        ("原因", 70.0),
    ];
    sheet.set_name(LEFT)?;
    head(sheet, &format!("{} · {LEFT}", book.name), &COLUMNS)?;
    for (at, left) in book.left.iter().enumerate() {
        let row = at as u32 + FIRST;
        sheet.write_with_format(row, 0, at as u32 + 1, &middle())?;
        let [id, external, title] = &left.need;
        let cells = [&left.county, id, external, title, &left.enterprise, &left.reasons];
        let mut widths = Vec::new();
        for (column, (said, (_, width))) in (1..).zip(cells.into_iter().zip(COLUMNS)) {
            sheet.write_with_format(row, column, said.as_str(), &bordered())?;
            widths.push((said.as_str(), width));
        }
        sheet.set_row_height(row, height(&widths))?;
    }
    finish(sheet, book.left.len(), COLUMNS.len())
}

/// The first row of a table: a title and the headings stand above it.
const FIRST: u32 = 2;

fn head(sheet: &mut Worksheet, title: &str, columns: &[(&str, f64)]) -> Result<(), XlsxError> {
    sheet.write_with_format(0, 0, title, &title_format())?;
    sheet.set_row_height(0, 26)?;
    sheet.set_column_width(0, 6)?.write_with_format(1, 0, "序号", &heading())?;
    for (column, (name, width)) in (1..).zip(columns) {
        sheet.set_column_width(column, *width)?.write_with_format(1, column, *name, &heading())?;
    }
    sheet.set_row_height(1, 24)?.set_freeze_panes(FIRST, 0)?;
    Ok(())
}

/// For the number of a row, which must not touch what stands beside it.
fn middle() -> Format {
    bordered().set_align(FormatAlign::Center)
}

fn title_format() -> Format {
    Format::new()
        .set_font_name("微软雅黑")
        .set_font_size(14)
        .set_bold()
        .set_font_color(DARK)
        .set_align(FormatAlign::VerticalCenter)
}

fn finish(sheet: &mut Worksheet, rows: usize, columns: usize) -> Result<(), XlsxError> {
    let last = FIRST + (rows as u32).max(1) - 1;
    sheet.autofilter(FIRST - 1, 0, last, columns as u16)?;
    sheet
        .set_paper_size(PAPER)
        .set_landscape()
        .set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3)
        .set_print_fit_to_pages(1, 0)
        .set_footer("&L&A&R第 &P 页，共 &N 页")
        .set_repeat_rows(FIRST - 1, FIRST - 1)?;
    Ok(())
}

/// Enough for the texts of a row in columns of these widths.
fn height(texts: &[(&str, f64)]) -> f64 {
    let most = texts.iter().map(|(text, width)| lines(text, *width)).max().unwrap_or(1);
    (most as f64 * LINE + 4.0).clamp(LINE + 4.0, HIGHEST)
}
